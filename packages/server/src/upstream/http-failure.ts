import type { UpstreamFailure } from "../call/ports.ts";
import { ResponseError } from "./http1/connection.ts";

/** Certificate errors of OpenSSL that carry none of the prefixes below. */
const TLS_CODES: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "EPROTO",
]);
const TLS_PREFIXES = ["ERR_TLS_", "ERR_SSL_", "CERT_", "UNABLE_TO_", "CRL_", "ERROR_IN_CERT_"];

/** The connection was torn down here because a request stayed unread. */
export const UNREAD_WRITE = "PORTCULLIS_UNREAD_WRITE";

/**
 * The failure that an error of the HTTP client stands for (F6, F34). `sent` must be true from the moment on which
 * the client took a connection for the request: whether its bytes arrived is unknown then.
 */
export function failureOf(error: unknown, sent: boolean, httpStatus: number | undefined): UpstreamFailure {
  const kind = sent ? kindAfterSend(error) : kindBeforeSend(error);
  return httpStatus === undefined ? { kind, sent } : { kind, sent, httpStatus };
}

function kindBeforeSend(error: unknown): UpstreamFailure["kind"] {
  const code = codeOf(error);
  if (code === "PORTCULLIS_REFUSED_ADDRESS") return "refused-address";
  const isTls = TLS_CODES.has(code) || TLS_PREFIXES.some((prefix) => code.startsWith(prefix));
  return isTls ? "tls" : "unreachable";
}

function kindAfterSend(error: unknown): UpstreamFailure["kind"] {
  if (codeOf(error) === UNREAD_WRITE) return "stalled";
  return error instanceof ResponseError ? error.fault : "cut";
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
