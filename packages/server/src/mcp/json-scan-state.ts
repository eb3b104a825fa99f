import { INVALID_REQUEST, PARSE_ERROR } from "./revisions.ts";

/** Why a body is not read. `reason` is stable and never contains anything of the body. */
export interface ReadError {
  readonly code: typeof PARSE_ERROR | typeof INVALID_REQUEST;
  readonly reason: string;
}

/** Bounds of one body. Depth counts objects and arrays, nodes count values, lengths are UTF-8 bytes after unescaping. */
export interface ReadLimits {
  readonly maxDepth: number;
  readonly maxNodes: number;
  readonly maxStringBytes: number;
  readonly maxKeyBytes: number;
}

/** One scan of a text: what it is held against, how far it came, why it stopped. */
export interface Scan {
  readonly text: string;
  readonly limits: ReadLimits;
  readonly isJson: boolean;
  nodes: number;
  /** The next quote and the next backslash, as far as anybody asked. */
  quoteAt: number;
  backslashAt: number;
  fault: ReadError | undefined;
}

/** Every scan function returns the place after what it read, or this. */
export const FAILED = -1;
export const SYNTAX: ReadError = { code: PARSE_ERROR, reason: "the body is not valid JSON" };

export function malformed(scan: Scan): typeof FAILED {
  return fail(scan, SYNTAX);
}

export function refuse(scan: Scan, reason: string): typeof FAILED {
  return fail(scan, { code: INVALID_REQUEST, reason });
}

export function fail(scan: Scan, fault: ReadError): typeof FAILED {
  scan.fault = fault;
  return FAILED;
}
