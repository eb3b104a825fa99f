import { describe, expect, test } from "vitest";
import { type PolicyFormat, parsePolicy } from "../src/parse.ts";

/** What is said of the text itself, in order: `line:column message`. What the schema says besides is left out. */
function complaintsOf(source: string, format: PolicyFormat): readonly string[] {
  const parsed = parsePolicy(source, { format });
  const errors = parsed.ok ? [] : parsed.error;
  return errors
    .filter(({ code }) => code !== "missing_key" && code !== "unknown_key")
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe("what a text that is not JSON is told (policy-spec M4, M6)", () => {
  test.each<[string, string, readonly string[]]>([
    ["nothing", "", ["1:1 a value is expected here, not the end of the source"]],
    ["something after the value", "{} x", ["1:4 the end is expected after the first value, not `x`"]],
    ["no value", '{"version":,}', ["1:12 a value is expected here, not `,`"]],
    ["half a word", '{"version":tru}', ["1:12 a value is expected here, not `tru`"]],
    ["a bare key", "{version:1}", ["1:2 a key in double quotes is expected here, not `version`"]],
    ["no colon", '{"version" "1"}', ['1:12 a colon is expected after the key `version`, not `"1"`']],
    ["no comma in an object", '{"a":1 "b":2}', ['1:8 a comma or `}` is expected here, not `"b"`']],
    ["no comma in an array", '["a" "b"]', ['1:6 a comma or `]` is expected here, not `"b"`']],
    ["an open object", '{"a":1', ["1:7 a comma or `}` is expected here, not the end of the source"]],
    ["an open array", '["a"', ["1:5 a comma or `]` is expected here, not the end of the source"]],
    ["the wrong bracket", '["a"}', ["1:5 a comma or `]` is expected here, not `}`"]],
    [
      "a spare comma",
      '{"version":"1","default":"deny",}',
      ["1:32 JSON has no comma before a closing bracket; remove it"],
    ],
    [
      "a spare comma in an array",
      '{"version":"1","default":"deny","hide":["a",]}',
      ["1:44 JSON has no comma before a closing bracket; remove it"],
    ],
    [
      "a comment",
      '// c\n{"version":"1","default":"deny"}',
      ["1:1 JSON has no comments; remove it or name the file `.jsonc`"],
    ],
    [
      "a block comment",
      '{"version":"1",/* c */"default":"deny"}',
      ["1:16 JSON has no comments; remove it or name the file `.jsonc`"],
    ],
    [
      "a bad escape",
      '{"version":"1","default":"deny","description":"\\q"}',
      ["1:47 this string has a bad escape or a raw control character"],
    ],
    ["an open string", '{"a":"b', ["1:6 this string is not closed on its line"]],
    ["an open comment", "/* x", ["1:1 this comment is not closed; write `*/`"]],
    ["an open number", "1.", ["1:1 this number breaks off; write a digit after the dot or exponent"]],
  ])("%s", (_name, source, expected) => {
    expect(complaintsOf(source, "json")).toEqual(expected);
  });
});

describe("what a text that is not YAML, or more than we read, is told", () => {
  test.each<[string, string, readonly string[]]>([
    [
      "two documents",
      'version: "1"\ndefault: deny\n---\nb: 2',
      ["3:1 a policy is one YAML document; remove the others"],
    ],
    ["another version", "%YAML 1.1\n---\na: 1", ["1:1 only the directive `%YAML 1.2` is read; remove it"]],
    ["a longer version", "%YAML 1.20\n---\na: 1", ["1:1 only the directive `%YAML 1.2` is read; remove it"]],
    ["another directive", "%TAG ! x\n---\na: 1", ["1:1 only the directive `%YAML 1.2` is read; remove it"]],
    ["a directive with blanks", "%YAML   1.2  \n---\na: 1", []],
    ["an anchor", "a: &x 1", ["1:7 anchors are not read; remove it"]],
    ["an alias of nothing", "a: *b", ["1:4 aliases are not read; write the value out"]],
    ["a tag", "a: !!str 1", ["1:10 the tag `tag:yaml.org,2002:str` is not read; remove it"]],
    ["a merge key", "<<: {a: 1}", ["1:1 merge keys are not read; write the keys out"]],
    ["a list as key", "? [a]\n: 1", ["1:3 every key must be a string; put it in quotes"]],
    ["an escape", '"\\q": 1', ["1:2 the source is not YAML: Invalid escape sequence \\q"]],
  ])("%s", (_name, source, expected) => {
    expect(complaintsOf(source, "yaml")).toEqual(expected);
  });
});

describe("how deep a text may nest (policy-spec M5)", () => {
  const MAX = 64;
  const tooDeep = /nested deeper than 64 levels; flatten it$/;
  const json = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  const mixed = (levels: number) => `${'{"a":['.repeat(levels / 2)}1${"]}".repeat(levels / 2)}`;
  const blocks = (levels: number) =>
    Array.from({ length: levels }, (_, level) => `${" ".repeat(level)}a:`).join("\n");
  const keys = (levels: number) => `${"{".repeat(levels)}a${": 1}".repeat(levels)}`;

  test.each<[string, PolicyFormat, (levels: number) => string]>([
    ["objects of JSON", "json", json],
    ["objects and arrays of JSON", "json", mixed],
    ["flow maps of YAML", "yaml", json],
    ["maps and lists of YAML", "yaml", mixed],
    ["block maps of YAML", "yaml", blocks],
    ["keys of YAML", "yaml", keys],
  ])("%s: 64 levels are read, more are not", (_name, format, nest) => {
    expect(complaintsOf(nest(MAX), format).filter((said) => tooDeep.test(said))).toEqual([]);
    expect(complaintsOf(nest(MAX + 2), format)).toEqual([expect.stringMatching(tooDeep)]);
  });

  test.each<[PolicyFormat]>([["json"], ["yaml"]])("the 65th level is the first too many in %s", (format) => {
    expect(complaintsOf(json(MAX + 1), format)).toEqual([expect.stringMatching(tooDeep)]);
  });
});

describe("booleans of JSON", () => {
  test("false is false", () => {
    const rule = (value: boolean) => ({
      version: "1",
      default: "deny",
      all_tools: { require: [{ conditions: [{ path: "args.a", op: "exists", value }] }] },
    });
    for (const value of [true, false]) {
      expect(parsePolicy(JSON.stringify(rule(value)))).toEqual({ ok: true, value: rule(value) });
    }
  });
});
