import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BackOff } from "../../../src/upstream/channel/back-off.ts";
import { readWireMessage, toLine, withResponseId } from "../../../src/upstream/channel/wire-message.ts";
import { scrubEnvironment } from "../../../src/upstream/stdio/environment.ts";
import { LineReader } from "../../../src/upstream/stdio/line-reader.ts";
import { RecentLines } from "../../../src/upstream/stdio/recent-lines.ts";

function read(chunks: readonly Buffer[], maxLineBytes: number): string[] {
  const told: string[] = [];
  const reader = new LineReader(maxLineBytes, {
    onLine: (line) => told.push(line.toString("latin1")),
    onOversizedLine: () => told.push("(oversized)"),
    onEndlessLine: () => told.push("(endless)"),
  });
  for (const chunk of chunks) reader.push(chunk);
  return told;
}

describe("LineReader", () => {
  it.each([
    ["a line in one chunk", ["ab\n"], ["ab"]],
    ["a line in pieces", ["a", "", "b", "\n"], ["ab"]],
    ["several lines and a rest", ["a\nb\nc"], ["a", "b"]],
    ["a carriage return at the end", ["a\r", "\nb\r\n"], ["a", "b"]],
    ["a carriage return elsewhere", ["a\rb\n"], ["a\rb"]],
    ["empty lines", ["\n\r\n\n"], []],
    ["a line of exactly the cap", ["12345678\n"], ["12345678"]],
    ["the same in pieces", ["1234", "5678", "\n"], ["12345678"]],
    ["one byte more", ["123456789\nab\n"], ["(oversized)", "ab"]],
    ["the same in pieces", ["1234", "56789", "0\nab\n"], ["(oversized)", "ab"]],
    [
      "an endless line",
      ["x".repeat(9), "x".repeat(55), "x", "x", "\nab\n"],
      ["(oversized)", "(endless)", "ab"],
    ],
  ])("%s", (_, chunks, lines) => {
    expect(
      read(
        chunks.map((chunk) => Buffer.from(chunk)),
        8,
      ),
    ).toEqual(lines);
  });

  it("does not depend on how the bytes are cut", () => {
    const text = fc.array(fc.constantFrom("a", "bc", "\n", "\r\n", "{}", "x".repeat(30)), { maxLength: 60 });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 });
    const property = fc.property(text, cuts, (parts, sizes) => {
      const whole = Buffer.from(parts.join(""));
      const chunks: Buffer[] = [];
      for (let start = 0, turn = 0; start < whole.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(whole.subarray(start, start + size));
        start += size;
      }
      const lines = whole.toString().split("\n").slice(0, -1);
      const expected = lines.map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
      expect(read(chunks, 10_000)).toEqual(expected);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("costs linear time for a trickle of single bytes", () => {
    const byte = Buffer.from("x");
    const chunks = Array.from({ length: 1_000_000 }, () => byte);
    expect(read([...chunks, Buffer.from("\n")], 2_000_000).map((line) => line.length)).toEqual([1_000_000]);
  });
});

describe("readWireMessage", () => {
  it.each([
    ["a request", '{"jsonrpc":"2.0","id":1,"method":"m"}', "request"],
    ["a notification", '{"jsonrpc":"2.0","method":"m"}', "notification"],
    ["a result", '{"jsonrpc":"2.0","id":"a","result":{}}', "response"],
    ["an error", '{"jsonrpc":"2.0","id":1,"error":{}}', "response"],
    ["an id that is null", '{"jsonrpc":"2.0","id":null,"error":{}}', undefined],
    ["an id that is a fraction", '{"jsonrpc":"2.0","id":1.5,"result":{}}', undefined],
    ["neither result nor error", '{"jsonrpc":"2.0","id":1}', undefined],
    ["an array", '[{"jsonrpc":"2.0","id":1,"result":{}}]', undefined],
    ["no JSON", "listening", undefined],
    ["a byte order mark", '\ufeff{"jsonrpc":"2.0","id":1,"result":{}}', undefined],
    ["members of the prototype", '{"jsonrpc":"2.0","__proto__":{"id":1,"result":{}}}', undefined],
  ])("%s", (_, text, kind) => {
    expect(readWireMessage(Buffer.from(text))?.kind).toBe(kind);
  });
});

describe("toLine", () => {
  it("is one line to every reader, and the same value", () => {
    const unit = fc.constantFrom(
      "a",
      "\u0085",
      "\u2028",
      "\u2029",
      "\n",
      "\r",
      "\v",
      "\f",
      "\u001c",
      "\\",
      '"',
      "é",
      "\ud83d\ude00",
    );
    const property = fc.property(fc.string({ unit }), fc.string({ unit }), (key, text) => {
      const line = toLine({ [`k${key}`]: text }) ?? "";
      expect(line.slice(0, -1)).not.toMatch(/[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/);
      expect(line.at(-1)).toBe("\n");
      expect(JSON.parse(line)).toEqual({ [`k${key}`]: text });
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe("withResponseId", () => {
  it("changes nothing but the id, wherever it stands", () => {
    const member = fc.constantFrom<[string, unknown]>(
      ["jsonrpc", "2.0"],
      ["id", 12],
      ["result", { id: 12, text: ',"id":12}', list: ['{"jsonrpc":"2.0","id":12,'] }],
      ["extra", { id: 12 }],
      ["other", '{"jsonrpc":"2.0","id":12,'],
    );
    const property = fc.property(fc.uniqueArray(member, { selector: ([name]) => name }), (members) => {
      const value = Object.fromEntries([...members, ["id", 12], ["result", members.length]]);
      const message = readWireMessage(Buffer.from(JSON.stringify(value)));
      if (message?.kind !== "response") throw new Error("it is a response");
      expect(JSON.parse(withResponseId(message, 'a"b') ?? "")).toEqual({ ...value, id: 'a"b' });
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe("scrubEnvironment (threat 98)", () => {
  const source = {
    PATH: "p",
    Path: "q",
    LC_TIME: "C",
    LCX: "no",
    SECRET: "s",
    HTTPS_PROXY: "http://user:password@proxy",
    NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
    SystemRoot: "C:",
    GONE: undefined,
  };
  it.each([
    ["linux", { PATH: "p", LC_TIME: "C", NODE_EXTRA_CA_CERTS: "/etc/ca.pem" }],
    ["win32", { PATH: "p", Path: "q", NODE_EXTRA_CA_CERTS: "/etc/ca.pem", SystemRoot: "C:" }],
  ] as const)("%s", (platform, kept) => {
    expect(scrubEnvironment(source, ["GONE"], { ADDED: "a" }, platform)).toEqual({ ...kept, ADDED: "a" });
  });
});

describe("BackOff", () => {
  it("forgets crashes a minute after the last delay, and what works at once", () => {
    let nowMs = 0;
    const backOff = new BackOff(() => nowMs);
    expect([backOff.noteCrash("a"), backOff.noteCrash("a")]).toEqual([1_000, 2_000]);
    expect([backOff.isBlocked("a"), backOff.isBlocked("b")]).toEqual([true, false]);
    nowMs = 2_000;
    expect(backOff.isBlocked("a")).toBe(false);
    nowMs = 62_000;
    expect(backOff.noteCrash("a")).toBe(4_000);
    nowMs += 4_000 + 60_001;
    expect(backOff.noteCrash("a")).toBe(1_000);
    backOff.clear("a");
    expect([backOff.isBlocked("a"), backOff.noteCrash("a")]).toEqual([false, 1_000]);
  });
});

describe("RecentLines", () => {
  it("keeps the last twenty, cut short, wherever the text is cut", () => {
    const recent = new RecentLines();
    for (const text of ["a", "b\n\nc", "\n", "x".repeat(1_000)]) recent.push(text);
    expect(recent.lines).toEqual(["ab", "c", "x".repeat(400)]);
    recent.push(`\n${"y\n".repeat(30)}`);
    expect(recent.lines).toEqual(Array.from({ length: 20 }, () => "y"));
  });
});
