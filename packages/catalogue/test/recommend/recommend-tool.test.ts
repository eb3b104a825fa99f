import {
  compilePolicy,
  type Entry,
  evaluateCall,
  lintPolicy,
  type PolicyDocument,
  reserveAll,
  validatePolicy,
} from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Category, ToolDefinition, ToolRecommendation } from "../../src/index.ts";
import { effectOf } from "../../src/recommend/effect.ts";
import { recommendTool } from "../../src/recommend/recommend-tool.ts";
import { toDocument } from "../../src/recommend/to-document.ts";
import { classified, schemaOf } from "./verdicts.ts";

const IDS = { organisation: "o", server: "s", grant: "g" };

/** How many of `count` calls within one minute of the clock run. */
function admitted(document: PolicyDocument, tool: string, count: number, args = {}): number {
  const policy = compilePolicy(document);
  const counters = new Map();
  return Array.from({ length: count }).filter(() => {
    const { effect, reservations } = evaluateCall(policy, { tool, args, nowMs: 30_000 });
    return effect === "allow" && reserveAll(counters, reservations, IDS, 30_000).ok;
  }).length;
}

/** What the recommended document says to one call. */
function decides(recommendation: ToolRecommendation, args: { readonly [name: string]: unknown }): string {
  const policy = compilePolicy(toDocument("s", [recommendation]));
  return evaluateCall(policy, { tool: recommendation.tool.name, args: args as never, nowMs: 0 }).effect;
}

function recommend(tool: ToolDefinition, category: Category): ToolRecommendation {
  return recommendTool(classified(tool, category));
}

describe("the table of categories", () => {
  test.each([
    ["Read", "allow", 50, "Stays allowed, as often as the agent likes."],
    ["Write", "limit", 30, "Stays usable, at most 30 times in each minute of the clock for each grant."],
    ["Execute", "limit", 10, "Stays usable, at most 10 times in each minute of the clock for each grant."],
    ["Destructive", "hide", 0, "Not shown to agents, and refused when it is called by its name."],
    [
      "Financial",
      "approve",
      0,
      "Every call needs a person's approval; until this gateway has approvals, every call is refused and nothing runs.",
    ],
  ] as const)("%s: %s, and the sentence is true", (category, kind, runs, effect) => {
    const recommendation = recommendTool(classified("t", category));
    expect(recommendation.kind).toBe(kind);
    expect(recommendation.effect).toBe(effect);
    expect(admitted(toDocument("s", [recommendation]), "t", 50)).toBe(runs);
  });

  test("a name that no counter can have gets the same limit in short", () => {
    for (const name of ["t t", "ж", "x".repeat(200)]) {
      const recommendation = recommendTool(classified(name, "Write"));
      expect(recommendation.entry).toEqual({ rate_limit: { max: 30, window: "minute" } });
      expect(recommendation.effect).toBe(
        "Stays usable, at most 30 times in each minute of the clock for each grant.",
      );
      expect(admitted(toDocument("s", [recommendation]), name, 50)).toBe(30);
    }
  });

  test("two tools never share a counter", () => {
    const names = ["a", "A", "a_rate", "a_spend", "a rate"];
    const tools = Object.fromEntries(
      names.map((name) => [name, recommendTool(classified(name, "Write")).entry as Entry]),
    );
    const policy = compilePolicy({ version: "1", default: "deny", tools });
    const counters = names.map(
      (tool) => evaluateCall(policy, { tool, nowMs: 0 }).reservations[0]?.limit.counter,
    );
    expect(new Set(counters).size).toBe(names.length);
  });

  test("a name with a star is left out, and the sentence says why", () => {
    const recommendation = recommendTool(classified("get_*", "Read"));
    expect(recommendation).toMatchObject({
      kind: "hide",
      entry: undefined,
      isHidden: false,
      effect:
        "Left out of the policy, because a name with `*` is read as a pattern and no entry can mean this tool alone: not shown to agents, and every call is refused.",
    });
    expect(admitted(toDocument("s", [recommendation]), "get_*", 1)).toBe(0);
    expect(admitted(toDocument("s", [recommendation]), "get_x", 1)).toBe(0);
  });

  test("the rationale quotes the words that decided, as plain text", () => {
    const { rationale } = recommendTool(
      classified({ name: "wipe", description: "Erases “all”\u202e\nrows" }, "Destructive", {
        modifiers: ["bulk", "irreversible"],
        evidence: [
          { rule: "a", source: "name", text: "wipe", says: "Destructive" },
          { rule: "b", source: "description", text: "Erases “all”\u202e\nrows", says: "Destructive" },
          { rule: "c", source: "name", text: "wipe", says: "Write" },
        ],
      }),
    );
    expect(rationale).toBe(
      "Destructive, because it deletes or revokes for good: its name says “wipe” and its description says “Erases 'all' rows”. Besides, it reaches many things in one call and does what cannot be undone.",
    );
  });
});

