import { describe, expect, test } from "vitest";
import { validatePolicy } from "../src/validate.ts";

type Row = readonly [string, unknown, readonly string[]];

const HEAD = { version: "1", default: "deny" };

/** `code pointer` of each error, in order. */
function errorsOf(value: unknown): readonly string[] {
  const validated = validatePolicy(value);
  return validated.ok ? [] : validated.error.map(({ code, pointer }) => `${code} ${pointer}`);
}

function messagesOf(value: unknown): readonly string[] {
  const validated = validatePolicy(value);
  return validated.ok ? [] : validated.error.map(({ message }) => message);
}

/** A document with one tool `t`. */
function entry(content: unknown): unknown {
  return { ...HEAD, tools: { t: content } };
}

function limit(content: object): unknown {
  return entry({ limits: [{ counter: "c", window: 60, max: 1, ...content }] });
}

describe("the document (policy-spec M1, M2, M3)", () => {
  test.each<Row>([
    ["the smallest document", HEAD, []],
    ["M1: no version", { default: "deny" }, ["missing_key /version"]],
    ["M1: a number as version", { version: 1, default: "deny" }, ["wrong_type /version"]],
    ["M1: another version", { version: "2", default: "deny" }, ["unsupported_version /version"]],
    ["M2: no default", { version: "1" }, ["missing_key /default"]],
    ["M2: another default", { version: "1", default: "audit" }, ["invalid_value /default"]],
    ["M2: a word in capitals", { version: "1", default: "Deny" }, ["invalid_value /default"]],
    ["M2: nothing at all", {}, ["missing_key /version", "missing_key /default"]],
    [
      "M2: every key",
      {
        $schema: "https://example.com/policy.v1.json",
        ...HEAD,
        description: "all",
        time_zone: "Europe/Berlin",
        on_unknown: "pass",
        hide: ["a", "b_*"],
        all_tools: {},
        tools: {},
        resources: {},
        prompts: {},
        server_requests: {},
      },
      [],
    ],
    ["M3: an unknown key", { ...HEAD, rules: [] }, ["unknown_key /rules"]],
    [
      "M3: $schema and description are texts",
      { ...HEAD, $schema: 1, description: [] },
      ["wrong_type /$schema", "wrong_type /description"],
    ],
    ["M3: an unknown key is not read", { ...HEAD, x: { default: 1 } }, ["unknown_key /x"]],
    [
      "M3: keys of Object.prototype are unknown",
      { ...HEAD, constructor: 1, toString: 1 },
      ["unknown_key /constructor", "unknown_key /toString"],
    ],
    ["C2: on_unknown", { ...HEAD, on_unknown: "allow" }, ["invalid_value /on_unknown"]],
    ["C3: an offset as time zone", { ...HEAD, time_zone: "+01:00" }, ["invalid_value /time_zone"]],
    ["C3: an unknown time zone", { ...HEAD, time_zone: "Europe/Berlon" }, ["invalid_value /time_zone"]],
    ["C3: an empty time zone", { ...HEAD, time_zone: "" }, ["invalid_value /time_zone"]],
    ["C3: UTC", { ...HEAD, time_zone: "UTC" }, []],
    ["half of a surrogate pair", { ...HEAD, description: "\ud800" }, ["invalid_text /description"]],
  ])("%s", (_name, document, expected) => {
    expect(errorsOf(document)).toEqual(expected);
  });

  test.each<Row>([
    ["T2: names and globs", { ...HEAD, hide: ["a", "*", "A"] }, []],
    ["T2: an empty entry", { ...HEAD, hide: [""] }, ["invalid_value /hide/0"]],
    [
      "T2: a repeated entry, each time",
      { ...HEAD, hide: ["a", "b", "a", "a"] },
      ["duplicate_item /hide/2", "duplicate_item /hide/3"],
    ],
    ["T2: no text", { ...HEAD, hide: [1, 1] }, ["wrong_type /hide/0", "wrong_type /hide/1"]],
    ["no list", { ...HEAD, hide: "a" }, ["wrong_type /hide"]],
    [
      "R7: sections",
      {
        ...HEAD,
        resources: { default: "allow", allow: ["docs://**"], deny: ["docs://x"] },
        prompts: { deny: ["admin_*"] },
      },
      [],
    ],
    ["R7: an empty pattern", { ...HEAD, resources: { allow: [""] } }, ["invalid_value /resources/allow/0"]],
    ["R7: an unknown key", { ...HEAD, prompts: { hide: [] } }, ["unknown_key /prompts/hide"]],
    [
      "M2: server requests",
      { ...HEAD, server_requests: { sampling: "allow", elicitation: "deny", roots: "deny" } },
      [],
    ],
    [
      "M2: an unknown request",
      { ...HEAD, server_requests: { root: "deny" } },
      ["unknown_key /server_requests/root"],
    ],
    [
      "M2: a request that asks",
      { ...HEAD, server_requests: { roots: "ask" } },
      ["invalid_value /server_requests/roots"],
    ],
  ])("hide and sections: %s", (_name, document, expected) => {
    expect(errorsOf(document)).toEqual(expected);
  });
});

