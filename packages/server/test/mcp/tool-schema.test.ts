import { describe, expect, it } from "vitest";
import { toolSchemaProblem } from "../../src/mcp/tool-schema.ts";

const tool = (inputSchema: object) => JSON.parse(JSON.stringify({ name: "t", inputSchema }));
const of = (more: object) => tool({ type: "object", ...more });

describe("schemas of tools (threat 36)", () => {
  it.each([
    ["no input schema", { name: "t" }, "its input schema is not one of an object"],
    ["one of a text", tool({ type: "string" }), "its input schema is not one of an object"],
    [
      "an output that is no object",
      { name: "t", inputSchema: { type: "object" }, outputSchema: [] },
      "its output schema is not an object",
    ],
    [
      "a reference to elsewhere",
      of({ properties: { a: { $ref: "https://a/" } } }),
      "a schema refers to elsewhere",
    ],
    ["an unknown dialect", of({ $schema: "https://a/" }), "a schema is of an unknown dialect"],
    ["many choices", of({ enum: Array.from({ length: 10_001 }, () => 1) }), "a schema has too many choices"],
    ["many parts", of({ anyOf: Array.from({ length: 10_001 }, () => ({})) }), "a schema has too many parts"],
  ])("%s", (_, definition, problem) => {
    expect(toolSchemaProblem(definition)).toBe(problem);
  });

  it.each(["default", "const", "enum", "examples"])(
    "a reference to elsewhere in an argument that is called %s",
    (name) => {
      const definition = of({ properties: { [name]: { $ref: "https://a/" } } });
      expect(toolSchemaProblem(definition)).toBe("a schema refers to elsewhere");
    },
  );

  it("many parts, wherever they are (faults F21)", () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, { type: "string" }]));
    const properties = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [`b${at}`, { type: "object", properties: wide }]),
    );
    expect(toolSchemaProblem(of({ properties }))).toBe("a schema has too many parts");
    expect(toolSchemaProblem(of({ properties: { ...properties, b0: {}, b1: {} } }))).toBeUndefined();
  });

  it("a schema that is nested too deeply", () => {
    const nested = (levels: number) => {
      let deep: object = {};
      for (let at = 0; at < levels; at += 1) deep = { not: deep };
      return of(deep);
    };
    expect(toolSchemaProblem(nested(200))).toBeUndefined();
    expect(toolSchemaProblem(nested(201))).toBe("a schema is nested too deeply");
  });

  it.each([
    ["$ref", "$anchor", (at: number) => `d${at}`, (name: string) => `#/$defs/${name}`],
    [
      "$ref",
      "$anchor",
      (at: number) => `d/~${at}`,
      (name: string) => `#/$defs/${name.replace("/~", "~1~0")}`,
    ],
    ["$ref", "$anchor", (at: number) => `d${at}`, (name: string) => `#${name}`],
    ["$dynamicRef", "$dynamicAnchor", (at: number) => `d${at}`, (name: string) => `#${name}`],
    ["$recursiveRef", "$anchor", (at: number) => `d${at}`, (name: string) => `#${name}`],
  ])(
    "definitions that double each other by %s and %s unfold too far, soon",
    (by, anchor, name, reference) => {
      const to = (at: number) => ({ [by]: reference(name(at)) });
      const definition = (at: number) => ({
        [anchor]: name(at),
        allOf: at === 39 ? [] : [to(at + 1), to(at + 1)],
      });
      const named = Array.from({ length: 40 }, (_, at) => [name(at), definition(at)] as const);
      const $defs = Object.fromEntries(named);
      expect(toolSchemaProblem(of({ ...to(0), $defs }))).toBe("a schema unfolds too far");
    },
  );

  it("nested parts count each time that they are referred to", () => {
    const part = { allOf: Array.from({ length: 1_000 }, () => ({})) };
    const often = (times: number) =>
      of({
        $defs: { part },
        oneOf: Array.from({ length: times }, () => ({ not: { $ref: "#/$defs/part" } })),
      });
    expect(toolSchemaProblem(often(95))).toBeUndefined();
    expect(toolSchemaProblem(often(101))).toBe("a schema unfolds too far");
  });

  it("lists that double each other unfold too far", () => {
    const to = (at: number) => ({ $ref: `#/anyOf/${at}` });
    const anyOf = Array.from({ length: 40 }, (_, at) => ({
      allOf: at === 39 ? [] : [to(at + 1), to(at + 1)],
    }));
    expect(toolSchemaProblem(of({ anyOf }))).toBe("a schema unfolds too far");
  });

  it.each([
    ["the most choices", of({ enum: Array.from({ length: 10_000 }, () => 1) })],
    ["the most parts", of({ anyOf: Array.from({ length: 10_000 }, () => ({})) })],
    ["more examples than choices", of({ examples: Array.from({ length: 10_001 }, () => 1) })],
    ["a plain one", of({ properties: { a: { type: "string" } }, required: ["a"] })],
    ["a recursive one", of({ properties: { a: { $ref: "#" }, b: { $ref: "#/properties/b" } } })],
    [
      "references that lead nowhere",
      of({ $ref: "#/no/where", allOf: [{ $ref: "#none" }, { $ref: "#/%zz" }, { $ref: 1 }] }),
    ],
    ["names that are keywords", of({ properties: { $ref: { type: "string" }, enum: {}, $schema: {} } })],
    [
      "data that looks like a schema",
      of({
        default: { $ref: "https://a/" },
        examples: [{ $ref: "https://a/" }],
        const: { $ref: "https://a/" },
      }),
    ],
    ["a known dialect", of({ $schema: "https://json-schema.org/draft/2020-12/schema" })],
    ["escaped pointers", of({ $ref: "#/$defs/a~1b", $defs: { "a/b": { type: "string" } } })],
  ])("%s is fine", (_, definition) => {
    expect(toolSchemaProblem(definition)).toBeUndefined();
  });
});
