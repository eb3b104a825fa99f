import { describe, expect, test } from "vitest";
import type { UpstreamFailure } from "../../src/call/ports.ts";
import { failureText, type Refusal, type RefusalContext } from "../../src/call/refusal.ts";
import { RETRY_AFTER_META, toWire } from "../../src/call/wire.ts";
import { LEGACY_VERSIONS, MODERN_VERSION } from "../../src/mcp/revisions.ts";

const MODERN_CALL: RefusalContext = { id: 7, era: "modern", isToolCall: true };
const LEGACY_CALL: RefusalContext = { id: 7, era: "legacy", isToolCall: true };
const OTHER: RefusalContext = { id: "r", era: "modern", isToolCall: false };
const NO_REQUEST: RefusalContext = { id: undefined, era: "modern", isToolCall: false };
const CUT: UpstreamFailure = { kind: "cut", sent: true };
const AWAY: UpstreamFailure = { kind: "unreachable", sent: false };

/** The answer, its body read. */
function wire(refusal: Refusal, context: RefusalContext) {
  const { status, headers, body } = toWire(refusal, context);
  const [type, json, ...others] = headers;
  expect([type, json]).toEqual(["content-type", "application/json"]);
  return { status, headers: others, body: JSON.parse(body) as unknown };
}

const error = (code: number, message: string, id: unknown = null, data?: unknown) => ({
  jsonrpc: "2.0",
  id,
  error: data === undefined ? { code, message } : { code, message, data },
});

describe("before anybody is known, an answer has no id", () => {
  test.each<[Refusal, number, string, readonly string[]]>([
    [{ kind: "not-found" }, 404, "Not found.", []],
    [{ kind: "method-not-allowed", allow: "POST" }, 405, "Method not allowed.", ["allow", "POST"]],
    [
      { kind: "host-not-allowed" },
      403,
      "This Host is not served here; the operator can allow it with `allowedHosts`.",
      [],
    ],
    [
      { kind: "origin-not-allowed" },
      403,
      "This Origin is not allowed; the operator can allow it with `allowedOrigins`.",
      [],
    ],
    [{ kind: "bad-header", detail: "two lengths" }, 400, "Bad request: two lengths.", []],
    [{ kind: "unsupported-media-type", detail: "text" }, 415, "Unsupported media type: text.", []],
    [{ kind: "token-in-url" }, 400, "A token in the URL is refused; send it as `Authorization: Bearer`.", []],
    [
      { kind: "unauthenticated" },
      401,
      "A valid grant token is required as `Authorization: Bearer`.",
      ["www-authenticate", 'Bearer realm="portcullis"'],
    ],
    [{ kind: "throttled", retryAfterS: 9 }, 429, "Too many failed attempts.", ["retry-after", "9"]],
    [{ kind: "body-too-large", maxBytes: 5 }, 413, "The body is larger than 5 bytes.", []],
    [{ kind: "body-aborted" }, 400, "The body is not complete.", ["connection", "close"]],
  ])("$kind", (refusal, status, message, headers) => {
    expect(wire(refusal, NO_REQUEST)).toEqual({ status, headers, body: error(-32600, message) });
  });
});

describe("a message that has no route", () => {
  test.each<[Refusal, RefusalContext, number, object]>([
    [{ kind: "malformed", code: -32700, reason: "Not JSON." }, NO_REQUEST, 400, error(-32700, "Not JSON.")],
    [{ kind: "malformed", code: -32602, reason: "No name." }, OTHER, 400, error(-32602, "No name.", "r")],
    [
      { kind: "header-mismatch", detail: "`mcp-name` differs" },
      OTHER,
      400,
      error(-32020, "Header mismatch: `mcp-name` differs", "r"),
    ],
    [
      { kind: "unsupported-version", requested: "x", supported: ["a"] },
      OTHER,
      400,
      error(-32022, "Unsupported protocol version", "r", { supported: ["a"], requested: "x" }),
    ],
    [{ kind: "unknown-method", method: "x/y" }, OTHER, 404, error(-32601, "Method not found: x/y", "r")],
    [{ kind: "unknown-method", method: "x/y" }, LEGACY_CALL, 200, error(-32601, "Method not found: x/y", 7)],
    [
      { kind: "session-unknown" },
      LEGACY_CALL,
      404,
      error(-32000, "Session not found; send `initialize` again.", 7),
    ],
    [
      { kind: "session-missing" },
      LEGACY_CALL,
      400,
      error(-32000, "Bad request: the `Mcp-Session-Id` header is required; send `initialize` first.", 7),
    ],
    [
      { kind: "era-mismatch", server: "s", speaks: "legacy" },
      OTHER,
      400,
      error(-32022, "`s` speaks earlier revisions only; use initialize.", "r", {
        supported: LEGACY_VERSIONS,
        requested: MODERN_VERSION,
      }),
    ],
    [
      { kind: "era-mismatch", server: "s", speaks: "modern" },
      LEGACY_CALL,
      400,
      error(-32022, `\`s\` speaks ${MODERN_VERSION} only.`, 7, {
        supported: [MODERN_VERSION],
        requested: "initialize",
      }),
    ],
    [
      { kind: "handle-unknown", what: "cursor" },
      OTHER,
      400,
      error(-32602, "Unknown or expired cursor.", "r"),
    ],
    [{ kind: "handle-unknown", what: "task" }, OTHER, 404, error(-32602, "Unknown or expired task.", "r")],
    [
      { kind: "handle-unknown", what: "requestState" },
      OTHER,
      400,
      error(-32602, "Unknown or expired requestState.", "r"),
    ],
    [
      { kind: "capability-missing", extension: "org.example/x" },
      OTHER,
      400,
      error(-32021, "Missing required client capability", "r", {
        requiredCapabilities: { extensions: { "org.example/x": {} } },
      }),
    ],
    [{ kind: "duplicate-id" }, OTHER, 400, error(-32600, "A request with this id is still in flight.", "r")],
  ])("$kind", (refusal, context, status, body) => {
    expect(wire(refusal, context)).toEqual({ status, headers: [], body });
  });
});

