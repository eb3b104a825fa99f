import type { UpstreamFailure } from "../call/ports.ts";

/** What the head of a response says about the rest. */
export interface ResponseHead {
  /** `json`: collect it. `events`: a stream. `drop`: any small body, not passed on. `empty`: must have none. */
  readonly body: "json" | "events" | "drop" | "empty";
  readonly session: string | undefined;
}

/** 2025-11-25 transports "Session Management": visible ASCII; the length is ours, long enough for a signed token. */
const MAX_SESSION_LENGTH = 4096;
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * Reads the head of a final response (status 200 and above), or says why it cannot be used. Ambiguity is refused:
 * a second `Content-Type` or `Mcp-Session-Id` is garbage, and so is an encoding that nobody asked for.
 */
export function readResponseHead(
  status: number,
  raw: readonly string[],
  maxBodyBytes: number,
): ResponseHead | UpstreamFailure {
  const found = findHeaders(raw);
  if (found === undefined) return { kind: "garbage", sent: true, httpStatus: status };
  // Redirects are never followed; a credential would travel to a place nobody registered.
  if (status >= 300 && status < 400) return { kind: "redirect", sent: true, httpStatus: status };
  // F7: nobody asked for compression, so what is compressed is an attack or a broken server.
  if (found.encoding !== undefined && found.encoding.toLowerCase() !== "identity") {
    return { kind: "garbage", sent: true, httpStatus: status };
  }
  if (found.session !== undefined && !isSession(found.session)) {
    return { kind: "garbage", sent: true, httpStatus: status };
  }
  const body = bodyOf(status, found.type === undefined ? "" : essenceOf(found.type));
  if (body === "json" && found.length !== undefined && Number(found.length) > maxBodyBytes) {
    return { kind: "too-large", sent: true, httpStatus: status };
  }
  return { body, session: found.session };
}

/** True for the failure half of what {@link readResponseHead} returns. */
export function isFailure(head: ResponseHead | UpstreamFailure): head is UpstreamFailure {
  return "kind" in head;
}

function bodyOf(status: number, type: string): ResponseHead["body"] {
  if (type === "application/json") return "json";
  if (type === "text/event-stream" && status === 200) return "events";
  // Error pages of proxies, and `202 Accepted` with a word of text: the status says it all.
  return status >= 400 || status === 202 || status === 204 ? "drop" : "empty";
}

interface FoundHeaders {
  type: string | undefined;
  encoding: string | undefined;
  session: string | undefined;
  length: string | undefined;
}

/** The headers that matter, by length first: most names are passed over unread. */
function findHeaders(raw: readonly string[]): FoundHeaders | undefined {
  const found: FoundHeaders = { type: undefined, encoding: undefined, session: undefined, length: undefined };
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at];
    const value = raw[at + 1];
    if (name === undefined || value === undefined) continue;
    if (!note(found, name, value)) return undefined;
  }
  return found;
}

/** False for a second one of a header that matters. */
function note(found: FoundHeaders, name: string, value: string): boolean {
  let before: string | undefined;
  if (isNamed(name, "content-type")) {
    before = found.type;
    found.type = value;
  } else if (isNamed(name, "content-length")) {
    before = found.length;
    found.length = value;
  } else if (isNamed(name, "mcp-session-id")) {
    before = found.session;
    found.session = value;
  } else if (isNamed(name, "content-encoding")) {
    before = found.encoding;
    found.encoding = value;
  }
  return before === undefined;
}

function isNamed(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && (name === lowerCase || name.toLowerCase() === lowerCase);
}

function essenceOf(type: string): string {
  if (type === "application/json" || type === "text/event-stream") return type;
  const end = type.indexOf(";");
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase();
}

function isSession(value: string): boolean {
  return value.length <= MAX_SESSION_LENGTH && VISIBLE.test(value);
}
