import { describe, expect, it } from "vitest";
import { isJsonObject } from "../src/json.ts";
import { lintPolicy } from "../src/lint.ts";
import { lookUpPath } from "../src/lint-schema.ts";
import { parsePath } from "../src/path.ts";
import { validatePolicy } from "../src/validate.ts";

/** What the schema says of a path, in one line. */
function ask(schema: unknown, text: string): string {
  const path = parsePath(text);
  if (!path.ok) throw new Error(path.error);
  const fact = lookUpPath(schema, path.value.steps, { nodes: 100_000 });
  if (!fact.canExist) return "impossible";
  const kinds = fact.kinds === undefined ? "any" : [...fact.kinds].join("|");
  const values = fact.values === undefined ? "" : ` of ${JSON.stringify(fact.values)}`;
  return `${kinds}${values}, ${fact.optionalSteps === 0 ? "required" : `optional to ${fact.optionalSteps}`}`;
}

const object = (properties: object, required: readonly string[] = [], rest: object = {}) => ({
  type: "object",
  properties,
  required,
  ...rest,
});
const TEXT = { type: "string" };
const NUMBER = { type: "number" };

describe("policy-spec A4: what a schema says of a path", () => {
  it.each<[string, unknown, string, string]>([
    ["a required member", object({ a: TEXT }, ["a"]), "args.a", "string, required"],
    ["an optional member", object({ a: TEXT }), "args.a", "string, optional to 1"],
    [
      "a required member of an optional one",
      object({ a: object({ b: TEXT }, ["b"]) }),
      "args.a.b",
      "string, optional to 1",
    ],
    ["a member that is not listed", object({ a: TEXT }), "args.b", "impossible"],
    ["a closed object without members", { additionalProperties: false }, "args.b", "impossible"],
    ["an object that lists nothing", { type: "object" }, "args.b", "any, required"],
    ["other members may be there", object({}, [], { additionalProperties: true }), "args.b", "any, required"],
    ["members by pattern", object({}, [], { patternProperties: { "^x": TEXT } }), "args.b", "any, required"],
    ["members by condition", object({}, [], { if: {} }), "args.b", "any, required"],
    ["a member that is forbidden", object({ a: false }), "args.a", "impossible"],
    ["a member that may be anything", object({ a: true }, ["a"]), "args.a", "any, required"],
    ["several types", object({ a: { type: ["string", "null"] } }, ["a"]), "args.a", "string|null, required"],
    ["whole numbers", object({ a: { type: "integer" } }, ["a"]), "args.a", "number, required"],
    ["a type that does not exist", object({ a: { type: "text" } }, ["a"]), "args.a", "any, required"],
    ["an enum", object({ a: { enum: ["x", 1] } }, ["a"]), "args.a", 'any of ["x",1], required'],
    ["a const", object({ a: { const: "x" } }, ["a"]), "args.a", 'any of ["x"], required'],
    ["elements", object({ a: { type: "array", items: NUMBER } }, ["a"]), "args.a[*]", "number, required"],
    [
      "one element",
      object({ a: { type: "array", items: NUMBER } }, ["a"]),
      "args.a[1]",
      "number, optional to 2",
    ],
    [
      "one element of enough",
      object({ a: { type: "array", items: NUMBER, minItems: 2 } }, ["a"]),
      "args.a[1]",
      "number, required",
    ],
    [
      "elements by place",
      object({ a: { type: "array", prefixItems: [TEXT], items: NUMBER } }, ["a"]),
      "args.a[*]",
      "any, required",
    ],
    ["members by `[*]` (C6)", object({ a: object({ b: NUMBER }) }, ["a"]), "args.a[*]", "any, required"],
    ["elements of a text", object({ a: TEXT }), "args.a[*]", "impossible"],
    ["allOf", { allOf: [object({ a: TEXT }), { required: ["a"] }] }, "args.a", "string, required"],
    [
      "anyOf",
      { anyOf: [object({ a: TEXT }, ["a"]), object({ a: NUMBER }, ["a"])] },
      "args.a",
      "string|number, required",
    ],
    [
      "anyOf without the member",
      { oneOf: [object({ a: TEXT }, ["a"]), object({ b: TEXT })] },
      "args.a",
      "string, optional to 1",
    ],
    [
      "anyOf of enums",
      object({ a: { anyOf: [{ const: "x" }, { enum: ["y"] }] } }, ["a"]),
      "args.a",
      'any of ["x","y"], required',
    ],
    [
      "a reference",
      { ...object({ a: { $ref: "#/$defs/x~1y" } }, ["a"]), $defs: { "x/y": NUMBER } },
      "args.a",
      "number, required",
    ],
    [
      "a reference to the root",
      object({ a: { $ref: "#" }, n: NUMBER }, ["a", "n"]),
      "args.a.a.n",
      "number, required",
    ],
    [
      "a reference into a list",
      { ...object({ a: { $ref: "#/$defs/x/1" } }, ["a"]), $defs: { x: [TEXT, NUMBER] } },
      "args.a",
      "number, required",
    ],
    [
      "types of which only one is left",
      object({ a: { allOf: [{ type: ["string", "number"] }, { type: ["boolean", "number"] }] } }, ["a"]),
      "args.a",
      "number, required",
    ],
    ["a flag", object({ a: { const: true } }, ["a"]), "args.a", "any of [true], required"],
    [
      "a reference to elsewhere",
      object({ a: { $ref: "https://example.com/schema" } }, ["a"]),
      "args.a",
      "any, required",
    ],
    ["a reference to nothing", object({ a: { $ref: "#/$defs/none" } }, ["a"]), "args.a", "any, required"],
    ["a reference that is not a text", object({ a: { $ref: 5 } }, ["a"]), "args.a", "any, required"],
    ["names of the prototype", object({ a: TEXT }), "args.constructor", "impossible"],
    ["no schema", undefined, "args.a", "any, required"],
    ["a schema that is a list", [TEXT], "args.a", "any, required"],
  ])("%s", (_, schema, path, expected) => {
    expect(ask(schema, path)).toBe(expected);
  });
});

