import { err, isJsonObject, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import { decodeHeaderValue, type RawHeaders, readHeader } from "./headers.ts";
import type { Message, RequestId } from "./json-rpc.ts";
import {
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO_META,
  clientMethod,
  HEADER_MISMATCH,
  INVALID_PARAMS,
  INVALID_REQUEST,
  isLegacyVersion,
  type MessageEra,
  MODERN_VERSION,
  PROTOCOL_VERSION_META,
  UNSUPPORTED_VERSION,
} from "./revisions.ts";

/** What is wrong with a message of an era that is spoken. */
export interface MessageError {
  readonly code: typeof HEADER_MISMATCH | typeof INVALID_PARAMS | typeof INVALID_REQUEST;
  readonly reason: string;
  readonly id?: RequestId;
}

/** Why a message belongs to no era here, or its headers say something else than its body: HTTP 400 in every case. */
export type EraError =
  | MessageError
  | {
      readonly code: typeof UNSUPPORTED_VERSION;
      readonly reason: string;
      readonly requested: string;
      readonly id?: RequestId;
    };

/**
 * The era that a client's message over HTTP speaks. The body decides: a message with the envelope
 * `_meta["io.modelcontextprotocol/protocolVersion"]` is modern, and the header must say the same (threats 17, 20).
 *
 * `header` is the value of `MCP-Protocol-Version`, undefined when absent. A header with a version that nobody
 * speaks is -32022 whatever the body says; a known one that differs from the body is -32020; a modern request
 * without its required `_meta` members is -32602 (2026-07-28 basic/index "Per-request protocol fields").
 */
export function eraOfMessage(message: Message, header: string | undefined): Result<MessageEra, EraError> {
  if (header !== undefined && header !== MODERN_VERSION && !isLegacyVersion(header)) {
    return unsupported(message, header);
  }
  if (message.kind === "response") {
    // 2026-07-28 streamable-http "Sending Messages" 4: clients send no responses.
    return header === MODERN_VERSION
      ? err({ code: INVALID_REQUEST, reason: "this revision has no responses from clients", id: message.id })
      : ok("legacy");
  }
  const meta = metaOf(message.params);
  if (meta === undefined || !Object.hasOwn(meta, PROTOCOL_VERSION_META))
    return eraWithoutClaim(message, header);
  const claim = meta[PROTOCOL_VERSION_META];
  if (typeof claim !== "string")
    return invalid(message, `\`_meta["${PROTOCOL_VERSION_META}"]\` must be a string`);
  if (header === undefined) {
    // No header requirement exists for notifications; requests MUST carry it.
    if (message.kind === "request") return mismatch(message, "the `MCP-Protocol-Version` header is missing");
  } else if (header !== claim) {
    return mismatch(message, "the `MCP-Protocol-Version` header differs from the body");
  }
  // An envelope exists from 2026-07-28 on: one that names an earlier version is spoken by nobody.
  if (claim !== MODERN_VERSION) return unsupported(message, claim);
  return checkEnvelope(message, meta);
}

/**
 * The era of a message on stdio, where no headers exist: the envelope alone decides
 * (2026-07-28 basic/versioning "A dual-era server selects its behavior from how the client opens").
 */
export function eraOnStdio(message: Message): Result<MessageEra, EraError> {
  if (message.kind === "response") return ok("legacy");
  const claim = metaOf(message.params)?.[PROTOCOL_VERSION_META];
  return eraOfMessage(message, typeof claim === "string" ? claim : undefined);
}

/**
 * Checks `Mcp-Method` and `Mcp-Name` of a modern message against its body; undefined when they agree. They are
 * required on requests. The body decides anyway; a difference means that somebody on the way was told something
 * else (2026-07-28 streamable-http "Server Validation"; threat 17).
 */
export function checkMirrors(message: Message, raw: RawHeaders): MessageError | undefined {
  if (message.kind === "response") return undefined;
  const method = readHeader(raw, "mcp-method");
  if (method === undefined) {
    return message.kind === "request"
      ? mirrorError(message, "the `Mcp-Method` header is missing")
      : undefined;
  }
  // Values are case-sensitive, and the sentinel is for Mcp-Name and Mcp-Param-* only.
  if (method !== message.method) return mirrorError(message, "the `Mcp-Method` header differs from the body");
  return message.kind === "request" ? checkName(message, raw) : undefined;
}

function checkName(message: Message & { kind: "request" }, raw: RawHeaders): MessageError | undefined {
  const nameParam = clientMethod(message.method, "modern")?.nameParam;
  if (nameParam === undefined) return undefined;
  const header = readHeader(raw, "mcp-name");
  const named = message.params === undefined ? undefined : own(message.params, nameParam);
  if (header === undefined) {
    // A body without the name itself is refused as what it is, invalid params, by whoever reads the name.
    return typeof named === "string" ? mirrorError(message, "the `Mcp-Name` header is missing") : undefined;
  }
  const decoded = decodeHeaderValue(header);
  if (!decoded.ok) return mirrorError(message, `the \`Mcp-Name\` header ${decoded.error}`);
  return decoded.value === named
    ? undefined
    : mirrorError(message, "the `Mcp-Name` header differs from the body");
}

function eraWithoutClaim(
  message: Exclude<Message, { kind: "response" }>,
  header: string | undefined,
): Result<MessageEra, EraError> {
  if (header !== MODERN_VERSION) return ok("legacy");
  // `initialize` opens the legacy era and contradicts a modern header.
  if (message.method === "initialize")
    return mismatch(message, "`initialize` does not exist in this revision");
  if (message.kind === "notification") return ok("modern");
  return invalid(message, `\`params._meta["${PROTOCOL_VERSION_META}"]\` is required`);
}

function checkEnvelope(message: Message, meta: JsonObject): Result<MessageEra, EraError> {
  if (message.kind === "notification") return ok("modern");
  if (!isJsonObject(own(meta, CLIENT_CAPABILITIES_META))) {
    return invalid(
      message,
      `\`params._meta["${CLIENT_CAPABILITIES_META}"]\` is required and must be an object`,
    );
  }
  const client = own(meta, CLIENT_INFO_META);
  if (client !== undefined && !isJsonObject(client)) {
    return invalid(message, `\`params._meta["${CLIENT_INFO_META}"]\` must be an object`);
  }
  return ok("modern");
}

function metaOf(params: JsonObject | undefined): JsonObject | undefined {
  const meta = params === undefined ? undefined : own(params, "_meta");
  return isJsonObject(meta) ? meta : undefined;
}

function mismatch(message: Message, reason: string): Result<never, EraError> {
  return err(mirrorError(message, reason));
}

function mirrorError(message: Message, reason: string): MessageError {
  return { code: HEADER_MISMATCH, reason, ...idOf(message) };
}

function invalid(message: Message, reason: string): Result<never, EraError> {
  return err({ code: INVALID_PARAMS, reason, ...idOf(message) });
}

function unsupported(message: Message, requested: string): Result<never, EraError> {
  return err({
    code: UNSUPPORTED_VERSION,
    reason: "unsupported protocol version",
    requested,
    ...idOf(message),
  });
}

function idOf(message: Message): { readonly id?: RequestId } {
  return message.kind === "notification" ? {} : { id: message.id };
}
