import { err, type JsonObject, ok } from "@portcullis/policy";
import { describe, expect, it } from "vitest";
import {
  checkHeaderParams,
  type HeaderParam,
  headerParamsOf,
  readHeaderParams,
} from "../../src/mcp/header-params.ts";

const PLACE = "`x-mcp-header` is only allowed on parameters reached through `properties` alone";
const NAME = "`x-mcp-header` is not a header name";
const TYPE = "`x-mcp-header` is only allowed on a string, an integer or a boolean";
const SECRET = "`x-mcp-header` would show a secret in a header";
const TWICE = "two parameters have the same `x-mcp-header` but for case";

const region = { type: "string", "x-mcp-header": "Region" };
const schema = (properties: JsonObject) => ({ type: "object", properties });

describe("annotations (2026-07-28 streamable-http, Schema Extension; threat 19)", () => {
  it.each<[string, JsonObject, readonly HeaderParam[]]>([
    ["none", schema({ a: { type: "string" } }), []],
    [
      "one of each type, in order",
      schema({
        a: region,
        b: { type: "integer", "x-mcp-header": "N" },
        c: { type: "boolean", "x-mcp-header": "B" },
      }),
      [
        { header: "Mcp-Param-Region", path: ["a"], type: "string" },
        { header: "Mcp-Param-N", path: ["b"], type: "integer" },
        { header: "Mcp-Param-B", path: ["c"], type: "boolean" },
      ],
    ],
    [
      "nested objects",
      schema({ a: schema({ b: region }) }),
      [{ header: "Mcp-Param-Region", path: ["a", "b"], type: "string" }],
    ],
    ["a parameter that is called x-mcp-header", schema({ "x-mcp-header": { type: "string" } }), []],
    [
      "a parameter that is called properties",
      schema({ properties: region }),
      [{ header: "Mcp-Param-Region", path: ["properties"], type: "string" }],
    ],
    [
      "the word inside data",
      schema({ a: { type: "string", default: { "x-mcp-header": "" }, enum: [{ "x-mcp-header": "" }] } }),
      [],
    ],
  ])("reads %s", (_name, inputSchema, params) => {
    expect(readHeaderParams(inputSchema)).toEqual(ok(params));
  });

  it.each<[string, JsonObject, string]>([
    [
      "names equal but for case",
      schema({ a: region, b: { type: "string", "x-mcp-header": "REGION" } }),
      TWICE,
    ],
    ["a secret", schema({ api_key: { type: "string", "x-mcp-header": "Key" } }), SECRET],
    ["a secret by its header", schema({ a: { type: "string", "x-mcp-header": "Api-Key" } }), SECRET],
    ["a part of a secret", schema({ password: schema({ part: region }) }), SECRET],
    ["an empty name", schema({ a: { type: "string", "x-mcp-header": "" } }), NAME],
    ["a line break", schema({ a: { type: "string", "x-mcp-header": "A\r\nX: y" } }), NAME],
    ["a final line break", schema({ a: { type: "string", "x-mcp-header": "A\n" } }), NAME],
    ["a space", schema({ a: { type: "string", "x-mcp-header": "A B" } }), NAME],
    ["a colon", schema({ a: { type: "string", "x-mcp-header": "A:" } }), NAME],
    ["non-ASCII", schema({ a: { type: "string", "x-mcp-header": "R\u00e9gion" } }), NAME],
    ["a name that is no string", schema({ a: { type: "string", "x-mcp-header": 1 } }), NAME],
    ["a number", schema({ a: { type: "number", "x-mcp-header": "A" } }), TYPE],
    ["an array", schema({ a: { type: "array", "x-mcp-header": "A" } }), TYPE],
    ["an object", schema({ a: { type: "object", "x-mcp-header": "A" } }), TYPE],
    ["two types", schema({ a: { type: ["string", "null"], "x-mcp-header": "A" } }), TYPE],
    ["no type", schema({ a: { "x-mcp-header": "A" } }), TYPE],
    ["the root", { type: "object", "x-mcp-header": "A" }, PLACE],
    ...[
      "items",
      "contains",
      "not",
      "if",
      "then",
      "else",
      "additionalProperties",
      "propertyNames",
      "unknown-keyword",
    ].map((keyword): [string, JsonObject, string] => [keyword, schema({ a: { [keyword]: region } }), PLACE]),
    ...["oneOf", "anyOf", "allOf", "prefixItems"].map((keyword): [string, JsonObject, string] => [
      keyword,
      { [keyword]: [schema({ a: region })] },
      PLACE,
    ]),
    ...["$defs", "definitions", "patternProperties", "dependentSchemas"].map(
      (keyword): [string, JsonObject, string] => [
        keyword,
        { [keyword]: { x: schema({ a: region }) } },
        PLACE,
      ],
    ),
  ])("refuses %s", (_name, inputSchema, reason) => {
    expect(readHeaderParams(inputSchema)).toEqual(err(reason));
  });

  it("bounds its work on hostile schemas (threat 36)", () => {
    let deep: JsonObject = region;
    for (let level = 0; level < 100_000; level += 1) deep = { properties: { a: deep } };
    expect(readHeaderParams(deep)).toEqual(err("the input schema has more than 10000 nodes"));
    let tooLong: JsonObject = region;
    for (let level = 0; level < 66; level += 1) tooLong = { properties: { a: tooLong } };
    expect(readHeaderParams(tooLong)).toEqual(err(PLACE));
    for (const odd of [undefined, null, true, 1, "x", [], { properties: [region] }, { properties: null }]) {
      expect(readHeaderParams(odd).ok).toBe(true);
    }
  });
});

