import { err, ok } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanJson } from "../../src/mcp/json-scanner.ts";
import { DEFAULT_LIMITS, readStrict } from "../../src/mcp/strict-reading.ts";

const PARSE = -32700;
const INVALID = -32600;
const SYNTAX = { code: PARSE, reason: "the body is not valid JSON" };
const TWICE = { code: PARSE, reason: "a key appears twice in one object" };
const PROTO = { code: INVALID, reason: "a key is `__proto__`" };
const DEEP = { code: INVALID, reason: "the body is nested too deeply" };
const MANY = { code: INVALID, reason: "the body has too many values" };
const LONG_STRING = { code: INVALID, reason: "a string is too long" };
const LONG_KEY = { code: INVALID, reason: "a key is too long" };
const NUMBER = { code: INVALID, reason: "a number has no exact binary64 reading" };
const LONE = { code: PARSE, reason: "a string has a lone surrogate" };
const NOT_UTF8 = { code: PARSE, reason: "the body is not valid UTF-8" };
const BATCH = { code: INVALID, reason: "batches are not accepted" };
const NOT_OBJECT = { code: INVALID, reason: "the body is not a JSON object" };
const TRAILING = { code: PARSE, reason: "something follows the JSON value" };

const read = (text: string) => readStrict(Buffer.from(text, "utf8"));
const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
const values = (count: number) => `{"a":[${Array.from({ length: count }, () => "1").join(",")}]}`;
const KIB = 1024;

describe("duplicate keys after unescaping, at any depth (threats 1 and 3)", () => {
  it.each([
    ["two methods", '{"method":"tools/list","method":"tools/call"}'],
    ["two ids with the same value", '{"id":1,"id":1}'],
    ["one of them escaped", '{"name":"read","n\\u0061me":"delete"}'],
    ["inside the arguments", '{"params":{"arguments":{"amount":1,"amount":1000}}}'],
    ["inside an array", '{"a":[{"b":1,"b":2}]}'],
    ["the empty key", '{"":1,"":2}'],
    ["integer-like keys", '{"1":1,"1":2}'],
    ["`constructor`", '{"constructor":1,"constructor":2}'],
    ["an escaped slash", '{"a/b":1,"a\\/b":2}'],
    ["a pair of surrogates, raw and escaped", '{"😀":1,"\\ud83d\\uDE00":2}'],
    ["with white space between", '{ "a" : 1 , "a" : 2 }'],
  ])("refuses %s", (_name, text) => {
    expect(read(text)).toEqual(err(TWICE));
  });

  it("allows the same key in different objects, and keys that differ in case or normal form", () => {
    const text = '{"a":{"a":1},"b":[{"a":1},{"a":2}],"A":1,"é":1,"e\u0301":2}';
    expect(read(text)).toEqual(ok(JSON.parse(text)));
  });
});

describe("`__proto__` (threat 7)", () => {
  it.each([
    ["at the top", '{"__proto__":{"isAdmin":true}}'],
    ["in the arguments", '{"params":{"arguments":{"__proto__":1}}}'],
    ["in an array", '{"a":[1,{"__proto__":null}]}'],
    ["escaped", '{"\\u005f_proto__":1}'],
    ["with white space", '{ "__proto__" : 1 }'],
  ])("refuses the key %s", (_name, text) => {
    expect(read(text)).toEqual(err(PROTO));
    expect(Reflect.get({}, "isAdmin")).toBeUndefined();
  });

  it("reads it as a value, and `constructor` and `prototype` as ordinary keys", () => {
    const text = '{"a":"__proto__","constructor":{"prototype":{"x":1}},"toString":1}';
    expect(read(text)).toEqual(ok(JSON.parse(text)));
  });
});

describe("numbers (policy-spec C7)", () => {
  it.each(["9007199254740993", "1e400", "0.10000000000000000555", "1e-400", "10e308", "7".repeat(1_000_000)])(
    "refuses %.24s",
    (token) => {
      expect(read(`{"a":[${token}]}`)).toEqual(err(NUMBER));
    },
  );

  it.each([
    "0.1",
    "1.0",
    "5e0",
    "-0",
    "1E3",
    "1000000000000000000000",
    "5e-324",
    "-9007199254740992",
    "123456789012345",
  ])("accepts %s", (token) => {
    expect(read(`{"a":${token}}`)).toEqual(ok({ a: Number(token) }));
  });

  it.each([
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "-01",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "-",
    "0x10",
    "1_000",
    "--1",
  ])("refuses %s, which is no JSON number", (token) => {
    expect(read(`{"a":${token}}`)).toEqual(err(SYNTAX));
  });
});

