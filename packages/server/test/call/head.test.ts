import { Socket } from "node:net";
import type { Result } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { HeadMemo } from "../../src/call/agent-request.ts";
import type { Head } from "../../src/call/call.ts";
import { readHead } from "../../src/call/head.ts";
import type { Refusal } from "../../src/call/refusal.ts";
import { NodeRequest } from "../../src/front/node-request.ts";

const CONFIG = {
  maxBodyBytes: 1_000,
  allowedHosts: new Set(["gateway.example:443"]),
  allowedOrigins: new Set(["https://app.example"]),
};
const keys = { tokenDigest: (token: string) => (token === "broken" ? undefined : `digest of ${token}`) };
const PATH = "/mcp/srv_0123456789ABCDef";

interface Sent {
  readonly path?: string;
  readonly verb?: string;
  readonly httpVersion?: number;
  /** Undefined takes a header of the plain request away. */
  readonly headers?: { readonly [name: string]: string | undefined };
}

function read(sent: Sent): Result<Head, Refusal> {
  return readHead(requestOf(sent), { config: CONFIG, keys });
}

/** A request as Node reads it. */
function requestOf({ path = PATH, verb = "POST", httpVersion = 1, headers = {} }: Sent): NodeRequest {
  const request = new NodeRequest(new Socket());
  request.url = path;
  request.method = verb;
  request.httpVersionMajor = httpVersion;
  request.httpVersionMinor = 1;
  const plain = {
    host: "gateway.example:443",
    authorization: "Bearer pcl_x",
    "content-type": "application/json",
  };
  for (const [name, value] of Object.entries({ ...plain, ...headers })) {
    if (value === undefined) continue;
    request.rawHeaders.push(name, value);
    request.headers[name] = value;
  }
  return request;
}

describe("a head that is read", () => {
  test("gives the few headers that the line reads", () => {
    const raw = ["host", "gateway.example:443", "authorization", "Bearer pcl_x", "content-type"];
    const headers = {
      accept: "application/json",
      "mcp-protocol-version": "2025-11-25",
      "mcp-session-id": "s",
      "last-event-id": "e",
      traceparent: "00-x",
    };
    expect(read({ headers })).toEqual({
      ok: true,
      value: {
        verb: "POST",
        serverId: "srv_0123456789ABCDef",
        digest: "digest of pcl_x",
        headers: {
          raw: [...raw, "application/json", ...Object.entries(headers).flat()],
          accept: "application/json",
          protocolVersion: "2025-11-25",
          sessionId: "s",
          lastEventId: "e",
          traceparent: "00-x",
        },
      },
    });
  });

  test.each<[string, Sent]>([
    ["a path with a last slash", { path: `${PATH}/` }],
    ["GET", { verb: "GET" }],
    ["DELETE with an empty body", { verb: "DELETE", headers: { "content-length": "0" } }],
    ["GET without a body's type", { verb: "GET", headers: { "content-type": undefined } }],
    ["a host in capitals", { headers: { host: "Gateway.Example:443" } }],
    ["an allowed origin, in capitals", { headers: { origin: "HTTPS://app.example" } }],
    ["a browser on the gateway's own site", { headers: { "sec-fetch-site": "same-origin" } }],
    ["a browser that no site sent", { headers: { "sec-fetch-site": "none" } }],
    [
      "a page of an allowed origin on another site",
      { headers: { origin: "https://app.example", "sec-fetch-site": "cross-site" } },
    ],
    ["a scheme in capitals (RFC 9110 11.1)", { headers: { authorization: "BEARER pcl_x" } }],
  ])("%s", (_, sent) => {
    const head = read(sent);
    expect([head.ok, head.ok && head.value.digest]).toEqual([true, "digest of pcl_x"]);
  });

  test.each([
    [512, "x".repeat(512)],
    [513, undefined],
  ])("a traceparent of %i characters", (length, kept) => {
    const head = read({ headers: { traceparent: "x".repeat(length) } });
    expect(head.ok && head.value.headers.traceparent).toBe(kept);
  });
});

describe("a head that comes again", () => {
  /** What is read of these requests, which the front found to have the same head, and how often a token was looked at. */
  function readAll(...all: readonly Sent[]) {
    const digested: string[] = [];
    const counting = {
      tokenDigest: (token: string) => {
        digested.push(token);
        return keys.tokenDigest(token);
      },
    };
    const memo: HeadMemo = { head: undefined };
    const tools = { config: CONFIG, keys: counting };
    const read = all.map((sent) => readHead(Object.assign(requestOf(sent), { memo }), tools));
    return { read, digested };
  }

  test("is judged once, and told with its own fields", () => {
    const sent = ["00-1", "00-2"].map((traceparent) => ({
      headers: { traceparent, "mcp-name": traceparent },
    }));
    expect(readAll(...sent)).toEqual({ read: sent.map(read), digested: ["pcl_x"] });
  });

  test("is refused each time", () => {
    const sent = { headers: { authorization: "Bearer broken" } };
    expect(readAll(sent, sent)).toEqual({ read: [read(sent), read(sent)], digested: ["broken", "broken"] });
  });
});

