import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHead } from "../../../src/upstream/http1/response-head.ts";
import { ResponseMemory } from "../../../src/upstream/http1/response-memory.ts";

const BLANK_LINE = "\r\n\r\n";
const FIELDS: Readonly<Record<string, string>> = {
  "Content-Type": "application/json",
  Date: "Fri, 27 Nov 2026 11:00:00 GMT",
  "X-Request-Id": "1",
  "Mcp-Session-Id": "s1",
  Connection: "keep-alive",
  "Keep-Alive": "timeout=5",
  "Content-Length": "12",
};
const OK = "HTTP/1.1 200 OK";

function textOf(fields: Readonly<Record<string, string>>, line = OK): string {
  return [line, ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)].join("\r\n");
}

/** What a connection knows of the head of the second answer after that of the first. */
function readAfter(first: string, second: string) {
  const memory = new ResponseMemory();
  const head = parseHead(first);
  if (head === undefined) throw new Error("the first head is not valid");
  memory.keep(head, first);
  return memory.read(Buffer.from(`${second}${BLANK_LINE}{"the": "body"}`, "latin1"));
}

describe("a head like the one before", () => {
  test.each([
    ["in every byte", FIELDS],
    ["but for its length", { ...FIELDS, "Content-Length": "123456" }],
    ["with spaces around its length", { ...FIELDS, "Content-Length": " 0  " }],
    ["but for its date", { ...FIELDS, Date: "now" }],
    ["but for what nobody reads", { ...FIELDS, "X-Request-Id": "" }],
  ])("is read with its own values: %s", (_, fields) => {
    const text = textOf(fields);
    expect(readAfter(textOf(FIELDS), text)).toEqual({
      head: parseHead(text),
      headBytes: text.length + BLANK_LINE.length,
    });
  });
});

describe("a head that is read anew", () => {
  const { Connection: _, ...unsaid } = FIELDS;
  test.each([
    ["another type", { ...FIELDS, "Content-Type": "text/event-stream" }],
    ["another session", { ...FIELDS, "Mcp-Session-Id": "s2" }],
    ["an end of the connection", { ...FIELDS, Connection: "close" }],
    ["nothing of the connection", unsaid],
    ["another time to wait", { ...FIELDS, "Keep-Alive": "timeout=6" }],
    ["a field more", { ...FIELDS, "Content-Encoding": "gzip" }],
    ["a field more, before", { "Transfer-Encoding": "chunked", ...FIELDS }],
    ["a signed length", { ...FIELDS, "Content-Length": "+12" }],
    ["a list of lengths", { ...FIELDS, "Content-Length": "12, 12" }],
    ["an empty length", { ...FIELDS, "Content-Length": "" }],
    ["a length that no number holds", { ...FIELDS, "Content-Length": "9999999999999999" }],
    ["a tab behind its length", { ...FIELDS, "Content-Length": "12\t" }],
    ["a field in a value", { ...FIELDS, Date: "now\r\nContent-Length: 2" }],
    ["a line feed in a value", { ...FIELDS, Date: "now\nContent-Length: 2" }],
    ["a carriage return in a value", { ...FIELDS, Date: "a\rb" }],
    ["the end of the head in a value", { ...FIELDS, Date: "now\r\n\r\n" }],
    ["a zero byte in a value", { ...FIELDS, Date: "a\0b" }],
    ["a value beyond ASCII", { ...FIELDS, Date: "\u00e9" }],
  ])("%s", (_, fields) => {
    expect(readAfter(textOf(FIELDS), textOf(fields))).toBeUndefined();
  });

  test("another status, version or reason", () => {
    const lines = ["HTTP/1.1 404 OK", "HTTP/1.0 200 OK", "HTTP/1.1 200 Ok"];
    expect(lines.map((line) => readAfter(textOf(FIELDS), textOf(FIELDS, line)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("one that is not whole", () => {
    const memory = new ResponseMemory();
    const text = textOf(FIELDS);
    memory.keep(parseHead(text) ?? expect.fail(), text);
    const bytes = Buffer.from(text + BLANK_LINE);
    for (let end = 0; end < bytes.length; end += 1)
      expect(memory.read(bytes.subarray(0, end))).toBeUndefined();
    expect(memory.read(bytes)).toBeDefined();
  });

  test("after an interim one the last that was final is known", () => {
    const memory = new ResponseMemory();
    for (const text of [textOf(FIELDS), textOf({ Link: "<a>" }, "HTTP/1.1 103 Early Hints")])
      memory.keep(parseHead(text) ?? expect.fail(), text);
    expect(memory.read(Buffer.from(textOf(FIELDS) + BLANK_LINE))).toBeDefined();
  });
});

test("whatever a server answers, what is known of a head is what it says", () => {
  const value = fc.oneof(
    fc.constantFrom("1", "22", "", " ", "chunked", "close", "timeout=9", "gzip", "\t", "é", "\n", "\r"),
    fc.constantFrom("\r\n", "1\r\nContent-Length: 2", "1\r\nTransfer-Encoding: chunked", "\r\n\r\n"),
  );
  const head = fc
    .record({
      line: fc.constantFrom(OK, OK, OK, OK, OK, OK, "HTTP/1.1 500 No", "HTTP/1.0 200 OK"),
      changes: fc.dictionary(fc.constantFrom(...Object.keys(FIELDS), "Transfer-Encoding"), value, {
        maxKeys: 1,
      }),
    })
    .map(({ line, changes }) => textOf({ ...FIELDS, ...changes }, line));
  let known = 0;
  fc.assert(
    fc.property(fc.array(head, { minLength: 2, maxLength: 6 }), (heads) => {
      const memory = new ResponseMemory();
      for (const text of heads) {
        const again = memory.read(Buffer.from(`${text}${BLANK_LINE}{}`, "latin1"));
        // Only as far as the head goes: a value may hold its end.
        const own = text.slice(0, text.includes(BLANK_LINE) ? text.indexOf(BLANK_LINE) : undefined);
        const fresh = parseHead(own);
        if (again !== undefined) {
          expect(again).toEqual({ head: fresh, headBytes: own.length + BLANK_LINE.length });
          known += 1;
        }
        if (fresh !== undefined) memory.keep(fresh, own);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(known).toBeGreaterThan(200);
});
