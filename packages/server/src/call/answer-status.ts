import {
  HEADER_MISMATCH,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  UNSUPPORTED_VERSION,
} from "../mcp/revisions.ts";
import type { Ending } from "./settle.ts";

/** 2026-07-28 transports: these errors have a status of their own, which a server on stdio cannot give. */
export function modernStatus(status: number, ending: Ending): number {
  if (status !== 200 || ending.kind !== "rpc-error") return status;
  if (ending.code === METHOD_NOT_FOUND) return 404;
  return PROTOCOL_ERRORS.has(ending.code) ? 400 : status;
}

const PROTOCOL_ERRORS: ReadonlySet<number> = new Set([
  HEADER_MISMATCH,
  MISSING_CAPABILITY,
  UNSUPPORTED_VERSION,
]);
