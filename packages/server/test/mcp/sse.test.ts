import { err, ok } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeEvent, type SseEvent, SseReader } from "../../src/mcp/sse.ts";

const readAll = (text: string | Buffer) => new SseReader().push(Buffer.from(text));

describe("events (WHATWG HTML 9.2.6)", () => {
  it.each<[string, string, readonly SseEvent[]]>([
    ["one line of data", 'data: {"a":1}\n\n', [{ data: '{"a":1}' }]],
    ["several lines of data", "data: a\ndata:b\ndata\n\n", [{ data: "a\nb\n" }]],
    [
      "every field",
      "event: message\nid: 7\nretry: 3000\ndata: x\n\n",
      [{ data: "x", event: "message", id: "7", retryMs: 3000 }],
    ],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", [{ data: "a" }, { data: "b" }]],
    ["CR alone", "data: a\r\rdata: b\r\r", [{ data: "a" }, { data: "b" }]],
    ["one leading space only", "data:  a\n\n", [{ data: " a" }]],
    ["a BOM at the start", "\ufeffdata: a\n\n", [{ data: "a" }]],
    ["a BOM later as part of a name", "data: a\n\n\ufeffdata: b\n\n", [{ data: "a" }]],
    ["empty data, as servers prime a stream (2025-11-25)", "id: 1\ndata:\n\n", [{ data: "", id: "1" }]],
    ["an id and a retry without data", "id: 1\nretry: 5\n\n", [{ id: "1", retryMs: 5 }]],
    ["an empty id", "id\ndata: a\n\n", [{ data: "a", id: "" }]],
    ["nothing of an event type alone", "event: x\n\ndata: a\n\n", [{ data: "a" }]],
    ["no id with NUL", "id: a\u0000b\ndata: a\n\n", [{ data: "a" }]],
    ["no retry that is no number", "retry: 1e3\ndata: a\n\nretry: 0\n\n", [{ data: "a" }, { retryMs: 0 }]],
    ["no unknown fields", "foo: x\nDATA: y\ndata : z\ndata: a\n\n", [{ data: "a" }]],
    ["nothing of blank lines", "\n\n\r\n\r\n", []],
    [
      "comments as one sign of life, without their text",
      ": secret\n:\n:x\n\ndata: a\n\n",
      [{ keepAlive: true }, { data: "a" }],
    ],
    ["nothing that is unfinished", "data: a\n", []],
  ])("reads %s", (_name, text, events) => {
    expect(readAll(text)).toEqual(ok(events));
  });

  it("does not mix the fields of two events", () => {
    expect(readAll("id: 1\nevent: e\ndata: a\n\ndata: b\n\n")).toEqual(
      ok([{ data: "a", event: "e", id: "1" }, { data: "b" }]),
    );
  });

  it("reads the same wherever the stream is cut", () => {
    const text = Buffer.from(
      '\ufeff: hi\r\nid: 1\r\nevent: message\rdata: {"a":"€😀"}\ndata: b\r\n\r\nretry: 7\n\ndata:\n\n',
    );
    const whole = readAll(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const reader = new SseReader();
        const events: SseEvent[] = [];
        const places = [0, ...cuts, text.length].sort((a, b) => a - b);
        for (const [at, place] of places.slice(1).entries()) {
          const result = reader.push(text.subarray(places[at], place));
          if (result.ok) events.push(...result.value);
        }
        expect(ok(events)).toEqual(whole);
      }),
    );
  });
});

