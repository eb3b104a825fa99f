import {
  compilePolicy,
  evaluateCall,
  isToolListed,
  lintPolicy,
  parsePolicy,
  validatePolicy,
} from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CATEGORIES,
  type ClassifiedTool,
  recommendServer,
  type ServerRecommendation,
  type ToolDefinition,
} from "../../src/index.ts";
import { classified, schemaOf } from "./verdicts.ts";

/** Everything that must hold of every recommended document. */
function assertSound(recommendation: ServerRecommendation, tools: readonly ClassifiedTool[]): void {
  const { document, json } = recommendation;
  expect(validatePolicy(document)).toEqual({ ok: true, value: document });
  expect(parsePolicy(json)).toEqual({ ok: true, value: document });
  const definitions = tools.map(({ tool }) => tool).filter(({ name }) => isNamed(document, name));
  expect(lintPolicy(document, { tools: definitions })).toEqual([]);
  expect(lintPolicy(document)).toEqual([]);
  const policy = compilePolicy(document);
  for (const { tool, verdict, kind, isHidden, entry } of recommendation.tools) {
    const { effect, rule } = evaluateCall(policy, { tool: tool.name, args: {}, nowMs: 0 });
    expect(isToolListed(policy, tool.name)).toBe(kind !== "hide");
    if (kind === "hide") expect([effect, rule]).toEqual(["deny", isHidden ? "(hidden)" : "(default deny)"]);
    if (kind === "approve") expect(effect).not.toBe("allow");
    if (verdict.category === "Destructive") expect(kind).toBe("hide");
    if (verdict.category === "Financial") expect(["approve", "hide"]).toContain(kind);
    if (kind === "limit")
      expect((entry?.limits ?? []).length + (entry?.rate_limit === undefined ? 0 : 1)).toBe(1);
  }
}

function isNamed(document: ServerRecommendation["document"], name: string): boolean {
  return Object.hasOwn(document.tools ?? {}, name) || (document.hide ?? []).includes(name);
}

const HOSTILE_NAMES = [
  ...[
    "",
    "*",
    "**",
    "a*",
    "get_*",
    "delete_*",
    "__proto__",
    "constructor",
    "toString",
    "1",
    "007",
    "true",
    "null",
  ],
  ...[
    '"',
    "'",
    "`",
    "\\",
    "a/b",
    "a~1b",
    "~0",
    "a.b",
    "[x]",
    "{}",
    "$x",
    "</script>",
    "a b",
    " ",
    "\n",
    "\u0000",
  ],
  ...["Delete", "delete", "DELETE", "dеlete", "\u202eevil", "😀", "\ud800", "x".repeat(64), "x".repeat(160)],
  ...[
    "x".repeat(155),
    "x".repeat(156),
    "x".repeat(256),
    "x".repeat(257),
    "x".repeat(2000),
    "a_rate",
    "a",
    "a_spend",
  ],
];
const ARGUMENT_NAMES = [
  ...[
    "path",
    "file_path",
    "directory",
    "url",
    "page_url",
    "sql",
    "query",
    "to",
    "cc",
    "recipient_email",
    "amount",
  ],
  ...[
    "currency",
    "command",
    "total",
    "paths",
    "urls",
    "__proto__",
    "a.b",
    'q"q',
    "folder",
    "x",
    "filePath",
    "",
  ],
];