/** A value inside itself, `depth` times. */
function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

describe("policy-spec A4: names that a schema lists", () => {
  it.each<[string, unknown, string, readonly string[]]>([
    ["of an object", object({ a: TEXT, b: NUMBER }), "args", ["a", "b"]],
    ["over alternatives", { anyOf: [object({ a: TEXT }), object({ b: TEXT })] }, "args", ["a", "b"]],
    ["of something open", true, "args", []],
    ["below something open", object({ a: true }), "args.a.b", []],
    ["of what cannot be there", object({ a: TEXT }), "args.b", []],
    ["where `properties` is no object", { type: "object", properties: ["a"] }, "args", []],
  ])("%s", (_, schema, text, names) => {
    const path = parsePath(text);
    expect(path.ok && lookUpPath(schema, path.value.steps, { nodes: 1000 }).memberNames()).toEqual(names);
  });
});

describe("policy-spec A4: hostile schemas say nothing, and soon", () => {
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const cyclic: Record<string, unknown> = { type: "object" };
  cyclic["properties"] = { a: cyclic };
  cyclic["allOf"] = [cyclic];
  it.each<[string, unknown]>([
    ["a reference to itself", { $ref: "#" }],
    [
      "references in a circle",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
    ],
    [
      "references that double",
      { anyOf: [{ $ref: "#" }, { $ref: "#" }], allOf: [{ $ref: "#" }, { $ref: "#" }] },
    ],
    ["an object inside itself", cyclic],
    ["deep `allOf`", nested(100_000, (inner) => ({ allOf: [inner] }))],
    ["wide `allOf`", { allOf: many(100_000, () => ({ type: "object" })) }],
    ["wide `anyOf`", { anyOf: many(100_000, (index) => object({ [`p${index}`]: TEXT })) }],
    ["nothing but false", { anyOf: many(100_000, () => false) }],
    ["products", { allOf: many(64, () => ({ anyOf: [{}, {}] })) }],
    ["a long reference", { $ref: `#${"/a".repeat(200_000)}` }],
    ["a long list of names", { type: "object", properties: { x: TEXT }, required: many(1_000_000, String) }],
    ["a long list of types", { type: many(100_000, () => "string") }],
  ])("%s", (_, schema) => {
    const started = performance.now();
    expect(ask(schema, "args.x")).toBe("any, required");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("a budget that is used up says nothing", () => {
    const budget = { nodes: 0 };
    const path = parsePath("args.b");
    const fact = lookUpPath(object({ a: TEXT }), path.ok ? path.value.steps : [], budget);
    expect([fact.canExist, budget.nodes]).toEqual([true, 0]);
  });

  it("a large policy against a large tool list ends soon, whatever the schemas are", () => {
    const tools = Object.fromEntries(
      many(60, (index) => [
        `${"*".repeat(1)}${"x".repeat(index)}*`,
        { deny_if: many(30, (at) => ({ conditions: [{ path: `args.a${at}.b.c`, op: "gt", value: at }] })) },
      ]),
    );
    const valid = validatePolicy({ version: "1", default: "deny", tools });
    if (!valid.ok) throw new Error(JSON.stringify(valid.error.slice(0, 3)));
    const inputSchema = { anyOf: many(32, () => ({ $ref: "#/$defs/a" })), $defs: { a: { type: "object" } } };
    const list = many(5000, (index) => ({ name: `tool_${"x".repeat(index % 60)}${index}`, inputSchema }));
    const started = performance.now();
    expect(lintPolicy(valid.value, { tools: list }).every(isJsonObject)).toBe(true);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
