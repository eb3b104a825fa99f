import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headText, readPlainHead } from "../../../src/front/http1/request-head.ts";
import { portOf } from "./two-servers.ts";

const LINE = "POST /mcp/srv_0123456789ABCDef HTTP/1.1\r\n";

function read(text: string) {
  const lines = headText(Buffer.from(text, "latin1"));
  return lines === undefined ? undefined : readPlainHead(lines);
}

describe("a plain head", () => {
  test("is read with the spelling of its names, without the spaces around its values", () => {
    const text = `${LINE}Host: a:1\r\nX-A:  b c \r\nempty:\r\ncontent-LENGTH: 12\r\n\r\n`;
    expect(read(`${text}{"rest": 1}`)).toEqual({
      url: "/mcp/srv_0123456789ABCDef",
      rawHeaders: ["Host", "a:1", "X-A", "b c", "empty", "", "content-LENGTH", "12"],
      headers: { host: "a:1", "x-a": "b c", empty: "", "content-length": "12" },
      bodyBytes: 12,
      headBytes: text.length,
      memo: { head: undefined },
    });
  });

  test.each(["keep-alive", "Keep-Alive"])("may say `Connection: %s`", (value) => {
    expect(read(`${LINE}Host: a\r\nConnection: ${value}\r\nContent-Length: 0\r\n\r\n`)?.bodyBytes).toBe(0);
  });
});