describe("tools (policy-spec T2, T3)", () => {
  const tools = (...keys: readonly string[]) => ({
    ...HEAD,
    tools: Object.fromEntries(keys.map((key) => [key, {}])),
  });

  test.each<Row>([
    ["T2: an empty key", tools(""), ["invalid_value /tools/"]],
    ["half of a surrogate pair", tools("\udc00"), ["invalid_text /tools/\udc00"]],
    ["T3: an exact key beside globs", tools("get_x", "get_*", "*"), []],
    ["T3: globs of different rank", tools("get_*", "*_x"), []],
    ["T3: globs of one rank that cannot meet", tools("get_*", "put_*"), []],
    ["T3: globs of one rank that meet", tools("get_*", "*_all"), ["ambiguous_glob /tools"]],
    ["T3: the same glob written twice", tools("a*b", "a**b"), ["ambiguous_glob /tools"]],
    ["T3: a start within a start", tools("a*bc", "ab*c"), ["ambiguous_glob /tools"]],
    ["T3: an end that differs", tools("a*bc", "ab*d"), []],
    ["T3: code points are counted", tools("😀*", "a*x"), []],
    ["T3: three that meet", tools("a*", "*b", "*c*"), ["ambiguous_glob /tools", "ambiguous_glob /tools"]],
    [
      "T3: also when one denies",
      { ...HEAD, tools: { "a*": { action: "deny" }, "*b": {} } },
      ["ambiguous_glob /tools"],
    ],
    ["no object", { ...HEAD, tools: [] }, ["wrong_type /tools"]],
    ["an entry that is none", { ...HEAD, tools: { t: null } }, ["wrong_type /tools/t"]],
  ])("%s", (_name, document, expected) => {
    expect(errorsOf(document)).toEqual(expected);
  });

  test("T3: the message names both globs", () => {
    expect(messagesOf(tools("get_*", "x", "*_all"))).toEqual([
      "the globs `get_*` and `*_all` can match the same tool and neither is more exact; change one",
    ]);
  });
});

