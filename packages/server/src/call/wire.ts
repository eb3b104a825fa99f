/** Refusals on the wire: no path, stack, version or value leaves here. */
import { maskSecrets } from "../mcp/mask-secrets.ts";
import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  LEGACY_VERSIONS,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  MODERN_VERSION,
  UNSUPPORTED_VERSION,
} from "../mcp/revisions.ts";
import type { UpstreamFailure } from "./ports.ts";
import { failureText, type Refusal, type RefusalContext } from "./refusal.ts";

export interface WireAnswer {
  readonly status: number;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** `_meta` member on a limit's denial: milliseconds until the call may succeed (policy-spec R3). */
export const RETRY_AFTER_META = "io.portcullis/retryAfterMs";
/** What the same member says of a server whose places are taken (faults F8): nobody knows when one is free. */
const BUSY_RETRY_MS = 1_000;

export const NO_APPROVALS_YET =
  "This call needs a person's approval, and this gateway has no approvals yet. Nothing was executed.";

const SERVER_NOT_READY = -32000;

/** The answer on the wire, for every refusal there is. */
export function toWire(refusal: Refusal, context: RefusalContext): WireAnswer {
  // The kind that chooses the function is that of its argument, which the compiler cannot follow through an index.
  const answer = ANSWERS[refusal.kind] as (refusal: Refusal, context: RefusalContext) => WireAnswer;
  return answer(refusal, context);
}

type Of<Kind extends Refusal["kind"]> = Extract<Refusal, { kind: Kind }>;

/** Every kind has its line: a new one does not compile without. */
const ANSWERS: {
  readonly [Kind in Refusal["kind"]]: (refusal: Of<Kind>, context: RefusalContext) => WireAnswer;
} = {
  // before anybody is known
  "not-found": (_, context) => error(404, context, INVALID_REQUEST, "Not found."),
  "method-not-allowed": ({ allow }, context) =>
    error(405, context, INVALID_REQUEST, "Method not allowed.", ["allow", allow]),
  "host-not-allowed": (_, context) => notAllowed("This Host is not served here", "allowedHosts", context),
  "origin-not-allowed": (_, context) => notAllowed("This Origin is not allowed", "allowedOrigins", context),
  "bad-header": ({ detail }, context) => error(400, context, INVALID_REQUEST, `Bad request: ${detail}.`),
  "unsupported-media-type": ({ detail }, context) =>
    error(415, context, INVALID_REQUEST, `Unsupported media type: ${detail}.`),
  "token-in-url": (_, context) =>
    error(
      400,
      context,
      INVALID_REQUEST,
      "A token in the URL is refused; send it as `Authorization: Bearer`.",
    ),
  unauthenticated: (_, context) =>
    error(401, context, INVALID_REQUEST, "A valid grant token is required as `Authorization: Bearer`.", [
      "www-authenticate",
      'Bearer realm="portcullis"',
    ]),
  throttled: ({ retryAfterS }, context) =>
    error(429, context, INVALID_REQUEST, "Too many failed attempts.", ["retry-after", String(retryAfterS)]),
  // the message
  // Without `Connection: close`, with which Node cuts before the client has sent all, and so before it reads.
  "body-too-large": ({ maxBytes }, context) =>
    error(413, context, INVALID_REQUEST, `The body is larger than ${maxBytes} bytes.`),
  "body-aborted": (_, context) =>
    error(400, context, INVALID_REQUEST, "The body is not complete.", ["connection", "close"]),
  malformed: ({ code, reason }, context) => error(400, context, code, reason),
  "header-mismatch": ({ detail }, context) =>
    error(400, context, HEADER_MISMATCH, `Header mismatch: ${detail}`),
  "unsupported-version": ({ supported, requested }, context) =>
    error(400, context, UNSUPPORTED_VERSION, "Unsupported protocol version", [], {
      supported,
      requested: maskSecrets(requested),
    }),
  // 2026-07-28: an unknown method is HTTP 404 with -32601; earlier revisions answer 200.
  "unknown-method": ({ method }, context) =>
    error(
      context.era === "modern" ? 404 : 200,
      context,
      METHOD_NOT_FOUND,
      `Method not found: ${maskSecrets(method)}`,
    ),
  "session-unknown": (_, context) =>
    error(404, context, SERVER_NOT_READY, "Session not found; send `initialize` again."),
  "session-missing": (_, context) =>
    error(
      400,
      context,
      SERVER_NOT_READY,
      "Bad request: the `Mcp-Session-Id` header is required; send `initialize` first.",
    ),
  "era-mismatch": eraMismatch,
  "handle-unknown": ({ what }, context) =>
    error(what === "task" ? 404 : 400, context, INVALID_PARAMS, `Unknown or expired ${what}.`),
  "capability-missing": ({ extension }, context) =>
    error(400, context, MISSING_CAPABILITY, "Missing required client capability", [], {
      requiredCapabilities: { extensions: { [extension]: {} } },
    }),
  "duplicate-id": (_, context) =>
    error(400, context, INVALID_REQUEST, "A request with this id is still in flight."),
  // the verdict
  // policy-spec R4: hidden and unknown are the same answer, byte for byte but for the name.
  "unknown-tool": ({ name }, context) =>
    error(200, context, INVALID_PARAMS, `Unknown tool: ${maskSecrets(name)}`),
  denied: ({ message, retryAfterMs }, context) => denied(message, context, retryAfterMs),
  held: ({ message }, context) => denied(message, context),
  // what the call needs
  "audit-unavailable": (_, context) =>
    error(503, context, INTERNAL_ERROR, "The audit log cannot be written, so nothing was executed.", [
      "retry-after",
      "1",
    ]),
  "list-unavailable": ({ server, failure }, context) =>
    error(
      200,
      context,
      INTERNAL_ERROR,
      `The tool list of \`${server}\` cannot be had: ${failureText(failure, 0)}. Nothing was executed.`,
    ),
  "upstream-failed": ({ server, failure, deadlineMs }, context) =>
    told(
      context,
      upstreamText(server, failure, deadlineMs),
      INTERNAL_ERROR,
      failure.kind === "busy" ? BUSY_RETRY_MS : undefined,
    ),
  "upstream-rejected": rejected,
  "upstream-invalid": ({ server, reason }, context) =>
    told(context, `[UPSTREAM ERROR] \`${server}\` gave an invalid answer: ${reason}.`, INTERNAL_ERROR),
  "input-denied": ({ message }, context) => denied(message, context),
  internal: (_, context) => error(500, context, INTERNAL_ERROR, "Internal error; nothing more was executed."),
};

function notAllowed(what: string, setting: string, context: RefusalContext): WireAnswer {
  const text = `${what}; the operator can allow it with \`${setting}\`.`;
  return error(403, context, INVALID_REQUEST, text);
}

function denied(message: string, context: RefusalContext, retryAfterMs?: number): WireAnswer {
  return told(context, `[POLICY DENIED] ${message}`, INVALID_PARAMS, retryAfterMs);
}

function upstreamText(server: string, failure: UpstreamFailure, deadlineMs: number): string {
  const ran = failure.sent ? "The call may have run." : "Nothing was executed.";
  return `[UPSTREAM ERROR] \`${server}\`: ${failureText(failure, deadlineMs)}. ${ran}`;
}

/** A client's fault keeps its status; what concerns the gateway's own credential or the server is told in words. */
function rejected({ server, httpStatus }: Of<"upstream-rejected">, context: RefusalContext): WireAnswer {
  const text = `[UPSTREAM ERROR] \`${server}\` answered HTTP ${httpStatus}.`;
  return CLIENT_FAULTS.has(httpStatus)
    ? error(httpStatus, context, INTERNAL_ERROR, text)
    : told(context, text, INTERNAL_ERROR);
}

const CLIENT_FAULTS: ReadonlySet<number> = new Set([400, 404, 405, 406, 409, 413, 415]);

/** The bridge between eras is not built: say which era the server speaks, in the words of the caller's era. */
function eraMismatch({ server, speaks }: Of<"era-mismatch">, context: RefusalContext): WireAnswer {
  const [text, data] =
    speaks === "legacy"
      ? [
          `\`${server}\` speaks earlier revisions only; use initialize.`,
          { supported: LEGACY_VERSIONS, requested: MODERN_VERSION },
        ]
      : [
          `\`${server}\` speaks ${MODERN_VERSION} only.`,
          { supported: [MODERN_VERSION], requested: "initialize" },
        ];
  return error(400, context, UNSUPPORTED_VERSION, text, [], data);
}

/** A tool result where the model should read the reason (policy-spec R3), a JSON-RPC error elsewhere. */
function told(context: RefusalContext, text: string, code: number, retryAfterMs?: number): WireAnswer {
  // Without a request there is no JSON-RPC answer to read, only a status.
  if (context.id === undefined) return error(502, context, code, text);
  if (!context.isToolCall) return error(200, context, code, text);
  const result = {
    ...(context.era === "modern" ? { resultType: "complete" } : {}),
    content: [{ type: "text", text }],
    isError: true,
    ...(retryAfterMs === undefined ? {} : { _meta: { [RETRY_AFTER_META]: retryAfterMs } }),
  };
  return json(200, [], { jsonrpc: "2.0", id: context.id, result });
}

function error(
  status: number,
  context: RefusalContext,
  code: number,
  message: string,
  headers: readonly string[] = [],
  data?: unknown,
): WireAnswer {
  // JSON-RPC: the id is null when it could not be read; 2026-07-28 lets an error without a request carry none.
  return json(status, headers, {
    jsonrpc: "2.0",
    id: context.id ?? null,
    error: data === undefined ? { code, message } : { code, message, data },
  });
}

function json(status: number, headers: readonly string[], value: unknown): WireAnswer {
  return { status, headers: ["content-type", "application/json", ...headers], body: JSON.stringify(value) };
}
