/** A client of 2026-07-28 as a test needs it: every header and every byte its own. */
import type { Principal } from "./legacy-client.ts";

export const MODERN = "2026-07-28";
export const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface ModernSending {
  /** Undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly meta?: object;
  readonly signal?: AbortSignal;
  readonly id?: number;
}

/** Sends one request with its mirrors. */
export function sendModern(
  { url, token }: Principal,
  method: string,
  params: object,
  { headers = {}, meta = META, signal, id = 1 }: ModernSending = {},
): Promise<Response> {
  const { name, uri } = params as { name?: string; uri?: string };
  const mirrored: Readonly<Record<string, string | undefined>> = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": MODERN,
    "mcp-method": method,
    "mcp-name": name ?? uri,
    ...headers,
  };
  return fetch(url, {
    method: "POST",
    headers: Object.entries(mirrored).filter((pair): pair is [string, string] => pair[1] !== undefined),
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } }),
    ...(signal === undefined ? {} : { signal }),
  });
}
