import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResponseReader } from "../../../src/upstream/http1/response-reader.ts";

interface Read {
  readonly heads: readonly { readonly status: number; readonly raw: readonly string[] }[];
  readonly body: string;
  readonly isEnded: boolean;
  readonly fault: string | undefined;
  readonly isPersistent: boolean;
  readonly keepAliveS: number | undefined;
}

/** Reads `pieces` one after another, after another response; `isClosed` lets the connection end after them. */
function read(pieces: readonly (string | Buffer)[], isClosed = false, before = ""): Read {
  let heads: { status: number; raw: readonly string[] }[] = [];
  let body: Buffer[] = [];
  let isEnded = false;
  const reader = new ResponseReader({
    onHead: (status, raw) => heads.push({ status, raw }),
    onBody: (bytes) => body.push(Buffer.from(bytes)),
    onEnd: () => {
      isEnded = true;
    },
  });
  reader.push(Buffer.from(before, "latin1"));
  reader.reset();
  heads = [];
  body = [];
  isEnded = false;
  let fault: string | undefined;
  for (const piece of pieces) {
    const bytes = Buffer.from(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
    fault ??= reader.push(bytes);
    // The next read of any connection is written over what was pushed.
    bytes.fill("?");
  }
  if (isClosed) fault ??= reader.close();
  // Said of the last response that ended.
  const isPersistent = isEnded && reader.isPersistent;
  const keepAliveS = isEnded ? reader.keepAliveS : undefined;
  return { heads, body: Buffer.concat(body).toString("latin1"), isEnded, fault, isPersistent, keepAliveS };
}

const OK = "HTTP/1.1 200 OK\r\n";

describe("a response is read as RFC 9112 has it", () => {
  const rows: readonly {
    readonly name: string;
    readonly text: string;
    readonly closed?: true;
    readonly expected: Partial<Read>;
  }[] = [
    {
      name: "a body of a known length",
      text: `${OK}Content-Type: application/json\r\ncontent-length:  2 \r\n\r\n{}`,
      expected: {
        heads: [{ status: 200, raw: ["Content-Type", "application/json", "content-length", "2"] }],
        body: "{}",
        isEnded: true,
        fault: undefined,
        isPersistent: true,
      },
    },
    {
      name: "chunks with an extension and a trailer",
      text: `${OK}Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\n{\r\n1 \r\n`,
      expected: { body: "{", isEnded: false, fault: "garbage" },
    },
    {
      name: "chunks to their end",
      text: `${OK}transfer-encoding: chunked\r\n\r\n1;a="b"\r\n{\r\n00000001\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n`,
      expected: { body: "{}", isEnded: true, fault: undefined, isPersistent: true },
    },
    {
      name: "a body to the end of the connection",
      text: `${OK}\r\n{}`,
      closed: true,
      expected: { body: "{}", isEnded: true, fault: undefined, isPersistent: false },
    },
    {
      name: "204 has no body, whatever it announces",
      text: "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
      expected: { isEnded: true, fault: undefined },
    },
    {
      name: "an empty body",
      text: `${OK}content-length: 0\r\n\r\n`,
      expected: { body: "", isEnded: true, fault: undefined },
    },
    {
      name: "no reason, no space",
      text: "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
      expected: { isEnded: true, fault: undefined },
    },
    {
      name: "interim responses before the real one",
      text: `HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n${OK}content-length: 1\r\n\r\nx`,
      expected: { body: "x", isEnded: true, fault: undefined },
    },
    {
      name: "a connection that ends after it",
      text: `${OK}connection: Keep-Alive, Close\r\ncontent-length: 0\r\n\r\n`,
      expected: { isEnded: true, isPersistent: false },
    },
    {
      name: "HTTP/1.0 ends after it",
      text: "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
      expected: { isEnded: true, isPersistent: false },
    },
    {
      name: "how long the server waits",
      text: `${OK}keep-alive: timeout=5, max=100\r\ncontent-length: 0\r\n\r\n`,
      expected: { isPersistent: true, keepAliveS: 5 },
    },
  ];
  test.each(rows)("$name", ({ text, closed, expected }) => {
    expect(read([text], closed)).toMatchObject(expected);
  });
});

describe("what could be read in two ways is garbage (threat 16, faults F6)", () => {
  const rows: readonly (readonly [name: string, text: string])[] = [
    ["two lengths", `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\nx`],
    ["a list of lengths", `${OK}content-length: 1, 1\r\n\r\nx`],
    ["a signed length", `${OK}content-length: +1\r\n\r\nx`],
    ["a hexadecimal length", `${OK}content-length: 0x1\r\n\r\nx`],
    ["an empty length", `${OK}content-length:\r\n\r\nx`],
    ["a length that no number holds", `${OK}content-length: 99999999999999999999\r\n\r\nx`],
    ["a length beside chunks", `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["two codings", `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["another coding", `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["a tab behind the coding", `${OK}transfer-encoding: chunked\t\r\n\r\n0\r\n\r\n`],
    ["identity", `${OK}transfer-encoding: identity\r\n\r\n`],
    ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a space before the colon", `${OK}content-length : 1\r\n\r\nx`],
    ["a folded line", `${OK}x: a\r\n b\r\ncontent-length: 1\r\n\r\nx`],
    ["a bare LF", "HTTP/1.1 200 OK\ncontent-length: 1\n\nx\r\n\r\n"],
    ["a bare CR in a value", `${OK}x: a\rb\r\ncontent-length: 1\r\n\r\nx`],
    ["NUL in a value", `${OK}x: a\0b\r\ncontent-length: 1\r\n\r\nx`],
    ["no name", `${OK}: a\r\ncontent-length: 1\r\n\r\nx`],
    ["no colon", `${OK}hello\r\n\r\n`],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n"],
    ["another protocol", "SSH-2.0-x\r\n\r\n"],
    ["a line end before it", `\r\n${OK}content-length: 0\r\n\r\n`],
    ["100 that nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["101 that nobody asked for", "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"],
    ["a chunk size with a sign", `${OK}transfer-encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n`],
    ["a chunk size with 0x", `${OK}transfer-encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n`],
    ["a chunk size above 32 bits", `${OK}transfer-encoding: chunked\r\n\r\n100000001\r\nx`],
    ["a chunk longer than it says", `${OK}transfer-encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n`],
    ["an endless size line", `${OK}transfer-encoding: chunked\r\n\r\n1;${"a".repeat(300)}`],
    ["an endless trailer", `${OK}transfer-encoding: chunked\r\n\r\n0\r\nx: ${"a".repeat(20_000)}`],
    ["many trailers", `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${"x: aaaaaaaa\r\n".repeat(2_000)}`],
    ["a length in a trailer", `${OK}transfer-encoding: chunked\r\n\r\n0\r\nContent-Length: 2\r\n\r\n`],
    ["a head of more than 16 KiB", `${OK}x: ${"a".repeat(17_000)}\r\n\r\n`],
    ["bytes after the end", `${OK}content-length: 1\r\n\r\nxy`],
  ];
  test.each(rows)("%s", (_name, text) => {
    expect(read([text]).fault).toBe("garbage");
    // A server that trickles is read no other way.
    const bytes = Array.from(text, (character) => character);
    expect(read(bytes).fault).toBe("garbage");
  });

  test("a response that ends before its end is cut", () => {
    const texts = [
      "",
      "HTTP/1.1 20",
      `${OK}content-length: 2\r\n\r\nx`,
      `${OK}transfer-encoding: chunked\r\n\r\n1\r\n`,
    ];
    expect(texts.map((text) => read([text], true).fault)).toEqual(["cut", "cut", "cut", "cut"]);
  });
});

test("it does not matter where a response is cut into pieces, nor what came before it", () => {
  const response = fc.constantFrom(
    `${OK}content-type: application/json\r\ncontent-length: 17\r\n\r\n{"jsonrpc":"2.0"}`,
    `${OK}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
    `${OK}content-type: application/json\r\ncontent-length: +2\r\n\r\n{}`,
    `HTTP/1.1 102 P\r\n\r\n${OK}transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n2;x\r\n1}\r\n0\r\nt: 1\r\n\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n`,
  );
  fc.assert(
    fc.property(response, response, fc.array(fc.nat(120)), (text, before, cuts) => {
      const points = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
        (a, b) => a - b,
      );
      const pieces = points.slice(1).map((end, at) => text.slice(points[at], end));
      expect(read(pieces, false, before)).toEqual(read([text]));
    }),
  );
});

/** What Node's own client makes of the bytes; undefined when it refuses them. */
async function readByNode(text: string): Promise<{ status: number; body: string } | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text, "latin1"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const read = new Promise<{ status: number; body: string } | undefined>((resolve) => {
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => resolve(undefined));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("latin1") });
      });
    });
    outgoing.on("error", () => resolve(undefined));
    outgoing.end();
  });
  const made = await read;
  await new Promise((resolve) => server.close(resolve));
  return made;
}

test("what is accepted is read by Node's parser in the same way", async () => {
  const spoiled = fc
    .tuple(
      fc.constantFrom(
        `${OK}content-length: 3\r\n\r\nabc`,
        `${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
        `${OK}connection: close\r\n\r\nabc`,
      ),
      fc.nat(80),
      fc.constantFrom(
        "",
        "\r\n",
        "\n",
        " ",
        "0",
        "1",
        ";",
        ":",
        ",",
        "\t",
        "chunked",
        "content-length: 2\r\n",
        "\0",
      ),
      fc.nat(3),
    )
    .map(([text, at, inserted, removed]) => text.slice(0, at) + inserted + text.slice(at + removed));
  await fc.assert(
    fc.asyncProperty(spoiled, async (text) => {
      const ours = read([text], true);
      if (ours.fault !== undefined || !ours.isEnded) return;
      expect(await readByNode(text)).toEqual({ status: ours.heads.at(-1)?.status, body: ours.body });
    }),
    { numRuns: 400 },
  );
});
