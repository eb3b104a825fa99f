import {
  classifyTool,
  type Modifier,
  RULES,
  RULES_VERSION,
  type ToolContext,
  type ToolDefinition,
} from "@portcullis/catalogue";
import { describe, expect, test } from "vitest";
import { type Example, toTool } from "./example.ts";
import { EXAMPLES } from "./examples.ts";

function toContext({ server, siblings }: Example): ToolContext {
  return {
    ...(server !== undefined && { server }),
    ...(siblings !== undefined && { siblings: siblings.map((name) => ({ name })) }),
  };
}

const labelled = EXAMPLES.map((example) => {
  const { name, description, args, annotations } = example;
  const rest = JSON.stringify([description, args, annotations].filter((part) => part !== undefined)).slice(
    1,
    -1,
  );
  return { example, label: `${name} ${rest}` };
});

describe("named examples", () => {
  test.each(labelled)("$example.rule: $label is $example.category", ({ example }) => {
    const verdict = classifyTool(toTool(example), toContext(example));
    expect([verdict.category, verdict.evidence[0]?.rule]).toEqual([example.category, example.rule]);
    expect(verdict.evidence[0]?.says).toBe(example.category);
  });

  test("there are many, and no two are the same", () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(150);
    expect(new Set(labelled.map(({ label, example }) => label + JSON.stringify(example))).size).toBe(
      EXAMPLES.length,
    );
  });

  test("every rule decides or modifies somewhere", () => {
    const used = new Set([...EXAMPLES.map(({ rule }): string => rule), ...MODIFIED.map(({ rule }) => rule)]);
    expect(Object.keys(RULES).filter((rule) => !used.has(rule))).toEqual([]);
  });
});

interface Modified {
  readonly rule: string;
  readonly tool: ToolDefinition;
  readonly modifiers: readonly Modifier[];
  readonly severity: string;
}

const withArgs = (name: string, ...args: string[]): ToolDefinition => ({
  name,
  inputSchema: {
    type: "object",
    properties: Object.fromEntries(args.map((arg) => [arg, { type: "string" }])),
  },
});

const inside = (outer: string, inner: string) => ({
  type: "object",
  properties: { [outer]: { type: "object", properties: { [inner]: { type: "string" } } } },
});

const MODIFIED: readonly Modified[] = [
  {
    rule: "modifier.code",
    tool: withArgs("run", "code"),
    modifiers: ["arbitrary-code"],
    severity: "critical",
  },
  {
    rule: "modifier.sql",
    tool: withArgs("query", "sql"),
    modifiers: ["arbitrary-sql"],
    severity: "critical",
  },
  { rule: "modifier.bulk", tool: { name: "update_all_pears" }, modifiers: ["bulk"], severity: "high" },
  {
    rule: "modifier.irreversible",
    tool: { name: "seal_pear", description: "Update a pear. This cannot be undone." },
    modifiers: ["irreversible"],
    severity: "high",
  },
  {
    rule: "modifier.recipient",
    tool: withArgs("send_email", "to"),
    modifiers: ["external-recipient"],
    severity: "high",
  },
  {
    rule: "modifier.access",
    tool: { name: "grant_permission" },
    modifiers: ["grants-access"],
    severity: "high",
  },
  {
    rule: "modifier.secret",
    tool: withArgs("get_pear", "api_key"),
    modifiers: ["secret-input"],
    severity: "medium",
  },
  {
    rule: "modifier.path",
    tool: withArgs("read_pear", "file_path"),
    modifiers: ["path-input"],
    severity: "medium",
  },
  { rule: "modifier.url", tool: withArgs("fetch_pear", "url"), modifiers: ["url-input"], severity: "medium" },
];

