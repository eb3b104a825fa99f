import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { JsonLinesAudit } from "../../src/audit/json-lines-audit.ts";
import { intentOf, outcomeOf } from "./fixtures.ts";

function lines(output: PassThrough): unknown[] {
  const text: unknown = output.read();
  return String(text)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("audit rows as JSON lines", () => {
  it("writes a row per request and a line per outcome, in the shape of the export", async () => {
    const output = new PassThrough();
    const audit = new JsonLinesAudit(output);
    expect(await audit.intend(intentOf())).toBe(1);
    audit.record(outcomeOf(1, { latencyMs: 1.23456 }));
    expect(await audit.intend(intentOf({ fate: "refused", tool: undefined, policyName: undefined }))).toBe(2);
    expect(lines(output)).toMatchObject([
      { seq: 1, grant: "ci-runner", tool: "create_refund", policy: "support", status: null },
      { of: 1, status: "ok", latencyMs: 1.235 },
      { seq: 2, tool: null, policy: null, status: "refused" },
    ]);
  });

  it("one row is one line, whatever a stranger put into it and wherever a reader cuts (threat 73)", async () => {
    const output = new PassThrough();
    const audit = new JsonLinesAudit(output);
    const argumentKeys = ["x\r\ny", "\u0085\u2028\u2029", "\u009b2J\u007f\u202e", "\u{e0041}"];
    await audit.intend(intentOf({ message: "a\nb\u0000\u2028", argumentKeys }));
    const text: unknown = output.read();
    expect(String(text)).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(String(text))).toMatchObject({ message: "a\nb\u0000\u2028", argumentKeys });
  });

  it("answers undefined once the stream is broken: no audit, no call", async () => {
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const audit = new JsonLinesAudit(output);
    expect(await audit.intend(intentOf())).toBe(undefined);
    expect(await audit.intend(intentOf())).toBe(undefined);
  });
});