const READ_FILE = {
  name: "read_file",
  description: "Reads a file.",
  inputSchema: schemaOf({ path: "string" }),
} as const;

describe("argument rules in force", () => {
  const read = recommend(READ_FILE, "Read");

  test.each(["/srv/data/x", "notes/today.md", "a..b/c", "etc/app.conf", "/home/u/.envrc", "x.env.example"])(
    "the path %j passes",
    (path) => expect(decides(read, { path })).toBe("allow"),
  );

  test.each([
    ...[
      "../x",
      "a/../../b",
      "..",
      "a\\..\\b",
      "/etc/passwd",
      "//etc/passwd",
      "/./proc/self/environ",
      "/ETC/x",
    ],
    ...[
      "file:/etc/passwd",
      "file:///etc/passwd",
      "/private/etc/hosts",
      "/home/u/.ssh/id_rsa",
      "~/.aws/credentials",
    ],
    ...[".env", "app/.env.production", "C:\\u\\.ssh\\x", "id_ed25519", 7, null, ["/srv"]],
  ])("the path %j is refused", (path) => expect(decides(read, { path })).toBe("deny"));

  test("an optional path may be missing, and each of a list is judged", () => {
    const one = recommend({ ...READ_FILE, inputSchema: schemaOf({ path: "string?" }) }, "Read");
    expect(decides(one, {})).toBe("allow");
    expect(decides(one, { path: "/etc/passwd" })).toBe("deny");
    const inputSchema = schemaOf({ paths: { type: "array", items: { type: "string" } } });
    const many = recommend({ ...READ_FILE, inputSchema }, "Read");
    expect(decides(many, { paths: ["/srv/a", "/srv/b"] })).toBe("allow");
    expect(decides(many, { paths: ["/srv/a", "/etc/passwd"] })).toBe("deny");
    expect(decides(many, { paths: "/etc/passwd" })).toBe("deny");
  });

  test.each([
    ["move_file", { source: "string", destination: "string" }],
    ["copyFolder", { src: "string", dest: "string" }],
    ["build_image", { app_path: "string" }],
    ["commit", { repoPath: "string" }],
  ] as const)("%s takes paths that are not called files", (name, properties) => {
    const { argumentRules, entry } = recommend({ name, inputSchema: schemaOf(properties) }, "Write");
    expect(argumentRules.map(({ path }) => path)).toEqual(
      Object.keys(properties).map((one) => `args.${one}`),
    );
    expect(entry?.deny_if?.length).toBe(3 * Object.keys(properties).length);
  });

  const fetchPage = recommend({ name: "fetch", inputSchema: schemaOf({ url: "string" }) }, "Read");

  test.each(["https://example.com/a?b=c", "http://localhost:3000", "HTTP://EXAMPLE.COM"])(
    "the address %j passes",
    (url) => expect(decides(fetchPage, { url })).toBe("allow"),
  );

  test.each([
    ...[
      "http://169.254.169.254/latest/meta-data/",
      "http://0xa9fea9fe/",
      "http://2852039166/",
      "file:///etc/passwd",
    ],
    ...[
      "https://u:p@example.com",
      "http://metadata.google.internal/",
      "http://METADATA/",
      "ftp://x",
      "example.com",
    ],
    ...["http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/", 1],
  ])("the address %j is refused", (url) => expect(decides(fetchPage, { url })).toBe("deny"));

  const query = recommend({ name: "read_query", inputSchema: schemaOf({ sql: "string" }) }, "Read");

  test.each([
    "SELECT updated_at FROM t",
    "  (select 1)",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "explain select 1",
  ])("the statement %j passes", (sql) => expect(decides(query, { sql })).toBe("allow"));

  test.each([
    ...["DELETE FROM t", "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", "select 1; drop table t"],
    ...["SELECT 1; delete/**/from t", "CALL p()", "-- x\nDROP TABLE t", "", "vacuum"],
  ])("the statement %j is refused", (sql) => expect(decides(query, { sql })).toBe("deny"));

  test.each([
    ["a tool that may change data", "execute_sql", "Execute", { sql: "string" }],
    ["a tool that checks statements", "lint_sql", "Read", { sql: "string" }],
    ["a wallet", "send", "Write", { to: "string" }],
    ["a repository's address", "clone", "Write", { repo_url: "string" }],
    [
      "an address that may be a path",
      "load",
      "Read",
      { url: { type: "string", description: "URL or local path" } },
    ],
    ["a path of JSON", "pick", "Read", { path: { type: "string", description: "A JSONPath in the file" } }],
    ["places of no files", "plan_route", "Write", { source: "string", destination: "string" }],
    ["what a file is made of", "create_file", "Write", { source: "string" }],
    ["a route of an API", "call_api", "Write", { path: "string", resource_path: "string" }],
    ["an argument without a type", "read_file", "Read", { file_path: {} }],
    ["an argument with values", "fetch", "Read", { url: { type: "string", enum: ["https://a.example"] } }],
  ] as const)("none for %s", (_, name, category, properties) => {
    const recommendation = recommend({ name, inputSchema: schemaOf(properties) }, category);
    expect(recommendation.argumentRules).toEqual([]);
    expect(recommendation.entry?.deny_if ?? recommendation.entry?.require).toBeUndefined();
  });

  test("the sentence counts the rules, and limits stay", () => {
    const write = recommend({ ...READ_FILE, name: "write_file" }, "Write");
    expect(write.effect).toBe(
      "Stays usable, at most 30 times in each minute of the clock for each grant; 3 rules on the arguments refuse what should not be asked.",
    );
    expect(admitted(toDocument("s", [write]), "write_file", 50, { path: "/srv/a" })).toBe(30);
    expect(write.argumentRules.map(({ path }) => path)).toEqual(["args.path"]);
  });

  test("the sentence is read from the entry", () => {
    expect(effectOf({ name: "t", isHidden: false, entry: { action: "deny" } })).toBe(
      "Shown to agents, but every call is refused.",
    );
    const one = { require: [{ conditions: [] }] };
    expect(effectOf({ name: "t", isHidden: false, entry: one })).toBe(
      "Stays allowed, as often as the agent likes; 1 rule on the arguments refuses what should not be asked.",
    );
    expect(effectOf({ name: "t", isHidden: false, entry: undefined })).toBe(
      "Left out of the policy: not shown to agents, and every call is refused.",
    );
  });
});

