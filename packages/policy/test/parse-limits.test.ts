import { describe, expect, test } from "vitest";
import { type PolicyFormat, parsePolicy } from "../src/parse.ts";
import { validatePolicy } from "../src/validate.ts";

const HEAD = '"version":"1","default":"deny"';
const KIB_256 = 262_144;

function errorsOf(source: string | Uint8Array, format: PolicyFormat = "json"): readonly string[] {
  const parsed = parsePolicy(source, { format });
  return parsed.ok ? [] : parsed.error.map(({ code, pointer, message }) => `${code} ${pointer}: ${message}`);
}

/** A valid document of exactly so many bytes: white space is free in JSON. */
function padded(bytes: number): string {
  const document = `{${HEAD}}`;
  return document + " ".repeat(bytes - document.length);
}

describe("size (policy-spec M5)", () => {
  const tooLarge = "is larger than 262144 bytes (256 KiB); split the policy";

  test("256 KiB of source are read, one byte more is not", () => {
    expect(errorsOf(padded(KIB_256))).toEqual([]);
    expect(errorsOf(new TextEncoder().encode(padded(KIB_256)))).toEqual([]);
    expect(errorsOf(padded(KIB_256 + 1))).toEqual([`limit_exceeded : the source ${tooLarge}`]);
    expect(errorsOf(new Uint8Array(KIB_256 + 1))).toEqual([`limit_exceeded : the source ${tooLarge}`]);
  });

  test("bytes of UTF-8 count, not characters", () => {
    const source = padded(KIB_256 - 2);
    expect(errorsOf(source.replace("}", ',"description":"€"}').slice(0, KIB_256 - 2))).toEqual([]);
    const euros = `{${HEAD},"description":"€"}${" ".repeat(KIB_256)}`.slice(0, KIB_256);
    expect(errorsOf(euros)).toEqual([`limit_exceeded : the source ${tooLarge}`]);
  });

  test("converted JSON counts as well: YAML that doubles", () => {
    const source = `version: "1"\ndefault: deny\nprompts:\n  allow: [${"a,".repeat(66_000)}]`;
    const errors = errorsOf(source, "yaml");
    expect(errors).toContain(`limit_exceeded : the document as JSON ${tooLarge}`);
    expect(errors).toContain(
      "limit_exceeded /prompts/allow: `allow` has 66000 patterns; at most 2000 are allowed",
    );
    expect(errors).toHaveLength(2);
  });

  test("a value that is JSON already has the same bound", () => {
    const values = { version: "1", default: "deny", hide: ["x".repeat(KIB_256)] };
    expect(validatePolicy(values)).toEqual({
      ok: false,
      error: [{ pointer: "", code: "limit_exceeded", message: `the document ${tooLarge}` }],
    });
    // Each character takes six bytes as JSON, which only the JSON shows.
    const escaped = { version: "1", default: "deny", description: "\u0001".repeat(50_000) };
    expect(validatePolicy(escaped)).toMatchObject({
      error: [
        { code: "limit_exceeded", pointer: "" },
        { code: "limit_exceeded", pointer: "/description" },
      ],
    });
    const keys = { [`k${"y".repeat(KIB_256)}`]: 1 };
    expect(validatePolicy(keys)).toMatchObject({ error: [{ code: "limit_exceeded", pointer: "" }] });
  });
});

