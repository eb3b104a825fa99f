/** A client of 2025-11-25 as a test needs it: every header and every byte its own. */
export const LEGACY = "2025-11-25";

export interface LegacySending {
  readonly session?: string | undefined;
  /** Without a message. Default GET. */
  readonly verb?: "GET" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Whose URL, and with which token. */
export interface Principal {
  readonly url: string;
  readonly token: string;
}

/** Sends one message, or one verb without a message. */
export function sendLegacy(
  { url, token }: Principal,
  message: object | undefined,
  { session, verb, headers, signal }: LegacySending = {},
): Promise<Response> {
  return fetch(url, {
    method: message === undefined ? (verb ?? "GET") : "POST",
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": LEGACY,
      ...(message === undefined ? {} : { "content-type": "application/json" }),
      ...(session === undefined ? {} : { "mcp-session-id": session }),
      ...headers,
    },
    ...(message === undefined ? {} : { body: JSON.stringify(message) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export function request(method: string, params: object = {}, id: number | string = 1): object {
  return { jsonrpc: "2.0", id, method, params };
}

export const INITIALIZE = request(
  "initialize",
  { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "test", version: "1" } },
  0,
);

/** A session's id; undefined where the server issues none. */
export async function openSession(to: Principal): Promise<string | undefined> {
  const response = await sendLegacy(to, INITIALIZE);
  await response.text();
  return response.headers.get("mcp-session-id") ?? undefined;
}
