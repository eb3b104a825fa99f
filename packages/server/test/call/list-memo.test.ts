import { describe, expect, test } from "vitest";
import type { Access, Arrival, IntendedCall } from "../../src/call/call.ts";
import { ListMemo } from "../../src/call/list-memo.ts";
import type { Ports } from "../../src/call/ports.ts";
import type { Era, Server } from "../../src/call/records.ts";
import { accessOf, atAnotherServer, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf({ tools: { a: {} } });

interface Asked {
  readonly id?: number | string;
  readonly method?: string;
  readonly era?: Era;
  readonly access?: Access;
  readonly kind?: "list" | "free";
}

function callOf({ id = 1, method = "tools/list", era = "modern", access = ACCESS, kind = "list" }: Asked) {
  const message = { kind: "request", id, method, params: undefined };
  const arrival = { access } as Arrival;
  return {
    call: { arrival, era, method, message, subject: { kind, of: "tools" } },
  } as unknown as IntendedCall;
}

const answerTo = (id: number | string, names: string, opening = '{"jsonrpc":"2.0","id":') =>
  Buffer.from(`${opening}${JSON.stringify(id)},"result":{"tools":[${names}]}}`);
const portsOf = (server: Server): Pick<Ports, "snapshot"> =>
  ({ snapshot: { server: () => server } }) as unknown as Ports;
const PORTS = portsOf(ACCESS.server);

/** A memo that knows the list of `a` and `b`, of which `a` was told to the request 1. */
function memo(asked: Asked = {}, body = answerTo(asked.id ?? 1, "a,b")): ListMemo {
  const lists = new ListMemo();
  lists.keep(callOf(asked), body, answerTo(asked.id ?? 1, "a").toString(), PORTS);
  return lists;
}

describe("a list that has not changed", () => {
  test.each<[string, number | string]>([
    ["the same id", 1],
    ["another id", 20_000],
    ["a text", 'a"b'],
  ])("is told again: %s", (_, id) => {
    const told = memo().recall(callOf({ id }), answerTo(id, "a,b"), PORTS);
    expect(told).toBe(answerTo(id, "a").toString());
  });
});

describe("a list has to be read anew", () => {
  const OTHER_POLICY = accessOf({ tools: { b: {} } });
  test.each<[string, Asked, Buffer, Pick<Ports, "snapshot">]>([
    ["when a byte changed", {}, answerTo(1, "a,c"), PORTS],
    ["when it became longer", {}, answerTo(1, "a,b,c"), PORTS],
    ["when it became shorter", {}, answerTo(1, "a"), PORTS],
    ["when the answer is to another request", { id: 2 }, answerTo(1, "a,b"), PORTS],
    ["when the id is written differently", {}, answerTo(1, "a,b", '{"jsonrpc":"2.0", "id":'), PORTS],
    ["for another grant", { access: ofAnotherGrant(ACCESS) }, answerTo(1, "a,b"), PORTS],
    ["for another server", { access: atAnotherServer(ACCESS) }, answerTo(1, "a,b"), PORTS],
    ["under another policy", { access: OTHER_POLICY }, answerTo(1, "a,b"), portsOf(ACCESS.server)],
    ["in another mode", { access: { ...ACCESS, mode: "shadow" } }, answerTo(1, "a,b"), PORTS],
    ["in the other era", { era: "legacy" }, answerTo(1, "a,b"), PORTS],
    ["for another method", { method: "prompts/list" }, answerTo(1, "a,b"), PORTS],
    ["when a pin changed", {}, answerTo(1, "a,b"), portsOf({ ...ACCESS.server })],
    ["when it is no list", { kind: "free" }, answerTo(1, "a,b"), PORTS],
  ])("%s", (_, asked, body, ports) => {
    expect(memo().recall(callOf(asked), body, ports)).toBeUndefined();
  });

  test("when its id has letters whose bytes are not its characters", () => {
    expect(memo({ id: "é" }).recall(callOf({ id: "é" }), answerTo("é", "a,b"), PORTS)).toBeUndefined();
  });

  test("when the server writes its answers in another order", () => {
    const other = answerTo(1, "a,b", '{"result":{},"id":');
    expect(memo({}, other).recall(callOf({}), other, PORTS)).toBeUndefined();
  });
});

test("the lists that are kept are bounded by their bytes, the oldest go first", () => {
  const lists = new ListMemo();
  const big = answerTo(1, "x".repeat(1_000_000));
  for (const method of ["tools/list", "prompts/list", "resources/list"]) {
    lists.keep(callOf({ method }), big, big.toString(), PORTS);
  }
  const known = (method: string) => lists.recall(callOf({ method }), big, PORTS) !== undefined;
  expect(["tools/list", "prompts/list", "resources/list"].map(known)).toEqual([false, true, true]);
  const huge = answerTo(1, "x".repeat(3_000_000));
  lists.keep(callOf({ method: "prompts/list" }), huge, huge.toString(), PORTS);
  expect(lists.recall(callOf({ method: "prompts/list" }), huge, PORTS)).toBeUndefined();
});