describe("entries (policy-spec section 3)", () => {
  test.each<Row>([
    ["T6: an empty entry", {}, []],
    ["E1: deny with a reason", { action: "deny", reason: "no" }, []],
    [
      "E1: deny with anything else",
      {
        limits: [],
        action: "deny",
        require: [],
        deny_if: [],
        approve_if: [],
        rate_limit: { max: 1, window: 1 },
        approval: {},
      },
      ["limits", "require", "deny_if", "approve_if", "rate_limit", "approval"].map(
        (key) => `conflict /tools/t/${key}`,
      ),
    ],
    ["E1: an unknown key beside deny", { action: "deny", x: 1 }, ["unknown_key /tools/t/x"]],
    ["an unknown action", { action: "ask" }, ["invalid_value /tools/t/action"]],
    ["an action that is no text", { action: true }, ["wrong_type /tools/t/action"]],
    ["E2: no conditions", { require: [{}] }, ["missing_key /tools/t/require/0/conditions"]],
    ["E2: empty conditions", { deny_if: [{ conditions: [] }] }, []],
    [
      "E2: conditions that are no list",
      { deny_if: [{ conditions: {} }] },
      ["wrong_type /tools/t/deny_if/0/conditions"],
    ],
    [
      "E2: every key of a predicate",
      { approve_if: [{ conditions: [], on_deny: "a", reason: "b", on_unknown: "deny" }] },
      [],
    ],
    [
      "E2: an unknown key of a predicate",
      { require: [{ conditions: [], message: "" }] },
      ["unknown_key /tools/t/require/0/message"],
    ],
    [
      "C2: on_unknown of a predicate",
      { deny_if: [{ conditions: [], on_unknown: "skip" }] },
      ["invalid_value /tools/t/deny_if/0/on_unknown"],
    ],
    ["E3: 500 characters", { reason: "😀".repeat(500) }, []],
    ["E3: 501 characters", { reason: "x".repeat(501) }, ["limit_exceeded /tools/t/reason"]],
    [
      "E3: 501 characters of on_deny",
      { require: [{ conditions: [], on_deny: "x".repeat(501) }] },
      ["limit_exceeded /tools/t/require/0/on_deny"],
    ],
    ["E3: a control character", { reason: "a\u001bb" }, ["invalid_text /tools/t/reason"]],
    ["E3: line breaks and tabs", { reason: "a\r\n\tb" }, []],
    ["a rate limit", { rate_limit: { max: 0, window: "minute" } }, []],
    [
      "a rate limit without anything",
      { rate_limit: {} },
      ["missing_key /tools/t/rate_limit/max", "missing_key /tools/t/rate_limit/window"],
    ],
    [
      "a rate limit with a scope",
      { rate_limit: { max: 1, window: 1, scope: "server" } },
      ["unknown_key /tools/t/rate_limit/scope"],
    ],
    ["empty approval", { approval: {} }, []],
    ["all of approval", { approval: { timeout: "24h", approvers: 10, exclude_requester: false } }, []],
    ["no approvers", { approval: { approvers: 0 } }, ["invalid_value /tools/t/approval/approvers"]],
    ["eleven approvers", { approval: { approvers: 11 } }, ["invalid_value /tools/t/approval/approvers"]],
    ["half an approver", { approval: { approvers: 1.5 } }, ["invalid_value /tools/t/approval/approvers"]],
    [
      "a word where true or false belongs",
      { approval: { exclude_requester: "no" } },
      ["wrong_type /tools/t/approval/exclude_requester"],
    ],
  ])("%s", (_name, content, expected) => {
    expect(errorsOf(entry(content))).toEqual(expected);
  });

  test.each(["60s", "1m", "90s", "1440m", "86400s", "1h"])("timeout %s", (timeout) => {
    expect(errorsOf(entry({ approval: { timeout } }))).toEqual([]);
  });

  test.each([
    "59s",
    "0m",
    "25h",
    "86401s",
    "15",
    "m",
    "1.5h",
    "01m",
    "1d",
    "-1m",
    " 1m",
    `${"9".repeat(400)}s`,
  ])("timeout %s is an error", (timeout) => {
    expect(errorsOf(entry({ approval: { timeout } }))).toEqual(["invalid_value /tools/t/approval/timeout"]);
  });

  test("all_tools takes the four lists and nothing else", () => {
    const lists = { require: [], deny_if: [], approve_if: [], limits: [] };
    expect(errorsOf({ ...HEAD, all_tools: lists })).toEqual([]);
    expect(errorsOf({ ...HEAD, all_tools: { ...lists, action: "deny", rate_limit: {} } })).toEqual([
      "unknown_key /all_tools/action",
      "unknown_key /all_tools/rate_limit",
    ]);
  });
});

