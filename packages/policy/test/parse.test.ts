import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PolicyError } from "../src/errors.ts";
import { type PolicyFormat, parsePolicy } from "../src/parse.ts";
import { validatePolicy } from "../src/validate.ts";

const HEAD = '"version":"1","default":"deny"';
const YAML_HEAD = 'version: "1"\ndefault: deny\n';

function errorsOf(source: string | Uint8Array, format: PolicyFormat = "json"): readonly PolicyError[] {
  const parsed = parsePolicy(source, { format });
  return parsed.ok ? [] : parsed.error;
}

/** Code, pointer and position of each error: `code pointer line:column`. */
function placesOf(source: string | Uint8Array, format?: PolicyFormat): readonly string[] {
  return errorsOf(source, format).map(
    ({ code, pointer, line, column }) => `${code} ${pointer} ${line}:${column}`,
  );
}

describe("formats (policy-spec M4)", () => {
  const document = {
    version: "1",
    default: "deny",
    tools: { a: { limits: [{ counter: "c", window: 60, max: 0.5 }] } },
  };

  test.each<[string, PolicyFormat, string]>([
    ["JSON", "json", JSON.stringify(document)],
    ["JSON with a byte order mark", "json", `\ufeff${JSON.stringify(document)}`],
    ["indented JSON", "json", JSON.stringify(document, null, "\t")],
    ["JSONC without anything special", "jsonc", JSON.stringify(document)],
    [
      "JSONC with comments and spare commas",
      "jsonc",
      `// top\n{${HEAD}, /* tools */ "tools":{"a":{"limits":[{"counter":"c","window":60,"max":0.5,},],},},}`,
    ],
    [
      "YAML",
      "yaml",
      `# top\n${YAML_HEAD}tools:\n  a:\n    limits:\n      - counter: c\n        window: 0x3C\n        max: 0.5\n`,
    ],
    ["YAML with its directive", "yaml", `%YAML 1.2\n---\n${JSON.stringify(document)}\n...\n`],
    ["JSON read as YAML", "yaml", JSON.stringify(document)],
  ])("%s reads as the same document", (_name, format, source) => {
    const expected = { ok: true, value: document };
    expect(parsePolicy(source, { format })).toEqual(expected);
    expect(parsePolicy(new TextEncoder().encode(source), { format })).toEqual(expected);
  });

  test("the format is strict JSON by default", () => {
    expect(parsePolicy(`{${HEAD}}`)).toEqual({ ok: true, value: { version: "1", default: "deny" } });
    expect(parsePolicy(`{${HEAD}} // end`).ok).toBe(false);
  });

  test.each([
    ["literals of YAML's core schema", "hide: [yes, no, on, ~]", ["wrong_type /hide/3 3:21"]],
    ["an octal number", "tools: {a: {rate_limit: {max: 0o17, window: 010}}}", []],
    ["spellings of numbers", "tools: {a: {rate_limit: {max: +.5e1, window: 60.}}}", []],
  ])("YAML 1.2 core schema: %s", (_name, source, expected) => {
    expect(placesOf(YAML_HEAD + source, "yaml")).toEqual(expected);
  });
});