describe("depth, nodes and lengths (threats 8 and 9)", () => {
  it.each([
    ["64 levels", nested(63), undefined],
    ["65 levels", nested(64), DEEP],
    ["65 levels with white space", ` ${nested(64)}`, DEEP],
    ["5,000 levels of both kinds", `${'{"a":['.repeat(2_500)}${"]}".repeat(2_500)}`, DEEP],
    ["40,000 levels, which fit the native path", nested(40_000), DEEP],
    ["a million levels", nested(1_000_000), DEEP],
    ["100,000 unclosed brackets", `{"a":${"[".repeat(100_000)}`, DEEP],
    ["50,000 values", values(49_998), undefined],
    ["50,001 values", values(49_999), MANY],
    ["200,000 keys", `{${Array.from({ length: 200_000 }, (_, at) => `"k${at}":0`).join(",")}}`, MANY],
    ["two million empty arrays", `{"a":[${"[],".repeat(2_000_000)}[]]}`, MANY],
    ["a string of 1 MiB", `{"a":"${"x".repeat(KIB * KIB)}"}`, undefined],
    ["a string of 1 MiB and a byte", `{"a":"${"x".repeat(KIB * KIB + 1)}"}`, LONG_STRING],
    ["1 MiB in characters of four bytes", `{"a":"${"😀".repeat((KIB * KIB) / 4)}"}`, undefined],
    ["1 MiB and a byte of them", `{"a":"x${"😀".repeat((KIB * KIB) / 4)}"}`, LONG_STRING],
    ["1 MiB written as escapes of six characters", `{"a":"${"\\u0041".repeat(KIB * KIB)}"}`, undefined],
    ["a byte more of them", `{"a":"${"\\u0041".repeat(KIB * KIB)}\\n"}`, LONG_STRING],
    ["escaped characters of two and three bytes", `{"a":"${"\\u00e9\\u20ac".repeat(209_716)}"}`, LONG_STRING],
    ["escaped pairs of surrogates", `{"a":"${"\\ud83d\\ude00".repeat(262_145)}"}`, LONG_STRING],
    ["a key of 1 KiB", `{"${"k".repeat(KIB)}":1}`, undefined],
    ["a key of 1 KiB and a byte", `{"${"k".repeat(KIB + 1)}":1}`, LONG_KEY],
    ["a key of 1 KiB in two bytes each", `{"${"é".repeat(KIB / 2)}":1}`, undefined],
    ["a key of 1 KiB and a byte, in three bytes each", `{"xx${"€".repeat(341)}":1}`, LONG_KEY],
  ])("%s", (_name, text, fault) => {
    expect(read(text)).toEqual(fault === undefined ? ok(JSON.parse(text)) : err(fault));
  });

  // Dense texts are judged natively first, the same with white space by the scanner alone.
  it.each([
    ["dense", (text: string) => text],
    ["with white space", (text: string) => ` ${text}`],
  ])("applies the bounds that it is given, %s", (_name, spell) => {
    const limits = { maxDepth: 2, maxNodes: 3, maxStringBytes: 6, maxKeyBytes: 6 };
    const outcome = (text: string) => {
      const result = readStrict(Buffer.from(spell(text)), limits);
      return result.ok ? "ok" : result.error.reason;
    };
    expect(outcome('{"a":["ab"]}')).toBe("ok");
    expect(outcome('{"abcdef":["abcdef"]}')).toBe("ok");
    expect(outcome('{"a":{"b":1}}')).toBe("ok");
    expect(outcome('{"a":[[]]}')).toBe(DEEP.reason);
    expect(outcome('{"a":{"b":{}}}')).toBe(DEEP.reason);
    expect(outcome('{"a":[1,2]}')).toBe(MANY.reason);
    expect(outcome('{"a":1,"b":2,"c":3}')).toBe(MANY.reason);
    expect(outcome('{"a":"abcdefg"}')).toBe(LONG_STRING.reason);
    expect(outcome('{"abcdefg":1}')).toBe(LONG_KEY.reason);
  });
});

