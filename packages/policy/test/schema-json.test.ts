import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { OPERATORS } from "../src/document.ts";
import { isJsonObject, type JsonValue } from "../src/json.ts";
import { policyJsonSchema } from "../src/json-schema.ts";
import { validatePolicy } from "../src/validate.ts";

const validate = new Ajv2020({ strict: false, allErrors: true }).compile(policyJsonSchema());

const HEAD = { version: "1", default: "deny" };
const entry = (content: unknown) => ({ ...HEAD, tools: { t: content } });
const when = (condition: unknown) => entry({ require: [{ conditions: [condition] }] });
const leaf = (op: string, value: unknown, path = "args.a") => when({ path, op, value });
const limit = (content: object) => entry({ limits: [{ counter: "c", window: 60, max: 1, ...content }] });

const VALUES: { readonly [operator in (typeof OPERATORS)[number]]: unknown } = {
  eq: "a",
  neq: 1,
  in: ["a", 1, true],
  not_in: [false],
  lt: 1,
  lte: 1.5,
  gt: -1,
  gte: 0,
  contains: "a",
  regex: "^a$",
  exists: true,
  starts_with: "a",
  ends_with: "a",
  length_lte: 3,
  path_within: ["/srv"],
  host_in: ["*.example.com"],
};

describe("policyJsonSchema accepts what the validator accepts", () => {
  test.each<readonly [string, unknown]>([
    ["the smallest document", HEAD],
    [
      "every key",
      {
        $schema: "https://example.com/policy.v1.json",
        ...HEAD,
        description: "all",
        time_zone: "Europe/Berlin",
        on_unknown: "pass",
        hide: ["delete_*", "x"],
        all_tools: { limits: [{ counter: "calls", window: "minute", max: 60, scope: "grant" }] },
        tools: { "a*": {}, b: { action: "deny", reason: "no" } },
        resources: { default: "deny", allow: ["docs://**"] },
        prompts: { default: "allow", deny: ["admin_*"] },
        server_requests: { sampling: "deny", elicitation: "allow", roots: "deny" },
      },
    ],
    ...OPERATORS.map((op) => [`operator ${op}`, leaf(op, VALUES[op])] as const),
    ["a date", leaf("lt", "2026-01-31", "time.date")],
    ["an integer written with a dot", leaf("length_lte", 3.0)],
    ...[
      "args",
      "args.a.b-c",
      'args["x y"][0][*].é',
      'args["\\"]"]',
      "time.weekday",
      "grant.label",
      "tool.name",
    ].map((path) => [`path ${path}`, leaf("exists", true, path)] as const),
    ["groups", when({ all: [{ any: [{ not: { path: "args.a", op: "exists", value: true } }] }] })],
    ["an empty predicate", entry({ deny_if: [{ conditions: [] }] })],
    [
      "texts",
      entry({ approve_if: [{ conditions: [], on_deny: "a", reason: "😀".repeat(500), on_unknown: "pass" }] }),
    ],
    [
      "approval",
      entry({
        action: "require_approval",
        approval: { timeout: "15m", approvers: 1, exclude_requester: true },
      }),
    ],
    ["a rate limit", entry({ rate_limit: { max: 10, window: 60 } })],
    ["decimals", limit({ max: 0.3, increment: 0.000001 })],
    [
      "a limit with everything",
      limit({
        window: "week",
        scope: "session",
        algorithm: "sliding",
        refund_on_error: false,
        increment_from: 'args["a"].b',
      }),
    ],
    ["a tool named __proto__", JSON.parse('{"version":"1","default":"deny","tools":{"__proto__":{}}}')],
  ])("%s", (_name, sample) => {
    const document: unknown = JSON.parse(JSON.stringify(sample));
    expect(validatePolicy(document)).toEqual({ ok: true, value: document });
    expect(validate(document) ? [] : validate.errors).toEqual([]);
  });
});