describe("bounds (threats 41 and 44)", () => {
  const LIMIT = 64;
  const push = (...pieces: (string | Buffer)[]) => {
    const reader = new SseReader(LIMIT);
    return pieces.map((piece) => reader.push(Buffer.from(piece)));
  };

  it.each([
    ["a line that never ends", "x".repeat(LIMIT + 1)],
    ["a long line", `data: ${"x".repeat(LIMIT)}\n`],
    ["many short lines", "data\n".repeat(LIMIT)],
    [
      "an unfinished line after finished ones",
      `data: ${"x".repeat(LIMIT / 2)}\ndata: ${"x".repeat(LIMIT / 2)}`,
    ],
    ["many unknown fields", "x\n".repeat(LIMIT)],
  ])("stops at %s", (_name, text) => {
    expect(push(text)).toEqual([err("event-too-large")]);
    expect(push(...text, "data: a\n\n").at(-1)).toEqual(err("event-too-large"));
  });

  it("counts each event on its own, and no comments", () => {
    const event = `data: ${"x".repeat(LIMIT - 10)}\n\n`;
    const data = { data: "x".repeat(LIMIT - 10) };
    expect(push(event, event, ":\n".repeat(LIMIT), event)).toEqual([
      ok([data]),
      ok([data]),
      ok([{ keepAlive: true }]),
      ok([data]),
    ]);
  });

  it("stops at invalid UTF-8 and stays stopped", () => {
    const bad = Buffer.concat([Buffer.from("data: "), Buffer.from([0xff]), Buffer.from("\n\n")]);
    expect(push(bad, "data: a\n\n")).toEqual([err("not-utf8"), err("not-utf8")]);
  });

  it("is inside an event from its first byte to its blank line", () => {
    const reader = new SseReader();
    const states = ["", "d", "ata: a", "\n", "\n", ": c", "\n", "id: 1\r", "\n", "\r\n"].map((piece) => {
      reader.push(Buffer.from(piece));
      return reader.isInsideEvent;
    });
    expect(states).toEqual([false, true, true, true, false, true, false, true, true, false]);
  });

  it("reads 200,000 single bytes of one line without quadratic copying", () => {
    const reader = new SseReader();
    const byte = Buffer.from("x");
    reader.push(Buffer.from("data: "));
    for (let count = 0; count < 200_000; count += 1) reader.push(byte);
    expect(reader.push(Buffer.from("\n\n"))).toEqual(ok([{ data: "x".repeat(200_000) }]));
  });
});

describe("comments (faults F7)", () => {
  it("keeps nothing of their text, wherever they are cut", () => {
    const comment = Buffer.from(`: ${"x".repeat(1024 * 1024)}\n`);
    const pieces = [comment.subarray(0, 1), comment.subarray(1, 500_000), comment.subarray(500_000)];
    const reader = new SseReader();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let times = 0; times < 20; times += 1) {
      for (const piece of pieces) {
        expect(reader.push(piece).ok).toBe(true);
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
    }
    expect(most).toBeLessThan(64 * 1024);
  });

  it("bounds one that never ends", () => {
    const reader = new SseReader(64);
    expect([": ", "x".repeat(62), "x"].map((piece) => reader.push(Buffer.from(piece)))).toEqual([
      ok([]),
      ok([]),
      err("event-too-large"),
    ]);
  });
});

describe("emission (threat 41)", () => {
  it.each<[string, SseEvent, string]>([
    ["data", { data: '{"a":1}' }, 'data: {"a":1}\n\n'],
    [
      "every field",
      { data: "x", event: "message", id: "7", retryMs: 0 },
      "event: message\nid: 7\nretry: 0\ndata: x\n\n",
    ],
    [
      "line breaks of data as lines",
      { data: "a\r\nid: 9\rb\n\nevent: x" },
      "data: a\ndata: id: 9\ndata: b\ndata: \ndata: event: x\n\n",
    ],
    ["no id that could forge a field", { data: "a", id: "1\ndata: forged" }, "data: a\n\n"],
    ["no event that could forge a field", { data: "a", event: "x\rid: 1" }, "data: a\n\n"],
    ["no retry that is no number", { data: "a", retryMs: Number.NaN }, "data: a\n\n"],
    ["a sign of life", { keepAlive: true }, ":\n\n"],
    ["nothing", {}, ""],
  ])("writes %s", (_name, event, text) => {
    expect(encodeEvent(event)).toBe(text);
  });

  it("is read back as it was", () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\u0000]/g, ""));
    const event = fc.record({
      data: fc.string({ unit: "grapheme" }).map((text) => text.replace(/\r/g, "")),
      id: line,
      event: line,
      retryMs: fc.nat(),
    });
    fc.assert(
      fc.property(event, (sent) => {
        expect(readAll(encodeEvent(sent))).toEqual(ok([sent]));
      }),
    );
  });
});