describe("modifiers and severity", () => {
  test.each(MODIFIED)("$rule", ({ rule, tool, modifiers, severity }) => {
    const verdict = classifyTool(tool);
    expect([verdict.modifiers, verdict.severity]).toEqual([modifiers, severity]);
    expect(verdict.evidence.map((evidence) => evidence.rule)).toContain(rule);
  });

  test.each([
    { name: "get_pear", severity: "low" },
    { name: "create_pear", severity: "medium" },
    { name: "restart_pump", severity: "high" },
    { name: "delete_pear", severity: "critical" },
  ])("$name without anything worse: $severity", ({ name, severity }) => {
    expect(classifyTool({ name })).toMatchObject({ modifiers: [], severity });
  });

  test.each([
    withArgs("move_file", "source", "destination"),
    withArgs("copy_pear", "srcPath", "destPath"),
    withArgs("book_flight", "origin", "destination"),
    withArgs("git_commit", "message", "author_email"),
    { name: "create_commit", inputSchema: inside("author", "email") },
    { name: "push_pears", inputSchema: inside("committer", "email") },
  ])("$name reaches nobody, though an argument is called as recipients are", (tool) => {
    expect(classifyTool(tool).modifiers).not.toContain("external-recipient");
  });

  test.each([
    withArgs("move_file", "source", "destination"),
    withArgs("copyFolder", "src", "dest"),
    withArgs("read_pear", "file_path"),
  ])("$name takes a path", (tool) => {
    expect(classifyTool(tool).modifiers).toEqual(["path-input"]);
  });

  test.each([withArgs("plan_route", "source", "destination"), withArgs("create_file", "source")])(
    "$name takes none",
    (tool) => expect(classifyTool(tool).modifiers).toEqual([]),
  );

  test.each([
    withArgs("send_pear", "destination"),
    withArgs("send_email", "from", "to"),
    withArgs("send_email", "source", "destination"),
    withArgs("transfer_funds", "source_account", "destination"),
    withArgs("notify", "to_author"),
    { name: "add_event", inputSchema: inside("attendees", "email") },
  ])("$name reaches somebody", (tool) => {
    expect(classifyTool(tool).modifiers).toContain("external-recipient");
  });

  test("a modifier of what changes things is silent on what reads", () => {
    expect(
      classifyTool({ name: "get_all_pears", description: "Get them. Permanently cached." }).modifiers,
    ).toEqual([]);
  });

  test.each(["page_token", "max_tokens", "sort_key", "sort_path_order"])(
    "%s is no secret and no path",
    (arg) => {
      expect(classifyTool(withArgs("list_pears", arg)).modifiers).toEqual([]);
    },
  );
});

describe("evidence", () => {
  test("names words and places as they stand there", () => {
    const verdict = classifyTool({ name: "pear_De\u200blete", description: "Now: deletes a pear." });
    const [first, second] = verdict.evidence;
    expect(first).toEqual({
      rule: "verb.delete",
      source: "name",
      text: "De\u200blete",
      start: 5,
      says: "Destructive",
    });
    expect(second).toEqual({
      rule: "verb.delete",
      source: "description",
      text: "deletes",
      start: 5,
      says: "Destructive",
    });
  });

  test("points into the schema", () => {
    const action = { type: "string", enum: ["list", "delete"] };
    const verdict = classifyTool({ name: "x", inputSchema: { properties: { "a/b~action": action } } });
    expect(verdict.evidence[0]).toEqual({
      rule: "schema.operations",
      source: "schema",
      pointer: "/properties/a~1b~0action",
      text: "delete",
      says: "Destructive",
    });
  });

  test("carries the version of the rules, and is the same each time", () => {
    for (const example of EXAMPLES) {
      const tool = toTool(example);
      const verdict = classifyTool(tool, toContext(example));
      expect(classifyTool(structuredClone(tool), toContext(example))).toEqual(verdict);
      expect([verdict.rules, verdict.evidence.length > 0]).toEqual([RULES_VERSION, true]);
    }
  });
});

describe("confidence", () => {
  test.each<{ name: string; more?: Partial<ToolDefinition>; above: number; below: number }>([
    { name: "get_pear", more: { description: "Get a pear." }, above: 0.95, below: 1 },
    { name: "get_pear", more: { description: "Updates a pear." }, above: 0.5, below: 0.9 },
    { name: "branch", above: 0.2, below: 0.6 },
    { name: "zorp", above: 0.2, below: 0.4 },
  ])("$name $more.description lies between $above and $below", ({ name, more, above, below }) => {
    const { confidence } = classifyTool({ name, ...more });
    expect(confidence).toBeGreaterThan(above);
    expect(confidence).toBeLessThan(below);
  });
});

describe("surroundings", () => {
  test("the server's own name in front of a tool is no verb", () => {
    const siblings = ["record_get_pear", "record_list", "record_find_pear"].map((name) => ({ name }));
    expect(classifyTool({ name: "record_find_pear" }, { siblings }).category).toBe("Read");
    expect(classifyTool({ name: "scan_pears" }, { server: "scan" }).category).toBe("Read");
  });

  test("a verb that changes things stays one, whatever the server calls itself", () => {
    const siblings = ["delete_list", "delete_get", "delete_find"].map((name) => ({ name }));
    for (const { name } of siblings)
      expect(classifyTool({ name }, { server: "delete", siblings }).category).toBe("Destructive");
  });

  test("a transfer is about money only where the server is", () => {
    expect(classifyTool({ name: "transfer_ownership" }).category).toBe("Write");
    expect(classifyTool({ name: "transfer" }, { server: "wallet" }).category).toBe("Financial");
    const siblings = [{ name: "list_payments" }, { name: "get_wallet" }, { name: "transfer" }];
    expect(classifyTool({ name: "transfer" }, { siblings }).category).toBe("Financial");
  });
});
