import type { JsonObject, PolicyDocument, Result } from "@portcullis/policy";
import { definitionHash } from "../../src/mcp/canonical-json.ts";
import { createGrant, type MintedGrant } from "../../src/storage/grant-rows.ts";
import { FolderKeys } from "../../src/storage/keys.ts";
import { type PolicyRow, publishPolicy } from "../../src/storage/policy-rows.ts";
import { addServer, type ServerRow } from "../../src/storage/server-rows.ts";
import { openState, type State } from "../../src/storage/state.ts";
import type { ObservedTool } from "../../src/storage/tool-rows.ts";

export const KEYS = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
export const NOW_MS = 1_793_491_200_000;
export const DENY_ALL: PolicyDocument = { version: "1", default: "deny" };

/** The value of a result that a test takes for granted. */
export function taken<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

export function openTestState(file = ":memory:"): State {
  return taken(openState(file));
}

export function addTestServer(state: State, name = "stripe"): ServerRow {
  const target = {
    kind: "http",
    url: "https://mcp.example.com/",
    headers: [["authorization", "canary"]],
  } as const;
  const server = { name, target, era: "auto", deadlineMs: 55_000, onChange: "block" } as const;
  return taken(addServer(state, KEYS.credentialKey, server, NOW_MS));
}

export function publish(state: State, document: PolicyDocument = DENY_ALL, server = "stripe"): PolicyRow {
  const source = JSON.stringify(document);
  return taken(
    publishPolicy(state, { server, name: "support", document, source, author: "ann", note: "" }, NOW_MS),
  );
}

export function mintGrant(state: State, label = "ci-runner", policy?: string): MintedGrant {
  const grant = { label, server: "stripe", policy, mode: "enforce", expiresAtMs: NOW_MS + 1_000 } as const;
  return taken(createGrant(state, KEYS, grant, NOW_MS));
}

export function toolOf(name: string, more: JsonObject = {}): ObservedTool {
  const definition = { name, inputSchema: { type: "object" }, ...more };
  return { name, definition, hash: definitionHash(definition) ?? "" };
}