describe("what is left to Node (RFC 9112)", () => {
  const fields = "Host: a\r\nContent-Length: 2\r\n";
  test.each([
    ["a head that is not whole", `${LINE}${fields}`],
    ["another verb", `GET /mcp/srv_0123456789ABCDef HTTP/1.1\r\n${fields}\r\n`],
    ["a verb in lower case", `post /mcp/srv_0123456789ABCDef HTTP/1.1\r\n${fields}\r\n`],
    ["another route", `POST /catalogue HTTP/1.1\r\n${fields}\r\n`],
    ["a query", `POST /mcp/srv_1?a=1 HTTP/1.1\r\n${fields}\r\n`],
    ["an escape in the route", `POST /mcp/srv%5f1 HTTP/1.1\r\n${fields}\r\n`],
    ["an absolute target", `POST http://a/mcp/srv_1 HTTP/1.1\r\n${fields}\r\n`],
    ["two spaces in the first line", `POST  /mcp/srv_1 HTTP/1.1\r\n${fields}\r\n`],
    ["HTTP/1.0", `POST /mcp/srv_1 HTTP/1.0\r\n${fields}\r\n`],
    ["an empty line first", `\r\n${LINE}${fields}\r\n`],
    ["no Host", `${LINE}Content-Length: 2\r\n\r\n`],
    ["no Content-Length", `${LINE}Host: a\r\n\r\n`],
    ["two of a name", `${LINE}${fields}X-A: 1\r\nx-a: 1\r\n\r\n`],
    ["two lengths that agree", `${LINE}${fields}Content-Length: 2\r\n\r\n`],
    ["a list of lengths", `${LINE}Host: a\r\nContent-Length: 2, 2\r\n\r\n`],
    ["a signed length", `${LINE}Host: a\r\nContent-Length: +2\r\n\r\n`],
    ["a length in hexadecimal", `${LINE}Host: a\r\nContent-Length: 0x2\r\n\r\n`],
    ["an empty length", `${LINE}Host: a\r\nContent-Length:\r\n\r\n`],
    ["a length of ten digits", `${LINE}Host: a\r\nContent-Length: 0000000002\r\n\r\n`],
    ["a coding", `${LINE}${fields}Transfer-Encoding: chunked\r\n\r\n`],
    ["the end of the connection", `${LINE}${fields}Connection: close\r\n\r\n`],
    ["options of the connection", `${LINE}${fields}Connection: keep-alive, x\r\n\r\n`],
    ["an expectation", `${LINE}${fields}Expect: 100-continue\r\n\r\n`],
    ["an upgrade", `${LINE}${fields}Upgrade: h2c\r\n\r\n`],
    ["trailers", `${LINE}${fields}Trailer: x\r\n\r\n`],
    ["a space before the colon", `${LINE}${fields}X-A : 1\r\n\r\n`],
    ["a folded line", `${LINE}${fields}X-A: 1\r\n 2\r\n\r\n`],
    ["a line without a colon", `${LINE}${fields}X-A\r\n\r\n`],
    ["an empty name", `${LINE}${fields}: 1\r\n\r\n`],
    ["an underscore in a name", `${LINE}${fields}X_A: 1\r\n\r\n`],
    ["a name that objects have", `${LINE}${fields}constructor: 1\r\n\r\n`],
    ["`__proto__`", `${LINE}${fields}__proto__: 1\r\n\r\n`],
    ["a tab in a value", `${LINE}${fields}X-A: 1\t\r\n\r\n`],
    ["a line feed alone", `${LINE}${fields}X-A: 1\nX-B: 2\r\n\r\n`],
    ["a carriage return alone", `${LINE}${fields}X-A: 1\rX-B: 2\r\n\r\n`],
    ["a zero byte", `${LINE}${fields}X-A: \0\r\n\r\n`],
    ["a byte beyond ASCII", `${LINE}${fields}X-A: \u00e9\r\n\r\n`],
    ["more than 64 fields", `${LINE}${fields}${manyFields(63)}\r\n`],
    ["more than 8 KiB", `${LINE}${fields}X-A: ${"a".repeat(8 * 1024)}\r\n\r\n`],
  ])("%s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

function manyFields(count: number): string {
  return Array.from({ length: count }, (_, at) => `N-${at}: 1\r\n`).join("");
}

/** What Node's parser reads at the beginning of these bytes; undefined where it refuses them, or waits for more. */
interface NodeRead {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly headers: object;
  readonly body: string;
}

describe("Node reads a plain head in the same way", () => {
  let told: ((read: NodeRead | undefined) => void) | undefined;
  const server = createServer((request) => {
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const { method, url, rawHeaders, headers } = request;
      told?.({ method, url, rawHeaders, headers, body });
    });
  });
  server.on("clientError", (_, socket) => {
    socket.destroy();
    told?.(undefined);
  });
  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function readByNode(text: string): Promise<NodeRead | undefined> {
    const socket = connect(portOf(server), "127.0.0.1");
    socket.on("error", () => {});
    const read = await new Promise<NodeRead | undefined>((resolve) => {
      told = resolve;
      socket.end(text, "latin1");
    });
    socket.destroy();
    return read;
  }

  const bit = fc.constantFrom(
    ..."\r\n \t:,;=+-_%/?aZ0\0\u007f\u0085\u00a0\u00ff".split(""),
    ..."\r\n|\r\n\r\n|Host: b\r\n|Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n|chunked|close|POST|HTTP/1.1".split(
      "|",
    ),
  );
  /** A plain request with some of its characters replaced, doubled or taken away. */
  const spoiled = fc
    .record({
      names: fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,12}$/), {
        maxLength: 4,
        selector: (name) => name.toLowerCase(),
      }),
      value: fc.stringMatching(/^[ -~]{0,20}$/),
      body: fc.stringMatching(/^[ -~]{0,30}$/),
      spoils: fc.array(
        fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), gone: fc.nat(3), put: bit }),
        { maxLength: 3 },
      ),
    })
    .map(({ names, value, body, spoils }) => {
      const own = names.map((name) => `${name}: ${value}\r\n`).join("");
      let text = `${LINE}Host: a\r\n${own}Content-Length: ${body.length}\r\n\r\n`;
      for (const { at, gone, put } of spoils) {
        const place = Math.floor(at * text.length);
        text = text.slice(0, place) + put + text.slice(place + gone);
      }
      return text + body;
    });

  test("whatever was done to it", { timeout: 60_000 }, async () => {
    let plain = 0;
    let unlike = 0;
    await fc.assert(
      fc.asyncProperty(spoiled, async (text) => {
        const head = read(text);
        const whole = head === undefined ? 0 : head.headBytes + head.bodyBytes;
        if (head === undefined || whole > text.length) {
          unlike += 1;
          return;
        }
        plain += 1;
        expect(await readByNode(text.slice(0, whole))).toEqual({
          method: "POST",
          url: head.url,
          rawHeaders: head.rawHeaders,
          headers: head.headers,
          body: text.slice(head.headBytes, whole),
        });
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(plain, unlike)).toBeGreaterThan(300);
  });
});