describe("encodings (threat 14)", () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  it.each([
    ["a byte that begins nothing", bytes('{"a":"', [0xff], '"}'), NOT_UTF8],
    ["an overlong slash", bytes('{"a":"', [0xc0, 0xaf], '"}'), NOT_UTF8],
    ["a surrogate as bytes (CESU-8)", bytes('{"a":"', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '"}'), NOT_UTF8],
    ["a cut character", bytes('{"a":"', [0xe2, 0x82], '"}'), NOT_UTF8],
    ["a character above U+10FFFF", bytes('{"a":"', [0xf4, 0x90, 0x80, 0x80], '"}'), NOT_UTF8],
    ["UTF-16 with BOM", Buffer.from('\ufeff{"a":1}', "utf16le"), NOT_UTF8],
    ["UTF-16 without BOM", Buffer.from('{"a":1}', "utf16le"), SYNTAX],
    ["a UTF-8 BOM", bytes([0xef, 0xbb, 0xbf], '{"a":1}'), SYNTAX],
    ["a raw NUL in a string", bytes('{"a":"', [0], '"}'), SYNTAX],
    ["a raw NUL after the value", bytes('{"a":1}', [0]), TRAILING],
    ["a raw control character", bytes('{"a":"', [0x1f], '"}'), SYNTAX],
    ["a raw line break in a string", bytes('{"a":"\n"}'), SYNTAX],
    ["a raw control character in a long string", bytes(`{"a":"${"x".repeat(200)}`, [9], '"}'), SYNTAX],
    ["a no-break space between tokens", bytes('{"a":\u00a01}'), SYNTAX],
    ["a form feed between tokens", bytes('{"a":', [0x0c], "1}"), SYNTAX],
  ])("refuses %s", (_name, body, fault) => {
    expect(readStrict(body)).toEqual(err(fault));
  });

  it.each([
    ["high", '{"a":"\\ud800"}'],
    ["low", '{"a":"\\udc00"}'],
    ["high, upper case", '{"a":"\\uD800"}'],
    ["high before an ordinary escape", '{"a":"\\ud800\\n"}'],
    ["high before an escape that is no low one", '{"a":"\\ud800\\u0041"}'],
    ["high before an escape above the low ones", '{"a":"\\ud83d\\ue000"}'],
    ["two high ones", '{"a":"\\ud83d\\ud83d\\ude00"}'],
    ["a swapped pair", '{"a":"\\ude00\\ud83d"}'],
    ["in a key", '{"\\ud800":1}'],
    ["at the end of a long string", `{"a":"${"x".repeat(300)}\\udbff"}`],
  ])("refuses a lone surrogate: %s", (_name, text) => {
    expect(read(text)).toEqual(err(LONE));
  });

  it.each([
    ["an escaped pair", '{"a":"\\ud83d\\ude00"}', "😀"],
    ["an escaped NUL", '{"a":"\\u0000"}', "\u0000"],
    ["a backslash before `ud800`", '{"a":"\\\\ud800"}', "\\ud800"],
    ["every short escape", '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', '"\\/\b\f\n\r\t'],
    ["line separators", '{"a":"\u2028\u2029"}', "\u2028\u2029"],
    ["DEL and noncharacters", '{"a":"\u007f\uffff"}', "\u007f\uffff"],
  ])("reads %s", (_name, text, value) => {
    expect(read(text)).toEqual(ok({ a: value }));
  });
});

describe("one JSON object and nothing else (threats 12 and 13)", () => {
  it.each([
    ["an empty body", "", { code: PARSE, reason: "the body is empty" }],
    ["white space only", " \r\n\t", { code: PARSE, reason: "the body is empty" }],
    ["an empty batch", "[]", BATCH],
    ["a batch of one", '[{"jsonrpc":"2.0"}]', BATCH],
    ["a batch after white space", "\n [1]", BATCH],
    ["a batch of 100,000 unclosed ones", "[".repeat(100_000), BATCH],
    ["a string", '"tools/call"', NOT_OBJECT],
    ["a number", "1", NOT_OBJECT],
    ["null", "null", NOT_OBJECT],
    ["true", "true", NOT_OBJECT],
    ["false", " false ", NOT_OBJECT],
    ["words", "not json", SYNTAX],
    ["two objects", "{}{}", TRAILING],
    ["two lines", '{"a":1}\n{"a":2}', TRAILING],
    ["a comment", '{"a":1}//', TRAILING],
    ["an unclosed object", '{"a":1', SYNTAX],
    ["an unclosed string", '{"a":"b', SYNTAX],
    ["an escape at the end", '{"a":"\\', SYNTAX],
    ["a key without value", '{"a"}', SYNTAX],
    ["a key without quotes", "{a:1}", SYNTAX],
    ["single quotes", "{'a':1}", SYNTAX],
    ["a trailing comma in an object", '{"a":1,}', SYNTAX],
    ["a trailing comma in an array", '{"a":[1,]}', SYNTAX],
    ["a missing comma in an array", '{"a":[1 2]}', SYNTAX],
    ["a missing value", '{"a":}', SYNTAX],
    ["a missing colon", '{"a" 1}', SYNTAX],
    ["brackets that do not match", '{"a":[1}', SYNTAX],
    ["an unknown escape", '{"a":"\\x41"}', SYNTAX],
    ["an upper-case escape", '{"a":"\\U0041"}', SYNTAX],
    ["an escape of three digits", '{"a":"\\u004"}', SYNTAX],
    ["a cut word", '{"a":tru}', SYNTAX],
    ["an upper-case word", '{"a":True}', SYNTAX],
    ["undefined", '{"a":undefined}', SYNTAX],
  ])("refuses %s", (_name, text, fault) => {
    expect(read(text)).toEqual(err(fault));
  });

  it("reads white space wherever JSON allows it", () => {
    expect(read('\t{ "a" :\r\n[ 1 , { } , [ ] ] }\n')).toEqual(ok({ a: [1, {}, []] }));
  });
});