const MAIL = { type: "string", description: "E-mail address" };
const MAILS = { type: "array", items: { type: "string" }, description: "E-mail addresses" };

describe("what the user may fill in", () => {
  const cases = [
    ["a directory", READ_FILE, "Read", { path: "/srv/shared/a" }, [{ path: "/srv/other" }, { path: "a" }]],
    [
      "an optional directory",
      { ...READ_FILE, inputSchema: schemaOf({ path: "string?" }) },
      "Read",
      {},
      [{ path: "/a" }],
    ],
    [
      "a list of directories",
      { ...READ_FILE, inputSchema: schemaOf({ paths: { type: "array", items: { type: "string" } } }) },
      "Read",
      { paths: ["/srv/shared"] },
      [{ paths: ["/srv/shared", "/srv"] }, { paths: [] }, { paths: "/srv/shared" }],
    ],
    [
      "a host",
      { name: "fetch", inputSchema: schemaOf({ url: "string" }) },
      "Read",
      { url: "https://api.example.com/x" },
      [{ url: "https://example.com" }, { url: "https://api.example.com.evil.example" }],
    ],
    [
      "a domain",
      { name: "send_email", inputSchema: schemaOf({ to: MAIL }) },
      "Write",
      { to: "A.b+c@Example.com" },
      [
        { to: "a@evil.example" },
        { to: "x@evil.example, a@example.com" },
        { to: "a@evil.example\na@example.com" },
      ],
    ],
    [
      "domains",
      {
        name: "send_email",
        inputSchema: { ...schemaOf({ to: MAILS, cc: MAILS }), required: ["to"] },
      },
      "Write",
      { to: ["a@example.com"] },
      [
        { to: [] },
        { to: ["a@example.com"], cc: ["b@evil.example"] },
        { to: ["a@example.com"], cc: "b@evil.example" },
        { to: ["a@example.com", "b@evil.example"] },
      ],
    ],
    [
      "a command",
      { name: "run_command", inputSchema: schemaOf({ command: "string" }) },
      "Execute",
      { command: "git status" },
      [{ command: "git status; id" }],
    ],
    [
      "SQL that only reads",
      { name: "execute_sql", inputSchema: schemaOf({ sql: "string" }) },
      "Execute",
      { sql: "select 1" },
      [{ sql: "drop table t" }],
    ],
  ] as const;

  test.each(cases)("%s", (_, tool, category, right, wrong) => {
    const recommendation = recommend(tool as ToolDefinition, category);
    const document = filled(recommendation);
    expect(recommendation.fill.length).toBeGreaterThan(0);
    for (const { placeholder, rules } of recommendation.fill) {
      expect(JSON.stringify(rules).replaceAll("\\\\", "")).toContain(placeholder.replace("SELECT", "select"));
    }
    expect(validatePolicy(document)).toEqual({ ok: true, value: document });
    expect(lintPolicy(document, { tools: [tool] })).toEqual([]);
    const policy = compilePolicy(document);
    const effectOn = (args: object): string =>
      evaluateCall(policy, { tool: tool.name, args: args as never, nowMs: 0 }).effect;
    expect(effectOn(right)).toBe("allow");
    for (const args of wrong) expect([args, effectOn(args)]).toEqual([args, "deny"]);
  });

  test("an amount, in one currency, with a limit for the day", () => {
    const tool = { name: "create_refund", inputSchema: schemaOf({ amount: "number", currency: "string" }) };
    const recommendation = recommend(tool, "Financial");
    const document = filled(recommendation, { action: "allow" });
    expect(lintPolicy(document, { tools: [tool] })).toEqual([]);
    const policy = compilePolicy(document);
    const effectOn = (args: object): string =>
      evaluateCall(policy, { tool: tool.name, args: args as never, nowMs: 0 }).effect;
    expect(effectOn({ amount: 100, currency: "USD" })).toBe("allow");
    expect(effectOn({ amount: 101, currency: "USD" })).toBe("deny");
    expect(effectOn({ amount: 1, currency: "EUR" })).toBe("deny");
    expect(effectOn({ currency: "USD" })).toBe("deny");
    expect(admitted(document, tool.name, 20, { amount: 100, currency: "USD" })).toBe(10);
  });

  test("the currency is one that the schema lists, and an optional amount is demanded", () => {
    const currency = { type: "string", enum: ["eur", "usd"] };
    const tool = { name: "pay invoice", inputSchema: schemaOf({ total: "number?", currency }) };
    const recommendation = recommend(tool, "Financial");
    const document = filled(recommendation, { action: "allow" });
    expect(validatePolicy(document).ok).toBe(true);
    expect(lintPolicy(document, { tools: [tool] })).toEqual([]);
    expect(document.tools?.[tool.name]?.limits?.[0]?.counter).toMatch(/^tool_[0-9a-f]{16}_spend$/);
  });

  test("none for a hidden tool", () => {
    expect(recommend(READ_FILE, "Destructive").fill).toEqual([]);
  });
});

/** The recommended document with every suggestion written in. */
function filled({ tool, entry, fill }: ToolRecommendation, more: Entry = {}): PolicyDocument {
  const rules = fill.map((one) => one.rules);
  const require = [...(entry?.require ?? []), ...rules.flatMap((one) => one.require ?? [])];
  const denyIf = [...(entry?.deny_if ?? []), ...rules.flatMap((one) => one.deny_if ?? [])];
  const limits = [...(entry?.limits ?? []), ...rules.flatMap((one) => one.limits ?? [])];
  const whole: Entry = {
    ...entry,
    ...more,
    ...(require.length === 0 ? {} : { require }),
    ...(denyIf.length === 0 ? {} : { deny_if: denyIf }),
    ...(limits.length === 0 ? {} : { limits }),
  };
  return { version: "1", default: "deny", tools: { [tool.name]: whole } };
}