describe("syntax errors (policy-spec M4, M6)", () => {
  test.each<[string, PolicyFormat, string, readonly string[]]>([
    ["nothing", "json", "", ["syntax  1:1"]],
    ["white space", "json", " \n ", ["syntax  2:2"]],
    [
      "comments and spare commas, all of them",
      "json",
      `{//\n${HEAD},/**/}`,
      ["syntax  1:2", "syntax  2:31", "syntax  2:32"],
    ],
    ["a spare comma in a list", "json", `{${HEAD},"hide":["a",]}`, ["syntax  1:44"]],
    ["a comma alone", "jsonc", "{,}", ["syntax  1:2"]],
    ["no colon", "json", '{"version"}', ["syntax  1:11"]],
    ["no comma", "json", '{"a":1 "b":2}', ["syntax  1:8"]],
    ["no value", "json", '{"a":}', ["syntax  1:6"]],
    ["an unclosed object", "json", '{"a":1', ["syntax  1:7"]],
    ["an unclosed list", "json", "[1,\n", ["syntax  2:1"]],
    ["the wrong bracket", "json", "[1}", ["syntax  1:3"]],
    ["a second value", "json", "{}\n{}", ["syntax  2:1"]],
    ["a bare word", "json", "{version:1}", ["syntax  1:2"]],
    ["a bare value", "json", "nil", ["syntax  1:1"]],
    ["a lone minus", "json", "-", ["syntax  1:1"]],
    ["a leading zero", "json", "01", ["syntax  1:2"]],
    ["a number that breaks off", "json", "1.", ["syntax  1:1"]],
    ["an exponent that breaks off", "json", "[1e]", ["syntax  1:2"]],
    ["an unclosed string", "json", '{"a":"b\n}', ["syntax  1:6"]],
    ["an unclosed comment", "jsonc", "{} /*", ["syntax  1:4"]],
    ["single quotes", "json", "{'a':1}", ["syntax  1:2"]],
    [
      "a bad escape, and what follows",
      "json",
      `{${HEAD},"description":"\\x","hide":[""]}`,
      ["syntax  1:47", "invalid_value /hide/0 1:60"],
    ],
    ["a raw control character", "json", `{${HEAD},"description":"\u0001"}`, ["syntax  1:47"]],
    ["YAML that is none", "yaml", "a: b: c\n", ["syntax  1:4"]],
    ["all errors of YAML", "yaml", 'a: "\\q"\nb: "\\z"\n', ["syntax  1:5", "syntax  2:5"]],
    ["tabs as indentation", "yaml", "tools:\n\ta: 1\n", ["syntax  2:1"]],
  ])("%s", (_name, format, source, expected) => {
    expect(placesOf(source, format)).toEqual(expected);
  });

  test.each<[string, Uint8Array]>([
    ["a lone continuation byte", Uint8Array.of(0x7b, 0x80, 0x7d)],
    ["an overlong form", Uint8Array.of(0xc0, 0xaf)],
    ["a surrogate", Uint8Array.of(0xed, 0xa0, 0x80)],
    ["a cut sequence", Uint8Array.of(0x22, 0xe2, 0x82)],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x7b, 0x00)],
  ])("%s is not UTF-8", (_name, source) => {
    const message = "the source is not valid UTF-8; save the file as UTF-8";
    expect(errorsOf(source)).toEqual([{ pointer: "", code: "syntax", message }]);
  });

  test("a string source with half of a surrogate pair cannot have been UTF-8", () => {
    expect(errorsOf(`{${HEAD},"description":"\ud800"}`).map(({ code }) => code)).toEqual(["syntax"]);
  });

  test("bytes above ASCII and percent signs are read as they are", () => {
    const source = `{${HEAD},"description":"50 % €😀"}`;
    expect(parsePolicy(new TextEncoder().encode(source))).toEqual({
      ok: true,
      value: { version: "1", default: "deny", description: "50 % €😀" },
    });
  });

  test("a source is accepted as JSON only if JSON.parse accepts it", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      "1",
      "-",
      "0",
      ".5",
      "e1",
      "true",
      "null",
      " ",
      "\n",
      "/*",
      "*/",
      '"\\u12"',
    ];
    const source = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join(""));
    fc.assert(
      fc.property(source, (text) => {
        const hasSyntaxError = errorsOf(text).some(({ code }) => code === "syntax");
        expect(hasSyntaxError).toBe(!isJson(text));
      }),
      { numRuns: 3000 },
    );
  });

  test.each(["json", "jsonc", "yaml"] as const)("no %s source throws", (format) => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."{}[]:,\"'\\-?&*!|>%@#\n\t ax1~.<"), maxLength: 40 }),
        (text) => {
          expect(parsePolicy(text, { format }).ok).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("duplicates and numbers, judged on the source (policy-spec M4, C7)", () => {
  test.each<[string, PolicyFormat, string, readonly string[]]>([
    ["in JSON", "json", `{${HEAD},\n"default":"allow"}`, ["duplicate_key /default 2:1"]],
    ["after unescaping", "json", `{${HEAD},"\\u0064efault":"allow"}`, ["duplicate_key /default 1:33"]],
    ["in YAML", "yaml", `${YAML_HEAD}"default": allow`, ["duplicate_key /default 3:1"]],
    [
      "of tools, each time",
      "jsonc",
      `{${HEAD},"tools":{"a":{},"a":{},"a":{}}}`,
      ["duplicate_key /tools/a 1:49", "duplicate_key /tools/a 1:56"],
    ],
    [
      "of __proto__",
      "json",
      `{${HEAD},"tools":{"__proto__":{},"__proto__":{}}}`,
      ["duplicate_key /tools/__proto__ 1:57"],
    ],
  ])("a duplicate key %s", (_name, format, source, expected) => {
    expect(placesOf(source, format)).toEqual(expected);
  });

  const limit = (max: string) =>
    `{${HEAD},"all_tools":{"limits":[{"counter":"c","window":60,"max":${max}}]}}`;
  const inexact = ["inexact_number /all_tools/limits/0/max 1:89"];

  test.each<[string, PolicyFormat, string, readonly string[]]>([
    ["equal spellings", "json", "5.0", []],
    ["the exponent form", "jsonc", "5e0", []],
    ["2^53 + 1", "json", "9007199254740993", inexact],
    ["beyond binary64", "jsonc", "1e400", inexact],
    ["below binary64", "json", "1e-400", inexact],
    ["digits that get lost", "yaml", "0.10000000000000000555", inexact],
    ["infinity", "yaml", ".inf", inexact],
    ["not a number", "yaml", ".nan", inexact],
    ["a hexadecimal number", "yaml", "0x0020", []],
    ["a hexadecimal number that gets rounded", "yaml", "0x20000000000001", inexact],
    ["a hexadecimal number beyond binary64", "yaml", `0x${"f".repeat(500)}`, inexact],
    ["an octal number that gets rounded", "yaml", "0o400000000000000001", inexact],
  ])("a number: %s", (_name, format, max, expected) => {
    expect(placesOf(limit(max), format)).toEqual(expected);
  });

  test("an inexact number is shown as written", () => {
    expect(errorsOf(limit("1e400"))[0]?.message).toBe(
      "`max` would change its value: `1e400` is read as Infinity; write a number of at most 15 digits",
    );
  });
});

describe("what YAML has and JSON has not (policy-spec M4)", () => {
  test.each<[string, string, readonly string[]]>([
    ["an anchor", `${YAML_HEAD}hide: &h [a]`, ["unsupported_yaml /hide 3:10"]],
    [
      "an alias, without a second error",
      `${YAML_HEAD}hide: &h [a]\ntools: *h`,
      ["unsupported_yaml /hide 3:10", "unsupported_yaml /tools 4:8"],
    ],
    ["an alias of nothing", `${YAML_HEAD}hide: *h`, ["unsupported_yaml /hide 3:7"]],
    [
      "an alias as key",
      `${YAML_HEAD}hide: [&h a]\ntools: {*h : {}}`,
      ["unsupported_yaml /hide/0 3:11", "unsupported_yaml /tools 4:9"],
    ],
    ["an anchor on a key", `${YAML_HEAD}tools: {&t a: {}}`, ["unsupported_yaml /tools/a 3:12"]],
    ["a tag", `${YAML_HEAD}description: !!str 1`, ["unsupported_yaml /description 3:20"]],
    ["a local tag on a list", `${YAML_HEAD}hide: !x [a]`, ["unsupported_yaml /hide 3:10"]],
    ["a tag on a key", `${YAML_HEAD}tools: {!!str a: {}}`, ["unsupported_yaml /tools/a 3:15"]],
    ["a merge key", `${YAML_HEAD}tools:\n  a:\n    <<: {}`, ["unsupported_yaml /tools/a/<< 5:5"]],
    ["a number as key", `${YAML_HEAD}tools: {1: {}}`, ["unsupported_yaml /tools 3:9"]],
    ["a list as key", `${YAML_HEAD}tools: {? [a] : {}}`, ["unsupported_yaml /tools 3:11"]],
    ["no key", `${YAML_HEAD}tools: {: {}}`, ["unsupported_yaml /tools 3:9"]],
    ["two documents", `${YAML_HEAD}---\n${YAML_HEAD}`, ["unsupported_yaml  3:1"]],
    ["a directive", `%TAG ! tag:x,2000:\n---\n${YAML_HEAD}`, ["unsupported_yaml  1:1"]],
    ["another version", `%YAML 1.1\n---\n${YAML_HEAD}`, ["unsupported_yaml  1:1"]],
    ["no document", "# nothing", ["wrong_type  1:1"]],
    ["a key without value", `${YAML_HEAD}tools:`, ["wrong_type /tools 3:7"]],
  ])("%s is an error", (_name, source, expected) => {
    expect(placesOf(source, "yaml")).toEqual(expected);
  });

  test("a quoted `<<` is a tool like any other", () => {
    expect(placesOf(`${YAML_HEAD}tools: {"<<": {}}`, "yaml")).toEqual([]);
  });

  test("after a hundred errors of the kind no more are listed, and the source is refused", () => {
    const source = `${YAML_HEAD}tools:\n${Array.from({ length: 300 }, (_, tool) => `  t${tool}: &a {}`).join("\n")}`;
    expect(errorsOf(source, "yaml")).toHaveLength(100);
  });
});

describe("positions (policy-spec M6)", () => {
  test.each<[string, string]>([
    ["LF", "\n"],
    ["CR LF", "\r\n"],
    ["CR", "\r"],
  ])("lines end at %s, and errors come in the order of the source", (_name, newline) => {
    const source = ["{", '  "hide": [""],', '  "zzz": 1,', '  "version": 1', "}"].join(newline);
    expect(placesOf(source)).toEqual([
      "missing_key /default 1:1",
      "invalid_value /hide/0 2:12",
      "unknown_key /zzz 3:3",
      "wrong_type /version 4:14",
    ]);
  });

  test("columns count UTF-16 code units from the start of the line, without the byte order mark", () => {
    expect(placesOf(`\ufeff{${HEAD},"description":"😀","zzz":1}`)).toEqual(["unknown_key /zzz 1:52"]);
  });

  test("pointers are escaped (RFC 6901) and messages carry no control characters", () => {
    expect(errorsOf(`{${HEAD},"tools":{"a/b~c":{"\\u001b[31m":1}}}`)).toEqual([
      {
        pointer: "/tools/a~1b~0c/\u001b[31m",
        code: "unknown_key",
        message: "`�[31m` is not a key of `a/b~c`",
        line: 1,
        column: 51,
      },
    ]);
  });
});

describe("__proto__ (policy-spec M3)", () => {
  test("is an unknown key like any other", () => {
    expect(placesOf(`{${HEAD},"__proto__":{"default":"allow"}}`)).toEqual(["unknown_key /__proto__ 1:33"]);
    expect(placesOf(`{"__proto__":{${HEAD}}}`)).toEqual([
      "missing_key /version 1:1",
      "missing_key /default 1:1",
      "unknown_key /__proto__ 1:2",
    ]);
  });

  test.each<[string, PolicyFormat]>([
    ["JSON", "json"],
    ["YAML", "yaml"],
  ])("is an own key where any name may stand, in %s", (_name, format) => {
    const parsed = parsePolicy(`{${HEAD},"tools":{"__proto__":{"action":"deny"},"constructor":{}}}`, {
      format,
    });
    const tools = parsed.ok ? (parsed.value.tools ?? {}) : {};
    expect(Object.entries(tools)).toEqual([
      ["__proto__", { action: "deny" }],
      ["constructor", {}],
    ]);
    expect(Object.getPrototypeOf(tools)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "action")).toBe(false);
  });
});

