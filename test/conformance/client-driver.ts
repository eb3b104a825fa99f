/**
 * The client that the official suite starts, with the URL of its server as the last argument: an SDK client that
 * plays one scenario, straight or (`--through-gateway`) through a gateway of its own, so that what reaches the
 * suite's server is what the gateway sends. Says `completed` when it got through.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { startRig } from "../e2e/harness.ts";
import { ALLOW_ALL } from "./pair.ts";

type Play = (client: Client, way: Way) => Promise<void>;

/** How the client reaches the suite's server. */
interface Way extends AsyncDisposable {
  readonly isGoverned: boolean;
  readonly transport: Transport;
  /** Resolves when the server's own stream is open. */
  readonly listening: Promise<void>;
}

const list: Play = async (client) => {
  await client.listTools();
};

/** What each scenario wants to see done. */
const PLAYS: { readonly [scenario: string]: Play } = {
  initialize: list,
  "request-metadata": list,
  "json-schema-ref-no-deref": list,
  tools_call: async (client) => {
    await client.listTools();
    await client.callTool({ name: "add_numbers", arguments: { a: 2, b: 3 } });
  },
  "sse-retry": callEveryListening,
  "elicitation-sep1034-client-defaults": callEveryListening,
  "http-invalid-tool-headers": async (client, { isGoverned }) => {
    // The SDK's client leaves invalid tools out; one that does not must not get them from the gateway either.
    const { tools } = isGoverned ? await client.request({ method: "tools/list" }) : await client.listTools();
    await client.listTools();
    for (const { name } of tools) await client.callTool({ name, arguments: { region: "eu", value: "x" } });
  },
  "http-standard-headers": async (client) => {
    await callEvery(client);
    const { resources } = await client.listResources();
    for (const { uri } of resources) await client.readResource({ uri });
    const { prompts } = await client.listPrompts();
    for (const { name } of prompts) await client.getPrompt({ name });
  },
  "http-custom-headers": async (client) => {
    await client.listTools();
    for (const call of contextCalls()) await client.callTool(call);
  },
  "sep-2322-client-request-state": async (client) => {
    const { tools } = await client.listTools();
    for (const { name } of tools) {
      const called = client.callTool({ name, arguments: {} });
      // The suite looks that no second request follows; that the SDK's client is not content is its own affair.
      await (name === "test_mrtr_no_result_type" ? called.catch(() => {}) : called);
    }
  },
  "json-schema-2020-12-preservation": async (client) => {
    const { tools } = await client.listTools();
    const rich = tools.find(({ name }) => name === "json_schema_2020_12_tool");
    await client.callTool({ name: "json_schema_echo", arguments: { schema: rich?.inputSchema } });
  },
};

async function callEvery(client: Client): Promise<void> {
  const { tools } = await client.listTools();
  for (const { name } of tools) await client.callTool({ name, arguments: {} });
}

/** These servers use their own stream: what they ask there is lost, or comes too early, where it opens late. */
async function callEveryListening(client: Client, { listening }: Way): Promise<void> {
  await listening;
  await callEvery(client);
}

/** Some scenarios say which calls they want. */
function contextCalls(): readonly { name: string; arguments: Record<string, unknown> }[] {
  const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as {
    toolCalls?: readonly { name: string; arguments: Record<string, unknown> }[];
  };
  return context.toolCalls ?? [];
}

async function connect(transport: Transport): Promise<Client> {
  const isModern = process.env["MCP_CONFORMANCE_PROTOCOL_VERSION"] === "2026-07-28";
  const client = new Client(
    { name: "portcullis-conformance", version: "1.0.0" },
    {
      // All that a server may ask for: the gateway's own look at a server declares as much.
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      versionNegotiation: { mode: isModern ? "auto" : "legacy" },
    },
  );
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: {} }));
  await client.connect(transport);
  return client;
}

async function main(args: readonly string[]): Promise<void> {
  const url = args.at(-1) ?? "";
  const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
  const play = PLAYS[scenario];
  if (play === undefined) throw new Error(`no play for the scenario ${scenario}`);
  await using way = await openWay(args[0], url);
  const client = await connect(way.transport);
  await play(client, way);
  await client.close();
  console.log("completed");
}

async function openWay(by: string | undefined, url: string): Promise<Way> {
  switch (by) {
    case "--through-gateway":
      return throughGateway(url);
    case "--through-run":
      return throughRun(url);
    default:
      return { isGoverned: false, ...overHttp(url, {}), [Symbol.asyncDispose]: async () => {} };
  }
}

async function throughGateway(url: string): Promise<Way> {
  const rig = await startRig();
  const target = { kind: "http", url, headers: [] } as const;
  const registered = rig.add("suite", target, ALLOW_ALL, { onChange: "allow" });
  return {
    isGoverned: true,
    ...overHttp(registered.url, { authorization: `Bearer ${registered.token}` }),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

function overHttp(url: string, headers: Record<string, string>): Pick<Way, "transport" | "listening"> {
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  const watching: typeof fetch = async (address, init) => {
    const response = await fetch(address, init);
    if (init?.method === "GET") resolve();
    return response;
  };
  const options = { requestInit: { headers }, fetch: watching };
  return { transport: new StreamableHTTPClientTransport(new URL(url), options), listening };
}

/** The client speaks stdio, so that every header that the suite's server sees is the gateway's own. */
async function throughRun(url: string): Promise<Way> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-run-"));
  const policy = join(folder, "policy.json");
  writeFileSync(policy, JSON.stringify(ALLOW_ALL));
  const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
  const run = ["--conditions=portcullis-source", cli, "run", "-c", policy, "--url", url];
  return {
    isGoverned: true,
    // The gateway itself opens the stream before the first call.
    listening: Promise.resolve(),
    transport: new StdioClientTransport({
      command: process.execPath,
      args: run,
      stderr: "inherit",
    }),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

await main(process.argv.slice(2));
