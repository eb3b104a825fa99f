import { isUtf8 } from "node:buffer";
import { err, ok, type Result } from "@portcullis/policy";

/** Name, value, name, value, as `node:http` gives them: nothing joined, nothing dropped. */
export type RawHeaders = readonly string[];

/**
 * Why a request with these header lines is not read (HTTP 400), or undefined. Two readers must not be able to
 * see two requests in one: `node:http` keeps the first `Authorization` and joins two `Mcp-Name` lines, others
 * keep the last, and CGI-like servers read `mcp_name` as `Mcp-Name` (threat 16).
 */
export function findForbiddenHeader(raw: RawHeaders): string | undefined {
  let seen = 0;
  let seenOthers: Set<string> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    if (name.includes("_")) return "a header name contains an underscore";
    const lower = name.toLowerCase();
    const bit = SINGLE.get(lower);
    if (bit !== undefined) {
      if ((seen & bit) !== 0) return `the header \`${lower}\` appears more than once`;
      seen |= bit;
    } else if (lower.startsWith("mcp-")) {
      seenOthers ??= new Set();
      if (seenOthers.has(lower)) return `the header \`${shownName(lower)}\` appears more than once`;
      seenOthers.add(lower);
    }
  }
  return undefined;
}

/**
 * The one value of a header, without surrounding white space (RFC 9110 section 5.5); undefined when it is absent,
 * and also when it appears twice, so that no reader here ever chooses between two. `lowerName` is lower case.
 */
export function readHeader(raw: RawHeaders, lowerName: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue;
    if (found !== undefined) return undefined;
    found = raw[at + 1] ?? "";
  }
  return found === undefined ? undefined : trimBlanks(found);
}

/** Why a body of this `Content-Type` is not read (HTTP 415), or undefined for JSON in UTF-8 (threat 15). */
export function checkContentType(value: string | undefined): string | undefined {
  if (value === undefined) return "send `Content-Type: application/json`";
  return JSON_TYPE.test(value) ? undefined : "only `application/json` in UTF-8 is read";
}

/**
 * The text that a mirrored header value stands for: the value itself, or what its Base64 sentinel
 * `=?base64?…?=` holds. Decoded once, never twice. The error says what is wrong, without the value.
 * (2026-07-28 streamable-http "Value Encoding"; threat 18.)
 */
export function decodeHeaderValue(value: string): Result<string, string> {
  const trimmed = trimBlanks(value);
  if (!isVisible(trimmed)) return err("has characters outside visible ASCII");
  if (!isSentinel(trimmed)) return ok(trimmed);
  const inner = trimmed.slice(PREFIX.length, -SUFFIX.length);
  // `=?base64?=` begins and ends as the sentinel does, but has no place for a value.
  if (trimmed.length < PREFIX.length + SUFFIX.length) return err("has a malformed Base64 sentinel");
  const bytes = Buffer.from(inner, "base64");
  // Buffer skips what is no Base64 and forgives missing padding; only the canonical spelling comes back equal.
  if (bytes.toString("base64") !== inner) return err("is not canonical Base64");
  if (!isUtf8(bytes)) return err("is not UTF-8 inside its Base64");
  return ok(bytes.toString("utf8"));
}

/**
 * The header value that stands for `text`: itself where it is plain, else inside the Base64 sentinel. The empty
 * text is wrapped too, because some servers take an empty header for an absent one.
 */
export function encodeHeaderValue(text: string): string {
  const isPlain = text !== "" && isVisible(text) && trimBlanks(text) === text && !isSentinel(text);
  return isPlain ? text : `${PREFIX}${Buffer.from(text, "utf8").toString("base64")}${SUFFIX}`;
}

/** A name of a field (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  return text !== "";
}

const TOKEN = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[character.charCodeAt(0)] = 1;
}

/** RFC 9110 section 5.5: no control character but the tab; a bare CR or LF is one. */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

/** Lines that are sent again and again, in one piece: the parts of a text are otherwise joined for each time. */
export function onePiece(lines: string): string {
  return Buffer.from(lines, "latin1").toString("latin1");
}

/** Lines of which a second one could mean another request, sender or body, a bit for each; so can any other `mcp-*`. */
const SINGLE: ReadonlyMap<string, number> = new Map(
  [
    "accept",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "origin",
    "traceparent",
    "transfer-encoding",
  ].map((name, at) => [name, 1 << at]),
);

/** RFC 9110 section 8.3: type and charset are case-insensitive, the charset may be quoted; nothing else is allowed. */
const JSON_TYPE = /^[ \t]*application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

const PREFIX = "=?base64?";
const SUFFIX = "?=";

/** The markers are case-sensitive: `=?BASE64?…?=` is plain text. */
function isSentinel(value: string): boolean {
  return value.startsWith(PREFIX) && value.endsWith(SUFFIX);
}

/** RFC 9110 section 5.5 as the specification narrows it: visible ASCII, space and tab. */
function isVisible(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code > 0x7e || (code < 0x20 && code !== 0x09)) return false;
  }
  return true;
}

/** Without the spaces and tabs around it (RFC 9110 section 5.5). */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** A stranger chooses what follows `mcp-`; a refusal shows only a short, plain name. */
function shownName(lower: string): string {
  return /^mcp-[a-z-]{1,32}$/.test(lower) ? lower : "mcp-…";
}