describe("limits (policy-spec L1, L2, L3)", () => {
  const at = (key: string) => `/tools/t/limits/0/${key}`;

  test.each<readonly [string, object, readonly string[]]>([
    [
      "L1: every key",
      { scope: "organisation", increment: 0.000001, algorithm: "sliding", refund_on_error: true },
      [],
    ],
    ["L1: a counter of all characters", { counter: "Aa0_.:/-" }, []],
    ["L1: a counter of 160 characters", { counter: "c".repeat(160) }, []],
    ["L1: a counter of 161 characters", { counter: "c".repeat(161) }, [`invalid_value ${at("counter")}`]],
    ["L1: an empty counter", { counter: "" }, [`invalid_value ${at("counter")}`]],
    ["L1: a counter with a space", { counter: "a b" }, [`invalid_value ${at("counter")}`]],
    ["L1: a counter that ends its line", { counter: "a\n" }, [`invalid_value ${at("counter")}`]],
    ["L1: max 0", { max: 0 }, []],
    ["L1: the largest max", { max: 9_000_000_000 }, []],
    ["L1: six decimals", { max: 1.123456 }, []],
    ["L1: seven decimals", { max: 1.1234567 }, [`invalid_value ${at("max")}`]],
    ["L1: below one millionth", { max: 1e-7 }, [`invalid_value ${at("max")}`]],
    ["L1: a negative max", { max: -1 }, [`invalid_value ${at("max")}`]],
    ["L1: too large a max", { max: 9_000_000_000.5 }, [`invalid_value ${at("max")}`]],
    ["L1: a text as max", { max: "1" }, [`wrong_type ${at("max")}`]],
    ["L1: a month", { window: "month" }, []],
    ["L1: a year of seconds", { window: 31_536_000 }, []],
    ["L1: more than a year", { window: 31_536_001 }, [`invalid_value ${at("window")}`]],
    ["L1: no seconds", { window: 0 }, [`invalid_value ${at("window")}`]],
    ["L1: half a second", { window: 0.5 }, [`invalid_value ${at("window")}`]],
    ["L1: an unknown window", { window: "year" }, [`invalid_value ${at("window")}`]],
    ["L1: no window", { window: null }, [`wrong_type ${at("window")}`]],
    ["L1: a list as window", { window: [] }, [`wrong_type ${at("window")}`]],
    ["L1: an unknown scope", { scope: "organization" }, [`invalid_value ${at("scope")}`]],
    ["L2: increment 0", { increment: 0 }, [`invalid_value ${at("increment")}`]],
    ["L2: seven decimals of increment", { increment: 0.0000001 }, [`invalid_value ${at("increment")}`]],
    ["L2: increment_from", { increment_from: 'args.order["line items"][0].sum' }, []],
    ["L2: both", { increment_from: "args.a", increment: 1 }, [`conflict ${at("increment_from")}`]],
    ["L2: all arguments", { increment_from: "args" }, [`invalid_path ${at("increment_from")}`]],
    ["L2: each value", { increment_from: "args.a[*]" }, [`invalid_path ${at("increment_from")}`]],
    ["L2: the time", { increment_from: "time.hour" }, [`invalid_path ${at("increment_from")}`]],
    ["L2: no path", { increment_from: "amount" }, [`invalid_path ${at("increment_from")}`]],
    ["L3: a sliding week", { algorithm: "sliding", window: "week" }, []],
    ["L3: a sliding week of seconds", { algorithm: "sliding", window: 604_800 }, []],
    ["L3: a sliding month", { algorithm: "sliding", window: "month" }, [`invalid_value ${at("window")}`]],
    [
      "L3: more than a sliding week",
      { algorithm: "sliding", window: 604_801 },
      [`invalid_value ${at("window")}`],
    ],
    ["L3: a sliding nothing", { algorithm: "sliding", window: null }, [`wrong_type ${at("window")}`]],
    ["L3: another algorithm", { algorithm: "token_bucket" }, [`invalid_value ${at("algorithm")}`]],
    ["L6: refund_on_error", { refund_on_error: 1 }, [`wrong_type ${at("refund_on_error")}`]],
  ])("%s", (_name, content, expected) => {
    expect(errorsOf(limit(content))).toEqual(expected);
  });

  test("L1: a limit needs counter, window and max", () => {
    expect(errorsOf(entry({ limits: [{ algorithm: "sliding" }] }))).toEqual([
      `missing_key ${at("counter")}`,
      `missing_key ${at("window")}`,
      `missing_key ${at("max")}`,
    ]);
  });
});

describe("did you mean (policy-spec M3)", () => {
  test.each<readonly [string, unknown, string]>([
    ["a swap", { ...HEAD, tolos: {} }, "`tolos` is not a key of the document; did you mean `tools`?"],
    [
      "a letter too many",
      { ...HEAD, promptss: {} },
      "`promptss` is not a key of the document; did you mean `prompts`?",
    ],
    [
      "another case and no underscore",
      entry({ rateLimit: {} }),
      "`rateLimit` is not a key of `t`; did you mean `rate_limit`?",
    ],
    [
      "a short word",
      entry({ require: [{ conditions: [{ path: "args.a", op: "eqq", value: 1 }] }] }),
      "; did you mean `eq`?",
    ],
    [
      "an operator in camel case",
      entry({ require: [{ conditions: [{ path: "args.a", op: "startsWith", value: "a" }] }] }),
      "; did you mean `starts_with`?",
    ],
    ["a value", entry({ action: "require_aproval" }), "; did you mean `require_approval`?"],
    ["a time zone", { ...HEAD, time_zone: "Europe/Berlon" }, "; did you mean `Europe/Berlin`?"],
    ["nothing near", { ...HEAD, zzzzzz: {} }, "`zzzzzz` is not a key of the document"],
    [
      "too long to compare",
      { ...HEAD, [`tools${"s".repeat(40)}`]: {} },
      `\`tools${"s".repeat(40)}\` is not a key of the document`,
    ],
    [
      "too long to show",
      { ...HEAD, ["x".repeat(100)]: {} },
      `\`${"x".repeat(80)}…\` is not a key of the document`,
    ],
  ])("%s", (_name, document, expected) => {
    const [message = "", ...more] = messagesOf(document);
    expect(more).toEqual([]);
    expect(message.slice(-expected.length)).toBe(expected);
  });
});
