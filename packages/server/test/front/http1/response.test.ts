import { STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { keepAliveLines, PlainResponse } from "../../../src/front/http1/response.ts";

const KEEP_ALIVE = keepAliveLines(60_000);

/** What goes to the client in answer to one request. */
function sent(status: number, headers: readonly string[], body: string): string {
  const socket = new Socket();
  const written = vi.spyOn(socket, "write").mockReturnValue(true);
  const response = new PlainResponse(socket, KEEP_ALIVE, () => {});
  response.writeHead(status, headers);
  response.end(body, "latin1");
  return written.mock.calls.map(([chunk]) => String(chunk)).join("");
}

/** The same, put together in the plainest way. */
function expected(status: number, headers: readonly string[], body: string): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  lines.push("Date: (now)");
  if (!headers.includes("close")) lines.push(...KEEP_ALIVE.trimEnd().split("\r\n"));
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

test("whatever answers come one after the other, each has its own head", () => {
  const answer = fc.record({
    status: fc.constantFrom(200, 404),
    type: fc.constantFrom("application/json", "text/plain"),
    more: fc.constantFrom([], ["mcp-session-id", "1"], ["mcp-session-id", "2"], ["connection", "close"]),
    body: fc.constantFrom("", "1", "1234567890"),
  });
  fc.assert(
    fc.property(fc.array(answer, { minLength: 2, maxLength: 6 }), (answers) => {
      for (const { status, type, more, body } of answers) {
        const headers = ["content-type", type, ...more, "content-length", String(body.length)];
        const text = sent(status, headers, body).replace(/Date: .* GMT/, "Date: (now)");
        expect(text).toBe(expected(status, headers, body));
      }
    }),
  );
});

test.each([
  ["a type", ["content-type", "a\r\nb: c", "content-length", "1"]],
  ["a length", ["content-type", "application/json", "content-length", "1\r\nb: c"]],
  ["a name", ["content-type\r\nb", "c", "content-length", "1"]],
])("%s that would end its line is not sent, whatever was sent before", (_, headers) => {
  sent(200, ["content-type", "application/json", "content-length", "1"], "1");
  expect(() => sent(200, headers, "1")).toThrow("a header cannot be sent");
});

test("a length that does not stand last would not be seen", () => {
  expect(() => sent(200, ["content-length", "1", "content-type", "text/plain"], "1")).toThrow(
    "a length stands last",
  );
});