const schemas = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .constantFrom("string", "number", "integer", "array", "boolean", "object")
      .map((type) => ({ type })),
  },
  { weight: 3, arbitrary: fc.constant({ type: "array", items: { type: "string" } }) },
  { weight: 2, arbitrary: fc.constant({ type: ["string", "null"] }) },
  { weight: 2, arbitrary: fc.constant({ anyOf: [{ type: "string" }, { type: "null" }] }) },
  { weight: 1, arbitrary: fc.constant({ anyOf: [{ type: "string" }, { type: "number" }] }) },
  { weight: 1, arbitrary: fc.constant({ type: "string", enum: ["usd", "eur"] }) },
  {
    weight: 1,
    arbitrary: fc.constant({ type: "string", format: "uri", description: "Address of the page" }),
  },
  { weight: 1, arbitrary: fc.constant({ allOf: [{ type: "string" }] }) },
  { weight: 1, arbitrary: fc.constant({ $ref: "#/$defs/x" }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const inputSchemas = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("object"),
      properties: fc.dictionary(fc.constantFrom(...ARGUMENT_NAMES), schemas, { maxKeys: 8 }),
      required: fc.array(fc.constantFrom(...ARGUMENT_NAMES), { maxLength: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const definitions: fc.Arbitrary<ToolDefinition> = fc.record(
  {
    name: fc.oneof(fc.constantFrom(...HOSTILE_NAMES), fc.string({ unit: "binary", maxLength: 20 })),
    description: fc.constantFrom(
      "",
      "Reads a file from disk.",
      "Runs a SQL query.",
      "Pays an invoice.\u202e",
    ),
    inputSchema: inputSchemas as fc.Arbitrary<never>,
  },
  { requiredKeys: ["name"] },
);
const tools = fc.array(
  fc
    .record({ tool: definitions, category: fc.constantFrom(...CATEGORIES) })
    .map(({ tool, category }) => classified(tool, category)),
  { maxLength: 12 },
);

describe("recommendServer", () => {
  test("whatever the tools, the document is valid and lints clean", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), tools, (server, some) => {
        assertSound(recommendServer(server, some), some);
      }),
      { numRuns: 300 },
    );
  });

  test("the order of the tools does not matter", () => {
    fc.assert(
      fc.property(tools, (some) => {
        const there = recommendServer("s", some);
        expect(recommendServer("s", some.toReversed())).toEqual(there);
      }),
      { numRuns: 100 },
    );
  });

  test("one document with every category", () => {
    const some = [
      classified("list_orders", "Read"),
      classified("update_order", "Write"),
      classified("run_job", "Execute"),
      classified("delete_order", "Destructive"),
      classified("refund_order", "Financial"),
    ];
    const recommendation = recommendServer("shop", some);
    assertSound(recommendation, some);
    expect(recommendation.document).toEqual({
      version: "1",
      description:
        "Recommended for shop: 4 tools with an entry, 1 hidden. Everything else is denied, resources and prompts too.",
      default: "deny",
      hide: ["delete_order"],
      tools: {
        list_orders: {},
        refund_order: { action: "require_approval" },
        run_job: { limits: [{ counter: "run_job_rate", window: "minute", max: 10, scope: "grant" }] },
        update_order: {
          limits: [{ counter: "update_order_rate", window: "minute", max: 30, scope: "grant" }],
        },
      },
    });
    expect(recommendation.counts).toEqual({ Read: 1, Write: 1, Execute: 1, Destructive: 1, Financial: 1 });
    expect(recommendation.worst.map(({ tool }) => tool.name)).toEqual([
      ...["refund_order", "delete_order", "run_job", "update_order"],
    ]);
    expect(recommendation.warnings).toEqual([]);
  });

  test("a name with a star is left out: as a pattern it would mean other tools", () => {
    const some = [
      classified("get_*", "Read"),
      classified("delete_*", "Destructive"),
      classified("get_x", "Read"),
    ];
    const { document, warnings } = recommendServer("s", some);
    expect(document.tools).toEqual({ get_x: {} });
    expect(document.hide).toBeUndefined();
    expect(warnings.map(({ tool }) => tool)).toEqual(["delete_*", "get_*"]);
  });

  test("of two tools with one name the worst decides, without rules that may be meant for the other", () => {
    const inputSchema = schemaOf({ path: "string" });
    const read = classified({ name: "t", description: "Reads a file.", inputSchema }, "Read");
    const write = classified({ name: "t" }, "Write");
    const { document, warnings } = recommendServer("s", [read, write]);
    expect(document.tools).toEqual({ t: { rate_limit: { max: 30, window: "minute" } } });
    expect(warnings).toEqual([
      {
        tool: "t",
        text: "The server has 2 different tools named `t`; the policy is that of the most dangerous one.",
      },
    ]);
    expect(recommendServer("s", [read, read]).warnings).toEqual([]);
  });

  test("at 5,000 tools the mildest are kept, and the rest is refused", () => {
    const inputSchema = schemaOf({ path: "string", url: "string?" });
    const some = Array.from({ length: 5000 }, (_, index) => {
      const category = CATEGORIES[index % CATEGORIES.length] ?? "Read";
      return classified(
        { name: `tool_number_${index}_with_a_long_name`, description: "A file.", inputSchema },
        category,
      );
    });
    const recommendation = recommendServer("large", some);
    assertSound(recommendation, some);
    expect(recommendation.tools).toHaveLength(5000);
    const kept = recommendation.tools.filter(({ entry }) => entry !== undefined);
    expect(kept.length).toBeGreaterThan(1500);
    expect(kept.filter(({ verdict }) => verdict.category === "Read")).toHaveLength(1000);
    expect(recommendation.warnings.map(({ text }) => text)).toEqual([
      "A policy holds at most 256 KiB: the limits are written in short, and the rules on arguments are left out.",
      `A policy holds at most 2,000 names and 256 KiB: the ${(4000 - kept.length).toLocaleString("en")} most dangerous tools that had no room are left out, and so refused.`,
    ]);
  });
});