/** Enough to find what was planted; `STRICT_READING_RUNS` asks for a longer search. */
const RUNS = Number(process.env["STRICT_READING_RUNS"] ?? 1_500);

describe("both paths and JSON.parse agree", { timeout: 20 * RUNS + 10_000 }, () => {
  const value = fc.jsonValue({ maxDepth: 5 });
  const object = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom("1", "0", "__proto__", "a", "\ud800")),
    value,
  );

  it("on what JSON.stringify writes, dense and indented", () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, "\t"), (written, indent) => {
        const text = JSON.stringify(written, null, indent);
        expectAgreement(text);
      }),
      { numRuns: RUNS },
    );
  });

  it("on texts with one piece exchanged, doubled or cut (threats 1, 3, 5, 14)", () => {
    const pieces = [
      '"a":1',
      ",",
      "}",
      "]",
      "{",
      "[",
      '"',
      "\\",
      "\\ud800",
      "\\u0061",
      "1.0",
      "-0",
      "1e400",
      " ",
      "\n",
    ];
    const more = [
      "\u0001",
      "\u00e9",
      "😀",
      ":",
      "null",
      "9007199254740993",
      '"__proto__":1',
      "0",
      "e",
      ".",
      "\\/",
    ];
    const edit = fc.record({
      at: fc.nat(400),
      cut: fc.nat(6),
      put: fc.oneof(fc.constantFrom(...pieces, ...more), fc.string({ maxLength: 3, unit: "binary" })),
    });
    fc.assert(
      fc.property(object, fc.array(edit, { minLength: 1, maxLength: 4 }), (written, edits) => {
        let text = JSON.stringify(written);
        for (const { at, cut, put } of edits) {
          const place = at % (text.length + 1);
          text = (text.slice(0, place) + put + text.slice(place + cut)).toWellFormed();
        }
        expectAgreement(text);
      }),
      { numRuns: RUNS },
    );
  });

  // Above a size for each value the scanner takes over, and finds the ends of long runs natively.
  it("on long strings, with what ends them or must not stand in them", () => {
    const filler = fc.nat(200).map((length) => "x".repeat(length));
    const piece = fc.constantFrom(
      ...['\\"', "\\\\", "\\n", "\\u0041", "\\ud800", "\\ud83d\\ude00", "\\x", "é", "😀"],
      ...[
        '"',
        "\\",
        "\u0001",
        "\n",
        '","b":"',
        '","a":"',
        '","__proto__":"',
        '","b":1.0,"c":"',
        '"}',
        "\u007f",
      ],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(filler, piece), { maxLength: 12 }), (parts) =>
        expectAgreement(`{"a":"${"x".repeat(300)}${parts.join("")}"}`),
      ),
      { numRuns: RUNS },
    );
  });

  it("on soups of tokens", () => {
    const token = fc.constantFrom(
      ...[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"a"',
        '"b"',
        '"\\u0061"',
        "1",
        "-0",
        "1.0",
        "true",
        "null",
        " ",
        '"__proto__"',
      ],
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => expectAgreement(`{${tokens.join("")}}`)),
      { numRuns: RUNS },
    );
  });
});

/** The reader, the scanner on its own and `JSON.parse` say the same, as far as each can. */
function expectAgreement(text: string): void {
  const result = read(text);
  const scanned = scanJson(text, DEFAULT_LIMITS);
  expect(result.ok ? undefined : result.error).toEqual(scanned);
  const parsed = parse(text);
  if (result.ok) {
    expect(parsed).toEqual({ value: result.value });
    expect(hasOddities(result.value)).toBe(false);
  } else if (parsed === undefined) {
    // What is no JSON may be refused for what came before the fault, but never accepted.
    expect(scanned).toBeDefined();
  } else {
    expect(scanned).not.toEqual(SYNTAX);
    expect(scanned).not.toEqual(TRAILING);
  }
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function hasOddities(value: unknown): boolean {
  if (typeof value === "string") return !value.isWellFormed();
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([key, inside]) => key === "__proto__" || !key.isWellFormed() || hasOddities(inside),
  );
}