describe("a head that is refused", () => {
  const notFound: Refusal = { kind: "not-found" };
  const noHost: Refusal = { kind: "host-not-allowed" };
  const noOrigin: Refusal = { kind: "origin-not-allowed" };
  const noToken: Refusal = { kind: "unauthenticated" };
  const noVerb: Refusal = { kind: "method-not-allowed", allow: "POST, GET, DELETE" };
  const noBody: Refusal = { kind: "bad-header", detail: "this verb takes no body" };
  const encoded: Refusal = { kind: "unsupported-media-type", detail: "encoded bodies are not read" };
  test.each<[string, Sent, Refusal]>([
    ["another path", { path: "/" }, notFound],
    ["something before the path", { path: `/x${PATH}` }, notFound],
    ["something behind the path", { path: `${PATH}/x` }, notFound],
    ["two slashes", { path: `${PATH}//` }, notFound],
    ["an id of another length", { path: `${PATH}0` }, notFound],
    ["a query (threat 21)", { path: `${PATH}?x=1` }, notFound],
    ["a query on another path", { path: "/?a" }, notFound],
    ...["access_token", "token", "key", "api_key", "authorization", "TOKEN"].map(
      (name): [string, Sent, Refusal] => [
        `${name} in the URL`,
        { path: `${PATH}?a=1&${name}=x` },
        { kind: "token-in-url" },
      ],
    ),
    ["a token in the URL under another name", { path: `${PATH}?x=PCL_1` }, { kind: "token-in-url" }],
    ["a name that only ends as one", { path: `${PATH}?monkey=1` }, notFound],
    [
      "a header that two readers read two ways",
      { headers: { x_y: "1" } },
      { kind: "bad-header", detail: "a header name contains an underscore" },
    ],
    ["another host", { headers: { host: "evil.example" } }, noHost],
    ["no host", { headers: { host: undefined } }, noHost],
    ["another origin", { headers: { origin: "https://evil.example" } }, noOrigin],
    ["an origin that hides (threat 62)", { headers: { origin: "null" } }, noOrigin],
    ["another site without an origin (threat 62)", { headers: { "sec-fetch-site": "cross-site" } }, noOrigin],
    ["a neighbour of the site without an origin", { headers: { "sec-fetch-site": "same-site" } }, noOrigin],
    [
      "a request without a version, which nothing between frames in the same way (threat 16)",
      { httpVersion: 0 },
      { kind: "bad-header", detail: "only HTTP/1.1 is spoken" },
    ],
    ["a token that begins the query", { path: `${PATH}?token=x` }, { kind: "token-in-url" }],
    ["another verb", { verb: "PUT" }, noVerb],
    ["an encoded body", { headers: { "content-encoding": "gzip" } }, encoded],
    ["a body that is encoded as itself", { headers: { "content-encoding": "identity" } }, encoded],
    ["GET with a body", { verb: "GET", headers: { "content-length": "1" } }, noBody],
    ["DELETE with a body in chunks", { verb: "DELETE", headers: { "transfer-encoding": "chunked" } }, noBody],
    [
      "no type",
      { headers: { "content-type": undefined } },
      { kind: "unsupported-media-type", detail: "send `Content-Type: application/json`" },
    ],
    [
      "another type",
      { headers: { "content-type": "text/plain" } },
      { kind: "unsupported-media-type", detail: "only `application/json` in UTF-8 is read" },
    ],
    ["no token", { headers: { authorization: undefined } }, noToken],
    ["another scheme", { headers: { authorization: "Basic pcl_x" } }, noToken],
    ["a scheme behind something", { headers: { authorization: "x Bearer pcl_x" } }, noToken],
    ["something behind the token", { headers: { authorization: "Bearer pcl_x y" } }, noToken],
    ["text that is no token", { headers: { authorization: "Bearer broken" } }, noToken],
    ["two spaces", { headers: { authorization: "Bearer  pcl_x" } }, noToken],
    ["a token that is too long", { headers: { authorization: `Bearer ${"x".repeat(506)}` } }, noToken],
  ])("%s", (_, sent, error) => {
    expect(read(sent)).toEqual({ ok: false, error });
  });

  test("the longest token that is looked at", () => {
    const head = read({ headers: { authorization: `Bearer ${"x".repeat(505)}` } });
    expect(head.ok && head.value.digest).toBe(`digest of ${"x".repeat(505)}`);
  });
});
