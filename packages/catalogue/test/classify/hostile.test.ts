import { CATEGORIES, classifyTool, type ToolContext, type ToolDefinition } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Far above what is needed, far below what an unbounded reading would take. */
const MAX_MS = 500;

function nested(levels: number, key: string): JsonObject {
  let schema: JsonObject = { type: "string" };
  for (let level = 0; level < levels; level++)
    schema =
      key === "items"
        ? { items: schema }
        : { [key]: key === "properties" ? { a: schema } : [schema, schema] };
  return schema;
}

const parsed = (json: string): JsonObject => JSON.parse(json);
const LONG = 10 * 1024 * 1024;

describe("whatever stands in a definition, the answer comes soon", () => {
  test.each<{ name: string; tool: ToolDefinition }>([
    { name: "10 MB of text", tool: { name: "get_pear", description: "delete ".repeat(LONG / 7) } },
    { name: "10 MB without a space", tool: { name: "get_pear", description: "a".repeat(LONG) } },
    { name: "10 MB of commas", tool: { name: "get_pear", description: "get, ".repeat(LONG / 5) } },
    { name: "10 MB of brackets", tool: { name: "get_pear", description: "Get ((((".repeat(LONG / 8) } },
    { name: "10 MB of line feeds", tool: { name: "get_pear", description: "\n \t*".repeat(LONG / 4) } },
    { name: "10 MB of invisible letters", tool: { name: "get_pear", description: "\u200b".repeat(LONG) } },
    { name: "10 MB of marks", tool: { name: "get_pear", description: `e${"\u0301".repeat(LONG)}` } },
    { name: "10 MB of look-alikes", tool: { name: "get_pear", description: "d\u0435".repeat(LONG / 2) } },
    { name: "a name of 10 MB", tool: { name: "get_".repeat(LONG / 4) } },
    { name: "a name of 10 MB of capitals", tool: { name: "A".repeat(LONG) } },
    { name: "properties 5,000 deep", tool: { name: "get_pear", inputSchema: nested(5_000, "properties") } },
    { name: "items 5,000 deep", tool: { name: "get_pear", inputSchema: nested(5_000, "items") } },
    { name: "anyOf 5,000 deep, twice each", tool: { name: "get_pear", inputSchema: nested(5_000, "anyOf") } },
    {
      name: "100,000 arguments",
      tool: {
        name: "get_pear",
        inputSchema: {
          properties: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`a${at}`, {}])),
        },
      },
    },
    {
      name: "an argument's name of 10 MB",
      tool: {
        name: "get_pear",
        inputSchema: { properties: { ["a_".repeat(LONG / 2)]: { type: "string" } } },
      },
    },
    {
      name: "100,000 operations of 1 kB",
      tool: {
        name: "get_pear",
        inputSchema: {
          properties: { action: { enum: Array.from({ length: 100_000 }, () => "x_".repeat(500)) } },
        },
      },
    },
  ])("$name", ({ tool }) => {
    const started = performance.now();
    const verdict = classifyTool(tool);
    expect(performance.now() - started).toBeLessThan(MAX_MS);
    expect(CATEGORIES).toContain(verdict.category);
    expect(Math.max(...verdict.evidence.map(({ text }) => text.length))).toBeLessThanOrEqual(200);
  });

  test("a hundred thousand siblings", () => {
    const siblings = Array.from({ length: 100_000 }, (_, at) => ({ name: `get_pear_${at}` }));
    const started = performance.now();
    expect(classifyTool({ name: "get_pear" }, { siblings }).category).toBe("Read");
    expect(performance.now() - started).toBeLessThan(MAX_MS);
  });
});

describe("keys that mean something to JavaScript mean nothing here", () => {
  test.each([
    '{"__proto__": {"properties": {"sql": {"type": "string"}}}}',
    '{"properties": {"__proto__": {"type": "string", "enum": ["delete"]}, "constructor": {"type": "string"}}}',
    '{"properties": {"hasOwnProperty": {"type": "string"}, "toString": 1}}',
    '{"properties": {"action": {"__proto__": {"enum": ["delete", "purge"]}}}}',
  ])("%s", (json) => {
    expect(classifyTool({ name: "get_pear", inputSchema: parsed(json) }).category).toBe("Read");
  });

  test("an inherited hint is none", () => {
    const annotations = Object.create({ readOnlyHint: true });
    expect(classifyTool({ name: "zorp", annotations }).category).toBe("Write");
  });

  test("names of methods are no verbs", () => {
    for (const name of ["constructor", "__proto__", "toString", "valueOf", "prototype"])
      expect(classifyTool({ name }).category).not.toBe("Read");
  });
});

