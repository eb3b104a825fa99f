import { LEGACY_VERSION } from "../wire.ts";

/** Initialises a legacy session; the headers by which later calls belong to it. */
export async function openSession(
  url: string,
  headers: Record<string, string>,
): Promise<Record<string, string>> {
  const common = {
    ...headers,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
  };
  const post = (body: object, more: Record<string, string> = {}) =>
    fetch(url, {
      method: "POST",
      headers: { ...common, ...more },
      body: JSON.stringify({ jsonrpc: "2.0", ...body }),
    });
  const clientInfo = { name: "bench", version: "1" };
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const opened = await post({ id: 1, method: "initialize", params });
  const text = await opened.text();
  const id = opened.headers.get("mcp-session-id");
  if (id === null) throw new Error(`${url} opens no session: ${opened.status} ${text.slice(0, 300)}`);
  const session = { "mcp-session-id": id, "mcp-protocol-version": LEGACY_VERSION };
  await (await post({ method: "notifications/initialized" }, session)).text();
  return session;
}
