import { describe, expect, it } from "vitest";
import { diffPolicies } from "../../src/diff/diff-policies.ts";
import { type PolicyChange, widensAccess } from "../../src/diff/policy-change.ts";
import type { Condition, Entry, Limit, PolicyDocument, Predicate } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import { validatePolicy } from "../../src/validate.ts";

type Part = Partial<PolicyDocument>;

function parse(part: Part): PolicyDocument {
  const valid = validatePolicy({ version: "1", default: "deny", ...part });
  if (!valid.ok) throw new Error(JSON.stringify(valid.error));
  return valid.value;
}

function diff(before: Part, after: Part, tools?: readonly string[]): readonly PolicyChange[] {
  return diffPolicies(parse(before), parse(after), tools === undefined ? {} : { tools });
}

/** `widens t: newly allowed`, a line for each change. */
function lines(before: Part, after: Part): readonly string[] {
  return diff(before, after).map(({ access, subject, text }) => `${access} ${nameOf(subject)}: ${text}`);
}

function nameOf(subject: PolicyChange["subject"]): string {
  return "name" in subject ? subject.name : `(${subject.kind})`;
}

const when = (path: string, op: string, value: JsonValue, more: Partial<Predicate> = {}): Predicate =>
  ({ conditions: [{ path, op, value }], ...more }) as Predicate;
const always: Predicate = { conditions: [] };
const t = (entry: Entry): Part => ({ tools: { t: entry } });
const limit = (more: Partial<Limit> = {}): Limit => ({ counter: "c", window: "minute", max: 10, ...more });
const calls = (more: Partial<Limit> = {}): Part => t({ limits: [limit(more)] });

type Rows = readonly [name: string, before: Part, after: Part, lines: readonly string[]][];

