import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeadMemory } from "../../../src/front/http1/head-memory.ts";
import type { PlainHead } from "../../../src/front/http1/request-head.ts";

/** Name, value, in the order in which they are sent. */
type Fields = readonly (readonly [name: string, value: string])[];

const FIELDS: Fields = [
  ["Host", "gateway.example"],
  ["Authorization", "Bearer pcl_g_1"],
  ["Mcp-Method", "tools/call"],
  ["Mcp-Name", "refund"],
  ["Mcp-Param-Region", "eu"],
  ["Content-Type", "application/json"],
  ["traceparent", "00-1"],
  ["Content-Length", "12"],
  ["Origin", "https://app.example"],
];

function textOf(fields: Fields, line = "POST /mcp/srv_0123456789ABCDef HTTP/1.1"): string {
  return `${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** The same fields with other values; an empty text takes a field away. */
function change(changes: Readonly<Record<string, string>>): Fields {
  return FIELDS.map(([name, value]) => [name, changes[name] ?? value] as const).filter(
    ([, value]) => value !== "",
  );
}

function bytesOf(text: string, body = '{"the": "body"}'): Buffer {
  return Buffer.from(text + body, "latin1");
}

/** All that a head says; some is only worked out when it is asked for. */
function said(head: PlainHead | undefined) {
  if (head === undefined) return undefined;
  const { url, rawHeaders, headers, bodyBytes, headBytes, memo } = head;
  return { url, rawHeaders, headers, bodyBytes, headBytes, memo };
}

/** What a connection reads of the second head after the first, and what one reads that never had another. */
function readAfter(first: string, second: string) {
  const memory = new HeadMemory();
  const before = memory.read(bytesOf(first));
  const after = memory.read(bytesOf(second));
  return { before, after, fresh: new HeadMemory().read(bytesOf(second)) };
}

function isKnown({
  before,
  after,
}: {
  before: PlainHead | undefined;
  after: PlainHead | undefined;
}): boolean {
  return before !== undefined && before.memo === after?.memo;
}

describe("a head like the one before", () => {
  test.each<[string, Fields]>([
    ["in every byte", FIELDS],
    ["but for the length of the body", change({ "Content-Length": "123456" })],
    ["but for what is called", change({ "Mcp-Method": "prompts/get", "Mcp-Name": "a longer name" })],
    ["but for a mirrored argument", change({ "Mcp-Param-Region": "us" })],
    ["but for the trace", change({ traceparent: "00-2" })],
    ["with spaces around a value", change({ "Mcp-Name": "  refund " })],
  ])("is read with its own values: %s", (_, fields) => {
    const read = readAfter(textOf(FIELDS), textOf(fields));
    expect(said(read.after)).toEqual(said(read.fresh));
    expect(isKnown(read)).toBe(true);
  });

  test("is known by the last one alone", () => {
    const memory = new HeadMemory();
    const [one, other] = [FIELDS, change({ Host: "b" })].map((fields) => bytesOf(textOf(fields)));
    const memos = [one, other, one, one].map((bytes) => memory.read(bytes ?? Buffer.alloc(0))?.memo);
    expect(memos.map((memo) => memos.indexOf(memo))).toEqual([0, 1, 2, 2]);
  });
});

describe("a head that is read anew", () => {
  test.each<[string, Fields]>([
    ["another token", change({ Authorization: "Bearer pcl_g_2" })],
    ["a longer token", change({ Authorization: "Bearer pcl_g_12" })],
    ["no token", change({ Authorization: "" })],
    ["another host", change({ Host: "gateway.exampl3" })],
    ["another origin", change({ Origin: "https://app.exampl3" })],
    ["no origin", change({ Origin: "" })],
    [
      "the host and the length alone",
      FIELDS.filter(([name]) => name === "Host" || name === "Content-Length"),
    ],
    ["another type", change({ "Content-Type": "application/jsom" })],
    ["a field more", [...FIELDS, ["X-A", "1"]]],
    ["a field more, before", [["X-A", "1"], ...FIELDS]],
    ["another order", FIELDS.toReversed()],
    [
      "a name in other letters",
      FIELDS.map(([name, value]) => [name === "Mcp-Name" ? "mcp-name" : name, value]),
    ],
  ])("%s", (_, fields) => {
    const read = readAfter(textOf(FIELDS), textOf(fields));
    expect(said(read.after)).toEqual(said(read.fresh));
    expect([read.fresh === undefined, isKnown(read)]).toEqual([false, false]);
  });

  test("another route", () => {
    const read = readAfter(textOf(FIELDS), textOf(FIELDS, "POST /mcp/srv_0123456789ABCDeg HTTP/1.1"));
    expect([read.after?.url, isKnown(read)]).toEqual(["/mcp/srv_0123456789ABCDeg", false]);
  });
});

describe("what is left to Node after a plain head", () => {
  test.each([
    ["a signed length", textOf(change({ "Content-Length": "+12" }))],
    ["a list of lengths", textOf(change({ "Content-Length": "12, 12" }))],
    ["a length of ten digits", textOf(change({ "Content-Length": "0000000012" }))],
    ["an empty length", textOf(change({ "Content-Length": " " }))],
    ["a second length", textOf([...FIELDS, ["Content-Length", "12"]])],
    ["a coding", textOf([...FIELDS, ["Transfer-Encoding", "chunked"]])],
    ["a line feed in a name", textOf(change({ "Mcp-Name": "a\nTransfer-Encoding: chunked" }))],
    ["a carriage return in a name", textOf(change({ "Mcp-Name": "a\rb" }))],
    ["a field in a name", textOf(change({ "Mcp-Name": "a\r\nTransfer-Encoding: chunked" }))],
    ["a tab in a name", textOf(change({ "Mcp-Name": "a\tb" }))],
    ["a zero byte in a name", textOf(change({ "Mcp-Name": "a\0b" }))],
    ["a name beyond ASCII", textOf(change({ "Mcp-Name": "\u00e9" }))],
    ["another verb", textOf(FIELDS, "PUT /mcp/srv_0123456789ABCDef HTTP/1.1")],
    ["a head that is not whole", textOf(FIELDS).slice(0, -2)],
    ["more than 8 KiB", textOf(change({ "Mcp-Name": "a".repeat(8 * 1024) }))],
  ])("%s", (_, text) => {
    // Nothing stands behind it that could make it whole.
    const memory = new HeadMemory();
    memory.read(bytesOf(textOf(FIELDS)));
    expect(memory.read(Buffer.from(text, "latin1"))).toBeUndefined();
  });
});

describe("whatever heads a connection brings", () => {
  const VARYING = ["Mcp-Name", "traceparent", "Content-Length"].map((name) =>
    FIELDS.findIndex((one) => one[0] === name),
  );
  const value = fc.oneof(
    fc.constantFrom("1", "22", "refund", "Bearer pcl_g_1", "Bearer pcl_g_2", "", " ", "a b"),
    fc.string({ maxLength: 6 }),
    fc.constantFrom("\r\n", "\r\n\r\n", "1\r\nContent-Length: 2", "\n", "\r", "\t", ":", "é"),
  );
  const spoil = fc.record({
    at: fc.oneof(fc.nat(FIELDS.length - 1), fc.constantFrom(...VARYING)),
    put: value,
    name: fc.option(fc.constantFrom("X-A", "Host"), { freq: 4 }),
  });
  /** Most heads are whole. */
  const mostly = (usual: number, other: number) =>
    fc.oneof({ arbitrary: fc.constant(usual), weight: 9 }, { arbitrary: fc.constant(other), weight: 1 });
  const part = { from: mostly(0, 1), to: mostly(FIELDS.length, 1) };
  const head = fc
    .record({ spoils: fc.array(spoil, { maxLength: 2 }), ...part })
    .map(({ spoils, from, to }) => {
      const fields = FIELDS.map(([name, text]) => [name, text] as [string, string]);
      for (const { at, put, name } of spoils) fields[at] = [name ?? fields[at]?.[0] ?? "", put];
      return textOf(fields.slice(from, to));
    });

  test("it reads each as if it were the first", () => {
    let known = 0;
    fc.assert(
      fc.property(
        fc.array(head, { minLength: 2, maxLength: 6 }),
        fc.constantFrom("", "{}"),
        (heads, body) => {
          const memory = new HeadMemory();
          let before: PlainHead | undefined;
          for (const text of heads) {
            const bytes = bytesOf(text, body);
            const after = memory.read(bytes);
            expect(said(after)).toEqual(said(new HeadMemory().read(bytes)));
            if (isKnown({ before, after })) known += 1;
            before = after ?? before;
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(known).toBeGreaterThan(500);
  });
});