describe("policy-spec R3: what concerns a tool call is a tool result, else a JSON-RPC error", () => {
  const rejected = (httpStatus: number): Refusal => ({ kind: "upstream-rejected", server: "s", httpStatus });
  test.each<[string, Refusal, number, string]>([
    ["a denial", { kind: "denied", message: "No." }, -32602, "[POLICY DENIED] No."],
    ["a hold", { kind: "held", message: "Wait." }, -32602, "[POLICY DENIED] Wait."],
    [
      "a server that cannot be reached",
      { kind: "upstream-failed", server: "s", failure: AWAY, deadlineMs: 1 },
      -32603,
      "[UPSTREAM ERROR] `s`: it cannot be reached. Nothing was executed.",
    ],
    [
      "a server that was cut off",
      { kind: "upstream-failed", server: "s", failure: CUT, deadlineMs: 1 },
      -32603,
      "[UPSTREAM ERROR] `s`: the connection was cut before the answer was complete. The call may have run.",
    ],
    ["a server's own fault", rejected(502), -32603, "[UPSTREAM ERROR] `s` answered HTTP 502."],
    ["the gateway's credential", rejected(401), -32603, "[UPSTREAM ERROR] `s` answered HTTP 401."],
    [
      "an invalid answer",
      { kind: "upstream-invalid", server: "s", reason: "not JSON" },
      -32603,
      "[UPSTREAM ERROR] `s` gave an invalid answer: not JSON.",
    ],
    ["a request of the server", { kind: "input-denied", message: "No." }, -32602, "[POLICY DENIED] No."],
  ])("%s", (_, refusal, code, text) => {
    const result = { content: [{ type: "text", text }], isError: true };
    const told = [MODERN_CALL, LEGACY_CALL, OTHER, NO_REQUEST].map((context) => wire(refusal, context));
    expect(told).toEqual([
      {
        status: 200,
        headers: [],
        body: { jsonrpc: "2.0", id: 7, result: { resultType: "complete", ...result } },
      },
      { status: 200, headers: [], body: { jsonrpc: "2.0", id: 7, result } },
      { status: 200, headers: [], body: error(code, text, "r") },
      { status: 502, headers: [], body: error(code, text) },
    ]);
  });

  test("a limit's denial says when to try again", () => {
    expect(wire({ kind: "denied", message: "No.", retryAfterMs: 0 }, LEGACY_CALL).body).toEqual({
      jsonrpc: "2.0",
      id: 7,
      result: {
        content: [{ type: "text", text: "[POLICY DENIED] No." }],
        isError: true,
        _meta: { [RETRY_AFTER_META]: 0 },
      },
    });
    expect(RETRY_AFTER_META).toBe("io.portcullis/retryAfterMs");
  });

  test("a busy server says when to try again (faults F8)", () => {
    const failure: UpstreamFailure = { kind: "busy", sent: false };
    const told = wire({ kind: "upstream-failed", server: "s", failure, deadlineMs: 0 }, LEGACY_CALL);
    expect(told.body).toMatchObject({ result: { isError: true, _meta: { [RETRY_AFTER_META]: 1_000 } } });
  });

  test("a client's own fault keeps its status", () => {
    const statuses = [400, 404, 405, 406, 409, 413, 415].map((status) => wire(rejected(status), MODERN_CALL));
    expect(statuses).toEqual(
      [400, 404, 405, 406, 409, 413, 415].map((status) => ({
        status,
        headers: [],
        body: error(-32603, `[UPSTREAM ERROR] \`s\` answered HTTP ${status}.`, 7),
      })),
    );
  });

  test.each<[Refusal, number, readonly string[], object]>([
    [{ kind: "unknown-tool", name: "x" }, 200, [], error(-32602, "Unknown tool: x", 7)],
    [
      { kind: "audit-unavailable" },
      503,
      ["retry-after", "1"],
      error(-32603, "The audit log cannot be written, so nothing was executed.", 7),
    ],
    [
      { kind: "list-unavailable", server: "s", failure: { kind: "deadline", sent: true } },
      200,
      [],
      error(
        -32603,
        "The tool list of `s` cannot be had: it did not answer in time. Nothing was executed.",
        7,
      ),
    ],
    [{ kind: "internal" }, 500, [], error(-32603, "Internal error; nothing more was executed.", 7)],
  ])("$kind is an error of the protocol", (refusal, status, headers, body) => {
    expect(wire(refusal, MODERN_CALL)).toEqual({ status, headers, body });
  });
});

test.each<[UpstreamFailure["kind"], string]>([
  ["unreachable", "it cannot be reached"],
  ["refused-address", "its address is not allowed here"],
  ["tls", "its TLS certificate is not valid"],
  ["busy", "too many calls are waiting for it; try again shortly"],
  ["deadline", "it did not answer within 56 s"],
  ["stalled", "its answer stalled"],
  ["cut", "the connection was cut before the answer was complete"],
  ["garbage", "its answer is not valid"],
  ["too-large", "its answer is too large"],
  ["exited", "its process ended"],
  ["redirect", "it answered with a redirect, which is never followed"],
])("a failure in plain words: %s", (kind, text) => {
  expect(failureText({ kind, sent: true }, 55_600)).toBe(text);
});