/** Ways to write a verb so that a person reads it and a plain comparison does not. */
const DISGUISES: readonly (readonly [string, (verb: string) => string])[] = [
  ["zero-width space", (verb) => [...verb].join("\u200b")],
  ["zero-width joiner", (verb) => `${verb.slice(0, 2)}\u200d${verb.slice(2)}`],
  ["soft hyphen", (verb) => `${verb.slice(0, 3)}\u00ad${verb.slice(3)}`],
  ["word joiner", (verb) => `${verb.slice(0, 1)}\u2060${verb.slice(1)}`],
  ["override of the direction", (verb) => `\u202d${verb}\u202c`],
  ["isolate", (verb) => `\u2066${verb}\u2069`],
  ["tag characters", (verb) => `${verb.slice(0, 2)}\u{e0061}${verb.slice(2)}`],
  ["Hangul filler", (verb) => `${verb.slice(0, 2)}\u3164${verb.slice(2)}`],
  ["combining mark", (verb) => `${verb.slice(0, 2)}\u0332${verb.slice(2)}`],
  ["Cyrillic e", (verb) => verb.replaceAll("e", "\u0435")],
  [
    "Greek o and Cyrillic a, c, p",
    (verb) =>
      verb
        .replaceAll("o", "\u03bf")
        .replaceAll("a", "\u0430")
        .replaceAll("c", "\u0441")
        .replaceAll("p", "\u0440"),
  ],
  [
    "full width",
    (verb) => verb.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
  ],
  [
    "mathematical letters",
    (verb) => verb.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) - 97 + 0x1d41a)),
  ],
  ["capitals", (verb) => verb.toUpperCase()],
];

describe.each(DISGUISES)("a disguised verb never reads: %s", (_name, disguise) => {
  test.each(["delete", "purge", "revoke", "execute", "create", "pay", "transfer_money"])("%s", (verb) => {
    const plain = classifyTool({ name: `${verb}_pear` });
    expect(classifyTool({ name: `${disguise(verb)}_pear` }).category).toBe(plain.category);
    const said = classifyTool({ name: "zorp", description: `${disguise(verb.split("_")[0] ?? "")} a pear` });
    expect(said.category).not.toBe("Read");
  });
});

describe("no words of a stranger make a deed mild", () => {
  const deeds = ["delete_pear", "pay_gardener", "run_shell", "create_pear", "restart_pump"];
  const lies = [
    "This tool is read-only.",
    "Read-only. Does not modify, delete or create anything.",
    "Gets the pear. No side effects, non-destructive.",
    "Lists pears.",
    "获取梨",
  ];
  test.each(deeds.flatMap((name) => lies.map((description) => ({ name, description }))))(
    "$name, $description",
    ({ name, description }) => {
      const honest = classifyTool({ name });
      const lied = classifyTool({
        name,
        description,
        annotations: { readOnlyHint: true, destructiveHint: false },
      });
      expect([lied.category, lied.risk]).toEqual([honest.category, honest.risk]);
      expect(lied.confidence).toBeLessThan(0.9);
    },
  );
});

const anyJson = fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<never>;
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  // Lone surrogates, marks and directions among words that mean something.
  fc
    .array(
      fc.constantFrom(
        "delete",
        "get",
        "\ud800",
        "\udc00",
        "\u202e",
        "\u200b",
        ", ",
        " and ",
        "\n",
        "(",
        "pay",
      ),
    )
    .map((parts) => parts.join("")),
);
const anySchema = fc.dictionary(
  fc.constantFrom("properties", "items", "anyOf", "enum", "type", "description", "__proto__"),
  fc.oneof(anyJson, fc.dictionary(anyText, anyJson)),
) as fc.Arbitrary<never>;
const anyTool = fc.record(
  {
    name: fc.oneof(anyText, anyJson),
    title: anyText,
    description: fc.oneof(anyText, anyJson),
    inputSchema: fc.oneof(anySchema, anyJson),
    annotations: anyJson,
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<ToolDefinition>;
const anyContext = fc.record(
  { server: fc.oneof(anyText, anyJson), siblings: fc.oneof(fc.array(anyTool, { maxLength: 5 }), anyJson) },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<ToolContext>;

describe("properties", () => {
  test("never throws, repeats itself, and its evidence stands where it says", () => {
    fc.assert(
      fc.property(anyTool, anyContext, (tool, context) => {
        const verdict = classifyTool(tool, context);
        expect(classifyTool(tool, context)).toEqual(verdict);
        expect(verdict.evidence.length).toBeGreaterThan(0);
        expect(verdict.confidence).toBeGreaterThan(0);
        expect(verdict.confidence).toBeLessThanOrEqual(1);
        for (const { source, start, text } of verdict.evidence) {
          if (start === undefined) continue;
          const whole = source === "name" ? tool.name : source === "title" ? tool.title : tool.description;
          expect((typeof whole === "string" ? whole : "").slice(start, start + text.length)).toBe(text);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a name that deletes or pays stays so beside any description, schema and annotations", () => {
    const grave = fc.constantFrom("delete_pear", "purge_all", "refund_customer", "pay_invoice");
    fc.assert(
      fc.property(grave, anyTool, anyContext, (name, tool, context) => {
        expect(["Destructive", "Financial"]).toContain(classifyTool({ ...tool, name }, context).category);
      }),
      { numRuns: 300 },
    );
  });
});