describe("nesting is bounded, so that no source exhausts the stack (policy-spec M5, M7)", () => {
  test("64 levels are read", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(errorsOf(nested(64))).toEqual(["wrong_type : the document must be an object, not an array"]);
    expect(errorsOf(nested(65))).toEqual(["limit_exceeded : nested deeper than 64 levels; flatten it"]);
    expect(errorsOf(nested(64), "yaml")).toEqual([
      "wrong_type : the document must be an object, not an array",
    ]);
    expect(errorsOf(nested(65), "yaml")).toEqual([
      "limit_exceeded : nested deeper than 64 levels; flatten it",
    ]);
    expect(validatePolicy(JSON.parse(nested(64)))).toMatchObject({ error: [{ code: "wrong_type" }] });
    expect(validatePolicy(JSON.parse(nested(65)))).toMatchObject({ error: [{ code: "limit_exceeded" }] });
  });

  test.each<[string, PolicyFormat, string]>([
    ["brackets", "json", "[".repeat(200_000)],
    ["objects", "jsonc", '{"a":'.repeat(50_000)],
    ["flow lists", "yaml", "[".repeat(50_000)],
    ["flow maps", "yaml", "{a: ".repeat(25_000)],
    ["lists on one line", "yaml", "- ".repeat(50_000)],
    ["keys within keys", "yaml", "? ".repeat(50_000)],
  ])("tens of thousands of %s end in an error", (_name, format, source) => {
    expect(errorsOf(source, format)).toEqual(["limit_exceeded : nested deeper than 64 levels; flatten it"]);
  });
});

describe("time grows with the source, not with its square (policy-spec M5)", () => {
  const many = (count: number, write: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => write(index));
  const tools = (entries: readonly string[]) => `{${HEAD},"tools":{${entries.join(",")}}}`;

  test.each<[string, PolicyFormat, string, number]>([
    ["duplicate keys", "json", `{${many(40_000, () => '"a":1').join(",")}}`, 40_002],
    [
      "different unknown keys",
      "json",
      `{${HEAD},${many(25_000, (index) => `"${index}":1`).join(",")}}`,
      25_000,
    ],
    [
      "keys of YAML",
      "yaml",
      `version: "1"\ndefault: deny\n${many(10_000, (index) => `k${index}: 1`).join("\n")}`,
      10_000,
    ],
    [
      "globs of one rank that differ late",
      "json",
      tools(many(2000, (index) => `"*${"x".repeat(100)}${String(index).padStart(4, "0")}":{}`)),
      0,
    ],
    [
      "globs of one rank that all overlap",
      "json",
      tools(many(2000, (index) => `"*${String(index).padStart(4, "0")}*":{}`)),
      1999,
    ],
    ["globs of nothing but stars", "json", tools(many(256, (index) => `"${"*".repeat(index + 1)}":{}`)), 255],
    [
      "one long key over many errors",
      "json",
      tools([`"${"k".repeat(120_000)}":{${many(12_000, (index) => `"${index}":1`).join(",")}}`]),
      1,
    ],
    [
      "long keys over many errors in YAML",
      "yaml",
      `? ${"k".repeat(60_000)}\n: [${"*a,".repeat(20_000)}]`,
      103,
    ],
    ["escapes", "json", `{${HEAD},"description":"${"\\u0041".repeat(40_000)}"}`, 1],
    ["line breaks", "jsonc", `{${HEAD}${"\n//".repeat(80_000)}\n}`, 0],
    [
      "digits",
      "json",
      `{${HEAD},"tools":{"a":{"rate_limit":{"max":1${"0".repeat(250_000)}1,"window":1}}}}`,
      1,
    ],
    [
      "hexadecimal digits",
      "yaml",
      `version: "1"\ndefault: deny\ntools: {a: {rate_limit: {max: 0x${"f".repeat(250_000)}, window: 1}}}`,
      1,
    ],
    [
      "a long path",
      "json",
      `{${HEAD},"all_tools":{"require":[{"conditions":[{"path":"args${"[0]".repeat(80_000)}","op":"exists","value":true}]}]}}`,
      1,
    ],
    ["tool entries", "json", tools(many(20_000, (index) => `"${index}":{}`)), 1],
  ])("%s", (_name, format, source, errors) => {
    expect(source.length).toBeLessThanOrEqual(KIB_256);
    const startMs = performance.now();
    expect(errorsOf(source, format)).toHaveLength(errors);
    // Generous for a loaded machine; the square of these sizes takes minutes.
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });
});
