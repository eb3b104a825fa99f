/** Real clients, each as its SDK makes it. */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const CLIENT = { name: "portcullis-test", version: "1.0.0" };

/** What every client can do, whichever SDK it is of. */
export interface Caller {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

/** Where a client goes, as it stands in its `mcp.json`. */
export interface Endpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A grant's endpoint. */
export function endpointOf({ url, token }: { readonly url: string; readonly token: string }): Endpoint {
  return { url, headers: { authorization: `Bearer ${token}` } };
}

/** SDK 1.x: begins with `initialize`. */
export async function connectSdk1({ url, headers }: Endpoint): Promise<Client> {
  const client = new Client(CLIENT);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** SDK 1.x over the standard input and output of `command`. */
export async function connectSdk1Stdio(
  [program = "", ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<Client> {
  const client = new Client(CLIENT);
  await client.connect(new StdioClientTransport({ command: program, args, env, stderr: "ignore" }));
  return client;
}

/** SDK 2.x: asks `server/discover` first in mode `auto`, begins with `initialize` in mode `legacy`. */
export async function connectSdk2(
  { url, headers }: Endpoint,
  mode: "auto" | "legacy" = "auto",
): Promise<ModernClient> {
  const client = new ModernClient(CLIENT, { versionNegotiation: { mode } });
  await client.connect(new ModernHttp(new URL(url), { requestInit: { headers } }));
  return client;
}

/** SDK 2.x over the standard input and output of `command`. */
export async function connectSdk2Stdio(
  [program = "", ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<ModernClient> {
  const client = new ModernClient(CLIENT, { versionNegotiation: { mode: "auto" } });
  await client.connect(new ModernStdio({ command: program, args, env, stderr: "ignore" }));
  return client;
}
