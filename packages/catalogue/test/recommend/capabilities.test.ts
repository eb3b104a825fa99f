import { describe, expect, test } from "vitest";
import type { Category, Modifier, ToolDefinition } from "../../src/index.ts";
import { CAPABILITIES, capabilitiesOf } from "../../src/recommend/capabilities.ts";
import { classified, schemaOf } from "./verdicts.ts";

const URL_TOOL = { inputSchema: schemaOf({ url: "string" }) };
const FILE_TOOL = { description: "Reads a file.", inputSchema: schemaOf({ path: "string" }) };
const OPEN = { annotations: { openWorldHint: true } };

function of(
  name: string,
  category: Category,
  parts: Omit<ToolDefinition, "name"> = {},
  modifiers: readonly Modifier[] = [],
): readonly string[] {
  const found = capabilitiesOf(classified({ name, ...parts }, category, { modifiers }));
  return CAPABILITIES.filter((capability) => found[capability] !== undefined);
}

describe("capabilitiesOf", () => {
  test.each([
    ["search_emails", "Read", ["readsPrivate", "readsUntrusted"]],
    ["listGmailMessages", "Read", ["readsPrivate", "readsUntrusted"]],
    ["get_issue_comments", "Read", ["readsPrivate", "readsUntrusted"]],
    ["get_customer", "Read", ["readsPrivate"]],
    ["search_web", "Read", ["readsUntrusted"]],
    ["get_weather", "Read", []],
    ["add_numbers", "Read", []],
    ["get_email_settings", "Read", []],
    ["get_secret_value", "Read", ["readsSecrets"]],
    ["list_access_keys", "Read", ["readsSecrets"]],
    ["create_api_key", "Write", ["readsSecrets"]],
    ["store_secret", "Write", []],
    ["list_secret_scanning_alerts", "Read", []],
    ["get_token_price", "Read", []],
    ["send_email", "Write", ["sendsOut"]],
    ["create_pull_request", "Write", ["sendsOut"]],
    ["update_record", "Write", []],
    ["validate_email", "Write", []],
    ["execute_code", "Execute", ["readsPrivate", "sendsOut", "executes"]],
    ["restart_service", "Execute", []],
    ["delete_order", "Destructive", ["destroys"]],
    ["create_refund", "Financial", ["movesMoney"]],
  ] as const)("%s (%s): %j", (name, category, expected) => {
    expect(of(name, category)).toEqual(expected);
  });

  test("the schema counts: an address that the agent chooses is read, and is a way out", () => {
    expect(of("fetch_page", "Read", URL_TOOL)).toEqual(["readsUntrusted", "sendsOut"]);
    expect(of("open_page", "Execute", URL_TOOL)).toEqual(["readsUntrusted", "sendsOut"]);
    expect(of("read_it", "Read", FILE_TOOL)).toEqual(["readsPrivate"]);
    expect(of("do_it", "Execute", { inputSchema: schemaOf({ command: "string" }) })).toEqual([
      "readsPrivate",
      "sendsOut",
      "executes",
    ]);
    expect(of("do_it", "Execute", { inputSchema: schemaOf({ sql: "string" }) })).toEqual(["readsPrivate"]);
  });

  test("the verdict counts: its modifiers, with their evidence", () => {
    expect(of("go", "Execute", {}, ["arbitrary-code"])).toEqual(["readsPrivate", "sendsOut", "executes"]);
    expect(of("go", "Execute", {}, ["arbitrary-sql"])).toEqual(["readsPrivate"]);
    expect(of("go", "Write", {}, ["external-recipient"])).toEqual(["sendsOut"]);
    const found = capabilitiesOf(
      classified("go", "Execute", {
        modifiers: ["arbitrary-code"],
        evidence: [
          { rule: "a", source: "name", text: "go", says: "Execute" },
          { rule: "b", source: "schema", text: "snippet", says: "arbitrary-code" },
        ],
      }),
    );
    expect(found.executes).toEqual({
      source: "schema",
      text: "snippet",
      means: "runs code or commands that the agent writes",
    });
  });

  test("the description counts, but not what it denies", () => {
    expect(of("look", "Read", { description: "Opens your inbox." })).toEqual([
      "readsPrivate",
      "readsUntrusted",
    ]);
    expect(of("look", "Read", { description: "Does not read your inbox." })).toEqual([]);
    expect(of("look", "Read", { description: `${"x ".repeat(300)} inbox` })).toEqual([]);
  });

  test("the server's own word counts where nothing else is said", () => {
    expect(of("look_up", "Read", OPEN)).toEqual(["readsUntrusted"]);
    expect(of("look_up", "Read", { annotations: { openWorldHint: false } })).toEqual([]);
    expect(of("store", "Write", OPEN)).toEqual([]);
  });
});