describe("validatePolicy (policy-spec M6)", () => {
  test("returns a copy", () => {
    const value = JSON.parse(`{${HEAD},"tools":{"__proto__":{}},"hide":["a"]}`);
    const validated = validatePolicy(value);
    expect(validated).toEqual({ ok: true, value });
    expect(validated.ok && validated.value).not.toBe(value);
    expect(validated.ok && validated.value.hide).not.toBe(value.hide);
  });

  test("reports errors in the order of the value, without positions", () => {
    expect(validatePolicy({ hide: [true], zzz: 1, version: "1", default: "deny" })).toEqual({
      ok: false,
      error: [
        {
          pointer: "/hide/0",
          code: "wrong_type",
          message: "item 0 of `hide` must be a string, not a boolean",
        },
        { pointer: "/zzz", code: "unknown_key", message: "`zzz` is not a key of the document" },
      ],
    });
  });

  const cyclic: Record<string, unknown> = { version: "1", default: "deny" };
  cyclic["tools"] = cyclic;
  const wide: unknown[] = [];
  wide.push(wide, wide);
  const throwing = {
    get version(): string {
      throw new Error("no");
    },
  };

  test.each<[string, unknown, readonly string[]]>([
    ["nothing", undefined, ["wrong_type "]],
    ["null", null, ["wrong_type "]],
    ["a text", "{}", ["wrong_type "]],
    ["a list", [], ["wrong_type "]],
    [
      "a function as value",
      { version: "1", default: "deny", description: () => "" },
      ["wrong_type /description"],
    ],
    [
      "an undefined member",
      { version: "1", default: "deny", description: undefined },
      ["wrong_type /description"],
    ],
    ["a big integer", { version: 1n, default: "deny" }, ["wrong_type /version"]],
    [
      "NaN",
      { version: "1", default: "deny", tools: { a: { rate_limit: { max: Number.NaN, window: 1 } } } },
      ["inexact_number /tools/a/rate_limit/max"],
    ],
    ["a cycle", cyclic, ["limit_exceeded "]],
    ["a cycle that doubles", wide, ["limit_exceeded "]],
    ["a list that is all holes", new Array(4_000_000_000), ["limit_exceeded "]],
    ["a member that throws", throwing, ["wrong_type "]],
  ])("never throws: %s", (_name, value, expected) => {
    const validated = validatePolicy(value);
    const places = validated.ok ? [] : validated.error.map(({ code, pointer }) => `${code} ${pointer}`);
    expect(places).toEqual(expected);
  });
});