describe("policyJsonSchema refuses the structural errors that the validator refuses", () => {
  test.each<readonly [string, unknown]>([
    ["no object", []],
    ["no version", { default: "deny" }],
    ["another version", { version: "2", default: "deny" }],
    ["no default", { version: "1" }],
    ["an unknown key", { ...HEAD, rules: [] }],
    ["an unknown key of an entry", entry({ limit: [] })],
    ["an empty tool key", { ...HEAD, tools: { "": {} } }],
    ["a long tool key", { ...HEAD, tools: { ["k".repeat(257)]: {} } }],
    ["a repeated hide entry", { ...HEAD, hide: ["a", "a"] }],
    ["an empty pattern", { ...HEAD, prompts: { allow: [""] } }],
    ["deny with limits", entry({ action: "deny", limits: [] })],
    ["a predicate without conditions", entry({ require: [{}] })],
    ["a long text", entry({ reason: "x".repeat(501) })],
    ["65 predicates", entry({ require: Array(65).fill({ conditions: [] }) })],
    ["an incomplete leaf", when({ path: "args.a", op: "exists" })],
    ["two groups in one", when({ all: [{ not: {} }], any: [] })],
    ["an empty group", when({ any: [] })],
    ["an unknown operator", leaf("equals", 1)],
    ["a bad path", leaf("exists", true, "args..a")],
    ["another root", leaf("exists", true, "arg.a")],
    ["a null value", leaf("eq", null)],
    ...OPERATORS.map((op) => [`operator ${op} with an object`, leaf(op, {})] as const),
    ["an empty list of values", leaf("in", [])],
    ["an empty text to contain", leaf("contains", "")],
    ["an order of texts", leaf("lt", "1")],
    ["a date that is a number", leaf("lt", 1, "time.date")],
    ["a negative length", leaf("length_lte", -1)],
    ["a bad counter", limit({ counter: "a b" })],
    ["a bad window", limit({ window: "year" })],
    ["a window of no seconds", limit({ window: 0 })],
    ["a max that is too large", limit({ max: 9_000_000_001 })],
    ["increment 0", limit({ increment: 0 })],
    ["both increments", limit({ increment: 1, increment_from: "args.a" })],
    ["increment_from without a step", limit({ increment_from: "args" })],
    ["a bad timeout", entry({ approval: { timeout: "15" } })],
    ["no approvers", entry({ approval: { approvers: 0 } })],
  ])("%s", (_name, document) => {
    expect(validatePolicy(document).ok).toBe(false);
    expect(validate(document)).toBe(false);
  });
});

describe("policyJsonSchema for editors", () => {
  /** Every schema of a property, with its path. */
  function propertiesOf(schema: JsonValue, path: string): readonly (readonly [string, JsonValue])[] {
    if (Array.isArray(schema)) return schema.flatMap((one, index) => propertiesOf(one, `${path}/${index}`));
    if (!isJsonObject(schema)) return [];
    const properties =
      path.endsWith("/if") || path.endsWith("/then") || path.endsWith("/else") ? {} : schema["properties"];
    const own = isJsonObject(properties) ? Object.entries(properties) : [];
    return [
      ...own.map(([key, value]) => [`${path}/${key}`, value] as const),
      ...Object.entries(schema).flatMap(([key, value]) => propertiesOf(value, `${path}/${key}`)),
    ];
  }

  test("describes every key", () => {
    const properties = propertiesOf(policyJsonSchema(), "");
    const bare = properties.filter(
      ([, schema]) => !isJsonObject(schema) || schema["description"] === undefined,
    );
    expect(bare.map(([path]) => path)).toEqual([]);
    expect(properties.length).toBeGreaterThan(45);
  });

  test("is a fresh copy each time, of draft 2020-12", () => {
    expect(policyJsonSchema()).toEqual(policyJsonSchema());
    expect(policyJsonSchema()["$defs"]).not.toBe(policyJsonSchema()["$defs"]);
    expect(policyJsonSchema()["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
  });
});
