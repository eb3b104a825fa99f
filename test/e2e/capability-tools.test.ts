import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { ClientCapabilities } from "@modelcontextprotocol/sdk/types.js";
import { listTools } from "@portcullis/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandOf, type Registered, type Rig, startRig } from "./harness.ts";

/** Tools that server-everything offers only to clients with a capability. */
const CONDITIONAL: readonly { readonly capabilities: ClientCapabilities; readonly tool: string }[] = [
  { capabilities: { roots: {} }, tool: "get-roots-list" },
  { capabilities: { sampling: {} }, tool: "trigger-sampling-request" },
  { capabilities: { elicitation: { form: {} } }, tool: "trigger-elicitation-request" },
  { capabilities: { elicitation: { form: {}, url: {} } }, tool: "trigger-url-elicitation" },
  {
    capabilities: { sampling: {}, tasks: { requests: { sampling: { createMessage: {} } } } },
    tool: "trigger-sampling-request-async",
  },
  {
    capabilities: { elicitation: { form: {} }, tasks: { requests: { elicitation: { create: {} } } } },
    tool: "trigger-elicitation-request-async",
  },
];

let rig: Rig;
let registered: Registered;
beforeEach(async () => {
  rig = await startRig();
  const command = [...commandOf("@modelcontextprotocol/server-everything"), "stdio"];
  registered = rig.add("everything", { kind: "stdio", command }, { version: "1", default: "allow" });
});
afterEach(() => rig[Symbol.asyncDispose]());

async function namesFor(capabilities: ClientCapabilities): Promise<string[]> {
  const client = new Client({ name: "portcullis-test", version: "1.0.0" }, { capabilities });
  const headers = { authorization: `Bearer ${registered.token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(registered.url), { requestInit: { headers } }),
  );
  try {
    return (await client.listTools()).tools.map(({ name }) => name);
  } finally {
    await client.close();
  }
}

test("a tool that needs a capability is accepted with the first list and shown to those who have it", async () => {
  expect(await namesFor({})).not.toContain("get-roots-list");
  for (const { capabilities, tool } of CONDITIONAL) expect(await namesFor(capabilities)).toContain(tool);
  const waiting = listTools(rig.state, registered.id).filter(({ pin }) => pin !== "accepted");
  expect(waiting.map(({ name, pin }) => [name, pin])).toEqual([]);
});
