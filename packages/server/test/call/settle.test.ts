import { expect, test } from "vitest";
import { type Ending, type Refund, refundOf } from "../../src/call/settle.ts";

const failure = (sent: boolean): Ending => ({ kind: "failure", failure: { kind: "cut", sent } });
const http = (status: number): Ending => ({ kind: "http", status });
const rpc = (code: number): Ending => ({ kind: "rpc-error", code });
const of = <T>(values: readonly T[], make: (value: T) => Ending, refund: Refund) =>
  values.map((value) => [make(value), refund] as const);

test.each<readonly [Ending, Refund]>([
  ...of([false], failure, "all"),
  ...of([true], failure, "none"),
  ...of([400, 401, 403, 404, 405, 406, 413, 415, 429], http, "all"),
  ...of([200, 402, 407, 408, 409, 410, 412, 414, 418, 428, 500, 502, 503, 504], http, "none"),
  ...of([-32700, -32600, -32601, -32602, -32020, -32021, -32022], rpc, "all"),
  ...of([-32603, -32000, -32001, -32002, -32042, -1, 0, 1], rpc, "none"),
  [{ kind: "tool-error" }, "on-error"],
  [{ kind: "other" }, "none"],
])("policy-spec L6: %o gives back %s", (ending, refund) => {
  expect(refundOf(ending)).toBe(refund);
});