const PARAMS: readonly HeaderParam[] = [
  { header: "Mcp-Param-Region", path: ["region"], type: "string" },
  { header: "Mcp-Param-Max", path: ["page", "max"], type: "integer" },
  { header: "Mcp-Param-Dry", path: ["dry"], type: "boolean" },
];

describe("headers of a call (Client Behavior)", () => {
  it.each<[string, JsonObject | undefined, readonly (readonly [string, string])[]]>([
    [
      "every type",
      { region: "us-west1", page: { max: -7 }, dry: false },
      [
        ["Mcp-Param-Region", "us-west1"],
        ["Mcp-Param-Max", "-7"],
        ["Mcp-Param-Dry", "false"],
      ],
    ],
    ["an encoded value", { region: "a\r\nX: y" }, [["Mcp-Param-Region", "=?base64?YQ0KWDogeQ==?="]]],
    ["nothing for null, absent and inherited values", { region: null, page: [] }, []],
    ["nothing without arguments", undefined, []],
  ])("has %s", (_name, args, headers) => {
    expect(headerParamsOf(PARAMS, args)).toEqual(ok(headers));
  });

  it.each<[string, JsonObject]>([
    ["an object", { region: {} }],
    ["a fraction", { region: 1.5 }],
    ["an unsafe integer", { region: 2 ** 53 }],
  ])("refuses %s", (_name, args) => {
    expect(headerParamsOf(PARAMS, args)).toEqual(
      err("the argument of `Mcp-Param-Region` is not of the declared type"),
    );
  });

  it("reads own members only", () => {
    expect(
      headerParamsOf([{ header: "Mcp-Param-A", path: ["constructor", "name"], type: "string" }], {}),
    ).toEqual(ok([]));
  });
});

describe("check of a client's headers (Server Behavior for Custom Headers, -32020)", () => {
  const args = { region: "eu", page: { max: 42 }, dry: true };
  const good = ["mcp-param-region", "eu", "Mcp-Param-Max", "42", "MCP-PARAM-DRY", "true"];
  it.each<[string, readonly string[], JsonObject | undefined, string | undefined]>([
    ["agreement", good, args, undefined],
    ["an undeclared header", [...good, "Mcp-Param-Other", "x"], args, undefined],
    ["an encoded value", ["Mcp-Param-Region", "=?base64?ZXU=?="], { region: "eu" }, undefined],
    ["numerically equal integers", ["Mcp-Param-Max", "42.0"], { page: { max: 42 } }, undefined],
    [
      "integers of many digits",
      ["Mcp-Param-Max", "-1234567890123456"],
      { page: { max: -1234567890123456 } },
      undefined,
    ],
    ["zeros behind the point", ["Mcp-Param-Max", "7.000"], { page: { max: 7 } }, undefined],
    [
      "another digit behind the point",
      ["Mcp-Param-Max", "7.001"],
      { page: { max: 7 } },
      "the `Mcp-Param-Max` header differs from the body",
    ],
    [
      "another integer",
      ["Mcp-Param-Max", "8"],
      { page: { max: 7 } },
      "the `Mcp-Param-Max` header differs from the body",
    ],
    ["null without header", [], { region: null }, undefined],
    [
      "another value",
      ["Mcp-Param-Region", "us"],
      { region: "eu" },
      "the `Mcp-Param-Region` header differs from the body",
    ],
    [
      "another case",
      ["Mcp-Param-Region", "EU"],
      { region: "eu" },
      "the `Mcp-Param-Region` header differs from the body",
    ],
    ["a missing header", [], { region: "eu" }, "the `Mcp-Param-Region` header is missing"],
    [
      "a header twice",
      ["Mcp-Param-Region", "eu", "mcp-param-region", "eu"],
      { region: "eu" },
      "the `Mcp-Param-Region` header is missing",
    ],
    [
      "a header without argument",
      ["Mcp-Param-Region", "eu"],
      {},
      "the `Mcp-Param-Region` header has no argument in the body",
    ],
    [
      "a header for null",
      ["Mcp-Param-Region", "null"],
      { region: null },
      "the `Mcp-Param-Region` header has no argument in the body",
    ],
    [
      "a header without arguments at all",
      ["Mcp-Param-Region", "eu"],
      undefined,
      "the `Mcp-Param-Region` header has no argument in the body",
    ],
    [
      "bad Base64",
      ["Mcp-Param-Region", "=?base64?ZXU?="],
      { region: "eu" },
      "the `Mcp-Param-Region` header is not canonical Base64",
    ],
    [
      "an integer with a fraction",
      ["Mcp-Param-Max", "42.00000000000000000001"],
      { page: { max: 42 } },
      "the `Mcp-Param-Max` header differs from the body",
    ],
    [
      "an integer as hexadecimal",
      ["Mcp-Param-Max", "0x2a"],
      { page: { max: 42 } },
      "the `Mcp-Param-Max` header differs from the body",
    ],
    [
      "a numeric string is no number",
      ["Mcp-Param-Region", "42.0"],
      { region: "42" },
      "the `Mcp-Param-Region` header differs from the body",
    ],
    [
      "an argument of another shape",
      ["Mcp-Param-Region", "eu"],
      { region: ["eu"] },
      "the argument of `Mcp-Param-Region` is not of the declared type",
    ],
  ])("%s", (_name, raw, callArgs, problem) => {
    expect(checkHeaderParams(raw, PARAMS, callArgs)).toBe(problem);
  });
});