describe("which tools are let through (policy-spec A5, T3-T6)", () => {
  it.each<Rows[number]>([
    ["an entry is new", {}, t({}), ["widens t: newly allowed; before denied by default"]],
    ["an entry is gone", t({}), {}, ["narrows t: newly denied by default"]],
    ["an entry is gone and its glob takes over", { tools: { t: {}, "t*": {} } }, { tools: { "t*": {} } }, []],
    ["an entry denies", t({}), t({ action: "deny" }), ["narrows t: newly denied"]],
    [
      "an entry denies and says why",
      t({}),
      t({ action: "deny", reason: "Never." }),
      ["narrows t: newly denied: `Never.`"],
    ],
    ["a name is hidden", t({}), { ...t({}), hide: ["t"] }, ["narrows t: newly hidden"]],
    [
      "a glob is hidden",
      { default: "allow" },
      { default: "allow", hide: ["x*"] },
      ["narrows x*: newly hidden"],
    ],
    [
      "what was hidden is allowed",
      { ...t({}), hide: ["t", "u*"] },
      t({}),
      ["widens t: newly allowed; before hidden", "same u*: denied by default; before hidden"],
    ],
    [
      "what was hidden is shown and denied",
      { hide: ["t"] },
      t({ action: "deny" }),
      ["same t: denied; before hidden"],
    ],
    ["what was denied is hidden", {}, { hide: ["t"] }, ["same t: hidden; before denied by default"]],
    [
      "an entry that denies is gone",
      t({ action: "deny", reason: "No." }),
      {},
      ["same t: denied by default; before denied: `No.`"],
    ],
    [
      "the reason of a denial",
      t({ action: "deny", reason: "No." }),
      t({ action: "deny" }),
      ["same t: denied: the agent is told the usual words; before `No.`"],
    ],
    [
      "the default allows",
      { ...t({}), hide: ["x*"] },
      { ...t({}), hide: ["x*"], default: "allow" },
      [
        "widens (other_tools): newly allowed; before denied by default",
        "widens (prompts): newly allowed: what no pattern names",
        "widens (resources): newly allowed: what no pattern names",
        "widens elicitation: newly allowed",
        "widens roots: newly allowed",
      ],
    ],
    [
      "a narrower glob denies",
      { tools: { "get_*": {} } },
      { tools: { "get_*": {}, "get_x_*": { action: "deny" } } },
      ["narrows get_x_*: newly denied"],
    ],
    [
      "a wider glob denies, but not what lies inside it",
      { tools: { "get_*": {} } },
      { tools: { "get_*": {}, "*": { action: "deny" } } },
      ["same *: denied; before denied by default"],
    ],
    [
      "two globs overlap, and the one that denies wins",
      { tools: { "get_*": {} } },
      { tools: { "get_*": {}, "*_secret": { action: "deny" } } },
      ["same *_secret: denied; before denied by default", "narrows get_* and *_secret: newly denied"],
    ],
    [
      "a glob is replaced by a wider one",
      { tools: { "get_user_*": {} } },
      { tools: { "get_*": {} } },
      ["widens get_*: newly allowed; before denied by default"],
    ],
    [
      "a glob is hidden in part",
      { tools: { "get_*": {} } },
      { hide: ["get_x*"], tools: { "get_*": {} } },
      ["narrows get_x*: newly hidden"],
    ],
    [
      "an entry that nobody reaches is of no matter",
      { hide: ["*t*"] },
      { hide: ["*t*"], tools: { "at*": {} } },
      [],
    ],
    [
      "denied by a rule instead",
      t({ action: "deny" }),
      t({ deny_if: [always] }),
      ["same t: newly shown, and denied by a rule; before denied"],
    ],
    [
      "denied by an entry instead of a rule",
      t({ deny_if: [always] }),
      t({ action: "deny" }),
      ["same t: newly denied"],
    ],
    [
      "held instead of denied",
      {},
      t({ action: "require_approval" }),
      ["widens t: newly held; before denied by default"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect([...lines(before, after)].sort()).toEqual([...expected].sort());
  });

  it("says which rules a tool has to pass that is newly allowed", () => {
    const rules = t({
      require: [when("args.reason", "exists", true)],
      deny_if: [when("args.n", "gt", 5)],
      approve_if: [when("args.n", "gt", 3)],
      rate_limit: { max: 2, window: "hour" },
    });
    expect(diff(t({ action: "deny" }), rules)).toEqual([
      {
        subject: { kind: "tool", name: "t" },
        kind: "allowed",
        access: "widens",
        text: "newly allowed; before denied",
        rules: [
          "denied unless `args.reason` is present",
          "denied when `args.n` > 5",
          "held when `args.n` > 3",
          "limited to 2 calls an hour for each grant (counter `t_rate`)",
        ],
        before: "/tools/t",
        after: "/tools/t",
      },
    ]);
  });

  it("names the tools of the server that are concerned", () => {
    const [before, after] = [
      { tools: { "get_*": {} } },
      { tools: { "get_*": { action: "deny" } as const, x: {} } },
    ];
    const tools = ["get_a", "put_a", "get_b", "x"];
    expect(diff(before, after, tools).map(({ subject, tools: found }) => [nameOf(subject), found])).toEqual([
      ["x", ["x"]],
      ["get_*", ["get_a", "get_b"]],
    ]);
    expect(diff({}, t({}), tools).map(({ tools: found }) => found)).toEqual([[]]);
  });

  it("says so where patterns overlap in too many ways, unless both documents have the same", () => {
    const words = Array.from({ length: 30 }, (_, index) => `*w${String.fromCharCode(97 + index)}*`);
    const entries = Object.fromEntries(words.map((glob, index) => [`${glob}${"x".repeat(index)}`, {}]));
    const changed = { ...entries, [Object.keys(entries)[0] ?? ""]: { deny_if: [when("args.n", "gt", 1)] } };
    expect(lines({ tools: entries }, { tools: changed })).toEqual([
      "narrows *wa*: newly denied when `args.n` > 1",
    ]);
    const fewer = Object.fromEntries(Object.entries(entries).slice(1));
    const changes = diff({ tools: entries }, { tools: fewer });
    expect(changes.at(-1)).toEqual({
      subject: { kind: "all_tools" },
      kind: "condition",
      access: "both",
      text: "too many patterns overlap to compare every name that several of them match",
    });
    expect(changes.some(widensAccess)).toBe(true);
  });
});

describe("rules on arguments (policy-spec A5, E2, C1-C6)", () => {
  const amount = (op: string, value: JsonValue): Predicate => when("args.amount", op, value);
  const pass = { on_unknown: "pass" } as const;

  it.each<Rows[number]>([
    [
      "a new denial",
      t({}),
      t({ deny_if: [amount("gt", 9)] }),
      ["narrows t: newly denied when `args.amount` > 9"],
    ],
    [
      "a denial gone",
      t({ deny_if: [amount("gt", 9)] }),
      t({}),
      ["widens t: no longer denied when `args.amount` > 9"],
    ],
    [
      "a bound moved up",
      t({ deny_if: [amount("gt", 9)] }),
      t({ deny_if: [amount("gt", 10)] }),
      ["widens t: denied when `args.amount` > 10; before when `args.amount` > 9"],
    ],
    [
      "a bound moved down",
      t({ deny_if: [amount("gt", 9)] }),
      t({ deny_if: [amount("gt", 8)] }),
      ["narrows t: denied when `args.amount` > 8; before when `args.amount` > 9"],
    ],
    [
      "a bound on the other side",
      t({ deny_if: [amount("gt", 9)] }),
      t({ deny_if: [amount("lt", 9)] }),
      ["widens t: no longer denied when `args.amount` > 9", "narrows t: newly denied when `args.amount` < 9"],
    ],
    [
      "a list with another item",
      t({ require: [amount("in", ["a", "b"])] }),
      t({ require: [amount("in", ["a", "b", "c"])] }),
      [
        'widens t: denied unless `args.amount` is one of "a", "b", "c"; before unless `args.amount` is one of "a", "b"',
      ],
    ],
    [
      "a demand gone",
      t({ require: [{ conditions: [...amount("gt", 1).conditions, ...amount("lt", 5).conditions] }] }),
      t({ require: [amount("gt", 1)] }),
      ["widens t: no longer denied unless `args.amount` < 5"],
    ],
    [
      "a new hold",
      t({}),
      t({ approve_if: [amount("gt", 9)] }),
      ["narrows t: newly held when `args.amount` > 9"],
    ],
    [
      "every call held",
      t({}),
      t({ action: "require_approval" }),
      ["narrows t: newly held, whatever the call"],
    ],
    [
      "every call held, by a rule or by the action",
      t({ approve_if: [always] }),
      t({ action: "require_approval" }),
      [],
    ],
    [
      "one rule is part of another now",
      t({ deny_if: [amount("gt", 9), amount("gt", 5)] }),
      t({ deny_if: [amount("gt", 5)] }),
      ["same t: no longer denied when `args.amount` > 9"],
    ],
    [
      "held instead of denied",
      t({ deny_if: [amount("gt", 9)] }),
      t({ approve_if: [amount("gt", 9)] }),
      ["widens t: held when `args.amount` > 9; before denied"],
    ],
    [
      "denied instead of held",
      t({ approve_if: [amount("gt", 9)] }),
      t({ deny_if: [amount("gt", 9)] }),
      ["narrows t: denied when `args.amount` > 9; before held"],
    ],
    [
      "denied instead of held, and more of it",
      t({ approve_if: [amount("gt", 9)] }),
      t({ deny_if: [amount("gt", 8)] }),
      ["same t: no longer held when `args.amount` > 9", "narrows t: newly denied when `args.amount` > 8"],
    ],
    [
      "a denial is written as a demand",
      t({ deny_if: [amount("gt", 9)] }),
      t({ require: [amount("lte", 9)] }),
      ["same t: no longer denied when `args.amount` > 9", "same t: newly denied unless `args.amount` ≤ 9"],
    ],
    [
      "a demand is written as a denial",
      t({ require: [amount("exists", true)] }),
      t({ deny_if: [amount("exists", false)] }),
      [
        "same t: no longer denied unless `args.amount` is present",
        "same t: newly denied when `args.amount` is missing",
      ],
    ],
    [
      "a demand is written as a denial that lets pass what is unknown",
      t({ require: [amount("lt", 9)] }),
      t({ deny_if: [{ ...amount("gte", 9), ...pass }] }),
      [
        "widens t: no longer denied unless `args.amount` < 9",
        "same t: newly denied when `args.amount` ≥ 9, where that can be told",
      ],
    ],
    [
      "a demand is only held now",
      t({ require: [amount("exists", true)] }),
      t({ approve_if: [amount("exists", false)] }),
      [
        "widens t: no longer denied unless `args.amount` is present",
        "same t: newly held when `args.amount` is missing",
      ],
    ],
    [
      "what is unknown passes",
      t({ deny_if: [amount("gt", 9)] }),
      t({ deny_if: [{ ...amount("gt", 9), ...pass }] }),
      ["widens t: denied when `args.amount` > 9, where that can be told; before when `args.amount` > 9"],
    ],
    [
      "what is unknown passes by another key",
      { ...t({ deny_if: [amount("gt", 9)] }), ...pass },
      t({ deny_if: [{ ...amount("gt", 9), ...pass }] }),
      [],
    ],
    [
      "what no condition can leave unknown",
      t({ deny_if: [always] }),
      t({ deny_if: [{ conditions: [], ...pass }] }),
      [],
    ],
    [
      "the zone of the clock",
      t({ deny_if: [when("time.hour", "lt", 8)] }),
      { ...t({ deny_if: [when("time.hour", "lt", 8)] }), time_zone: "Europe/Berlin" },
      ["both t: denied when `time.hour (Europe/Berlin)` < 8; before when `time.hour (UTC)` < 8"],
    ],
    ["a zone that nothing reads", t({}), { ...t({}), time_zone: "Europe/Berlin" }, []],
    [
      "what the agent is told",
      t({ deny_if: [amount("gt", 9)] }),
      t({ deny_if: [{ ...amount("gt", 9), on_deny: "Too much." }] }),
      ["same t: denied when `args.amount` > 9: the agent is told `Too much.`; before the usual words"],
    ],
    [
      "what the approver is told",
      t({ action: "require_approval", reason: "Look." }),
      t({ action: "require_approval" }),
      ["same t: held, whatever the call: the approver is told the usual words; before `Look.`"],
    ],
    [
      "words that nobody reads",
      t({ deny_if: [{ ...amount("gt", 9), reason: "x" }] }),
      t({ deny_if: [amount("gt", 9)] }),
      [],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(lines(before, after)).toEqual(expected);
  });

  const leaf = (path: string, op: string, value: JsonValue): Condition => ({ path, op, value }) as Condition;
  const [a, b, c] = [leaf("args.a", "gt", 1), leaf("args.b", "eq", "x"), leaf("args.c", "exists", true)];
  const require = (...conditions: readonly Condition[]): Part => t({ require: [{ conditions }] });
  const deny = (...conditions: readonly Condition[]): Part => t({ deny_if: [{ conditions }] });

  it.each<[string, Part, Part]>([
    ["order", deny(a, b), deny(b, a)],
    ["repetition", deny(a, b), deny(a, b, a)],
    ["a group of one", deny(a), deny({ any: [{ all: [a] }] })],
    [
      "a group in a group of its kind",
      deny({ any: [a, { any: [b, c] }] }),
      deny({ any: [{ any: [c, a] }, b] }),
    ],
    ["all in a list", deny(a, b), deny({ all: [b, a] })],
    ["all in all", deny({ not: { all: [a, { all: [b, c] }] } }), deny({ not: { all: [a, b, c] } })],
    ["not any", deny({ not: { any: [a, b] } }), deny(leaf("args.a", "lte", 1), leaf("args.b", "neq", "x"))],
    ["not all of", deny({ not: leaf("args.l[*]", "gt", 1) }), deny(leaf("args.l[*]", "lte", 1))],
    ["not not", deny(a), deny({ not: { not: a } })],
    ["a quoted name", deny(a), deny(leaf('args["a"]', "gt", 1))],
    ["several demands", require(a, b), t({ require: [{ conditions: [b] }, { conditions: [a] }] })],
    ["a demand of nothing", t({}), require()],
    ["a list of one", deny(leaf("args.a", "in", ["x"])), deny(leaf("args.a", "eq", "x"))],
    ["not in a list of one", deny(leaf("args.a", "not_in", [1])), deny(leaf("args.a", "neq", 1))],
    ["order of a list", deny(leaf("args.a", "in", ["x", "y"])), deny(leaf("args.a", "in", ["y", "x"]))],
  ])("no difference: %s", (_, before, after) => {
    expect(lines(before, after)).toEqual([]);
    expect(lines(after, before)).toEqual([]);
  });

  it.each<[string, Part, Part]>([
    ["another alternative is asked for", require({ any: [a, b] }), require({ any: [a, b, c] })],
    ["an alternative is not denied any more", deny({ any: [a, b] }), deny(a)],
    ["one more condition of a denial", deny(a), deny(a, b)],
    [
      "one more condition in a group of a demand",
      require({ any: [{ all: [a, b] }, c] }),
      require({ any: [a, c] }),
    ],
    ["one more exception", deny({ not: { all: [a, b] } }), deny({ not: a })],
    [
      "a demand whose negation was denied",
      t({ deny_if: [{ conditions: [{ not: a }] }] }),
      t({ require: [{ conditions: [leaf("args.a", "gte", 1)] }] }),
    ],
    [
      "a denial of either, as demands of both",
      t({ require: [{ conditions: [{ not: { any: [a, c] } }] }] }),
      t({ deny_if: [{ conditions: [a] }] }),
    ],
    [
      "a denial of both, as a demand of either",
      t({ require: [{ conditions: [{ not: a }] }] }),
      t({ deny_if: [{ conditions: [a, c] }] }),
    ],
  ])("wider, and nothing is narrower: %s", (_, before, after) => {
    const access = (first: Part, second: Part) => [
      ...new Set(diff(first, second).map((change) => change.access)),
    ];
    expect(access(before, after)).toContain("widens");
    expect(access(before, after)).not.toContain("narrows");
    expect(access(before, after)).not.toContain("both");
    expect(access(after, before)).toContain("narrows");
    expect(access(after, before)).not.toContain("widens");
    expect(access(after, before)).not.toContain("both");
  });

  it.each<[Condition, string]>([
    [leaf("args.a", "neq", "x"), '`args.a` ≠ "x"'],
    [leaf("args.a", "not_in", [1, 2]), "`args.a` is none of 1, 2"],
    [leaf("args.a", "gte", 1), "`args.a` ≥ 1"],
    [leaf("args.a", "contains", "x"), '`args.a` contains "x"'],
    [leaf("args.a", "regex", "^x$"), '`args.a` matches "^x$"'],
    [leaf("args.a", "starts_with", "x"), '`args.a` begins with "x"'],
    [leaf("args.a", "ends_with", "x"), '`args.a` ends with "x"'],
    [leaf("args.a", "length_lte", 9), "`args.a` is no longer than 9"],
    [leaf("args.a", "path_within", ["/srv", "/tmp"]), '`args.a` lies within "/srv", "/tmp"'],
    [leaf("args.a", "host_in", ["*.example.com"]), '`args.a` has the host "*.example.com"'],
    [leaf('args["a b"][0][*]', "eq", true), '`args["a b"][0][*]` = true'],
    [leaf("tool.name", "eq", "x"), '`tool.name` = "x"'],
    [leaf("args.a", "eq", "x".repeat(300)), `\`args.a\` = "${"x".repeat(119)}…`],
    [leaf("args.a", "in", [1, 2, 3, 4, 5, 6, 7, 8, 9]), "`args.a` is one of 1, 2, 3, 4, 5, 6, 7, 8, 1 more"],
    [{ any: [a, { all: [b, c] }] }, '(`args.a` > 1 or (`args.b` = "x" and `args.c` is present))'],
    [
      { not: { all: [a, c, leaf("args.d", "contains", "x")] } },
      '(`args.a` ≤ 1 or `args.c` is missing or not (`args.d` contains "x"))',
    ],
  ])("in words: %j", (condition, words) => {
    expect(lines(t({}), deny(condition))).toEqual([`narrows t: newly denied when ${words}`]);
  });
});

describe("rules of all tools (policy-spec A5, T5)", () => {
  const rule = { deny_if: [when("args.n", "gt", 1)] };
  const tools = { a: {}, b: {}, c: { action: "deny" } } as const;
  const said = "newly denied when `args.n` > 1";

  it.each<Rows[number]>([
    ["are said once", { tools }, { tools, all_tools: rule }, [`narrows (all_tools): ${said}`]],
    ["are of no matter where nothing is let through", {}, { all_tools: rule }, []],
    ["moved into every entry", { tools: { a: {} }, all_tools: rule }, { tools: { a: rule } }, []],
    [
      "are said for the tools that had no such rule",
      { tools: { ...tools, b: rule } },
      { tools: { ...tools, b: rule }, all_tools: rule },
      [`narrows a: ${said}`],
    ],
    [
      "changed",
      { tools, all_tools: { limits: [limit()] } },
      { tools, all_tools: { limits: [limit({ max: 20 })] } },
      [
        "widens (all_tools): limited to 20 calls a minute for each grant (counter `c`); before to 10 calls a minute for each grant (counter `c`)",
      ],
    ],
    [
      "in other words",
      { tools, all_tools: { deny_if: [when("args.n", "gt", 1, { on_deny: "x" })] } },
      { tools, all_tools: rule },
      ["same (all_tools): denied when `args.n` > 1: the agent is told the usual words; before `x`"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(lines(before, after)).toEqual(expected);
  });

  it("name the tools of the server that both documents let through", () => {
    const changes = diff({ tools }, { tools, all_tools: rule }, ["a", "b", "c", "d"]);
    expect(changes.map(({ tools: found }) => found)).toEqual([["a", "b"]]);
  });
});

describe("limits (policy-spec A5, L1-L5, L9)", () => {
  const minute = "10 calls a minute for each grant (counter `c`)";

  it.each<Rows[number]>([
    ["a new one", t({}), calls(), [`narrows t: newly limited to ${minute}`]],
    ["one is gone", calls(), t({}), [`widens t: no longer limited to ${minute}`]],
    [
      "more",
      calls(),
      calls({ max: 10.5 }),
      [`widens t: limited to 10.5 calls a minute for each grant (counter \`c\`); before to ${minute}`],
    ],
    [
      "fewer",
      calls(),
      calls({ max: 1 }),
      [`narrows t: limited to 1 call a minute for each grant (counter \`c\`); before to ${minute}`],
    ],
    ["the same window by another name", calls(), calls({ window: 60 }), []],
    [
      "a longer window holds the shorter",
      calls(),
      calls({ window: "hour" }),
      [
        `narrows t: limited to 10 calls an hour for each grant (counter \`c\`); before to ${minute}; it counts from zero`,
      ],
    ],
    [
      "the week holds its days",
      calls({ window: "week" }),
      calls({ window: "day" }),
      [
        "widens t: limited to 10 calls a day for each grant (counter `c`); before to 10 calls a week for each grant (counter `c`); it counts from zero",
      ],
    ],
    [
      "windows that do not fit into each other",
      calls({ window: 90 }),
      calls({ window: 60 }),
      [
        `both t: limited to ${minute}; before to 10 calls in 90 s for each grant (counter \`c\`); it counts from zero`,
      ],
    ],
    [
      "a week and a month",
      calls({ window: "week" }),
      calls({ window: "month" }),
      [
        "both t: limited to 10 calls a month for each grant (counter `c`); before to 10 calls a week for each grant (counter `c`); it counts from zero",
      ],
    ],
    [
      "at any time",
      calls(),
      calls({ algorithm: "sliding" }),
      [
        `narrows t: limited to 10 calls a minute for each grant, at any time (counter \`c\`); before to ${minute}; it counts from zero`,
      ],
    ],
    [
      "a sliding week",
      calls({ window: "day" }),
      calls({ window: "week", algorithm: "sliding" }),
      [
        "both t: limited to 10 calls a week for each grant, at any time (counter `c`); before to 10 calls a day for each grant (counter `c`); it counts from zero",
      ],
    ],
    [
      "for more callers together",
      calls(),
      calls({ scope: "server" }),
      [
        `narrows t: limited to 10 calls a minute for each server (counter \`c\`); before to ${minute}; it counts from zero`,
      ],
    ],
    [
      "another counter",
      calls(),
      calls({ counter: "d" }),
      [
        `widens t: no longer limited to ${minute}`,
        "narrows t: newly limited to 10 calls a minute for each grant (counter `d`)",
      ],
    ],
    [
      "errors given back",
      calls(),
      calls({ refund_on_error: true }),
      [
        `widens t: limited to 10 calls a minute for each grant, errors given back (counter \`c\`); before to ${minute}`,
      ],
    ],
    [
      "calls that count more",
      calls(),
      calls({ increment: 2 }),
      [`narrows t: limited to 10 of 2 a call a minute for each grant (counter \`c\`); before to ${minute}`],
    ],
    [
      "an amount instead of calls",
      calls(),
      calls({ increment_from: 'args["n"]' }),
      [`both t: limited to 10 of \`args.n\` a minute for each grant (counter \`c\`); before to ${minute}`],
    ],
    [
      "a stricter one beside it",
      t({ limits: [limit(), limit({ max: 5 })] }),
      t({ limits: [limit({ max: 5 })] }),
      [`same t: no longer limited to ${minute}`],
    ],
    ["the short form", t({ rate_limit: { max: 3, window: 60 } }), calls({ counter: "t_rate", max: 3 }), []],
  ])("%s", (_, before, after, expected) => {
    expect(lines(before, after)).toEqual(expected);
  });
});

describe("terms of approvals (policy-spec A5, section 3)", () => {
  const held = (approval: Entry["approval"]): Part =>
    t({ action: "require_approval", ...(approval === undefined ? {} : { approval }) });
  const usual = "1 person other than the grant's owner, within 15 minutes";

  it.each<[string, Entry["approval"], string]>([
    [
      "more persons",
      { approvers: 2 },
      `narrows t: approval needs 2 persons other than the grant's owner, within 15 minutes; before ${usual}`,
    ],
    [
      "more time",
      { timeout: "1h" },
      `widens t: approval needs 1 person other than the grant's owner, within 60 minutes; before ${usual}`,
    ],
    [
      "odd time",
      { timeout: "90s" },
      `widens t: approval needs 1 person other than the grant's owner, within 90 seconds; before ${usual}`.replace(
        "widens",
        "narrows",
      ),
    ],
    [
      "the owner too",
      { exclude_requester: false },
      `widens t: approval needs 1 person, within 15 minutes; before ${usual}`,
    ],
    [
      "two things",
      { approvers: 2, exclude_requester: false },
      `both t: approval needs 2 persons, within 15 minutes; before ${usual}`,
    ],
  ])("%s", (_, approval, line) => {
    expect(lines(held(undefined), held(approval))).toEqual([line]);
  });

  it("are of no matter where nothing is held, or was", () => {
    expect(lines(t({}), t({ approval: { approvers: 2 } }))).toEqual([]);
    expect(lines(t({ approval: { approvers: 2 } }), t({ approve_if: [when("args.n", "gt", 1)] }))).toEqual([
      "narrows t: newly held when `args.n` > 1",
    ]);
    expect(lines(held(undefined), held({ timeout: "15m", approvers: 1 }))).toEqual([]);
  });
});
