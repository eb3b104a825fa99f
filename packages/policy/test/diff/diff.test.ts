import { describe, expect, it } from "vitest";
import { widensAccess } from "../../src/diff/policy-change.ts";
import type { Entry, Limit } from "../../src/document.ts";
import { always, diff, lines, nameOf, type Part, type Row, t, when } from "./changes.ts";

const limit = (more: Partial<Limit> = {}): Limit => ({ counter: "c", window: "minute", max: 10, ...more });
const calls = (more: Partial<Limit> = {}): Part => t({ limits: [limit(more)] });

describe("a change that a review must look at", () => {
  it.each([
    ["widens", true],
    ["both", true],
    ["narrows", false],
    ["same", false],
  ] as const)("%s: %s", (access, expected) => {
    expect(widensAccess({ access })).toBe(expected);
  });
});

describe("which tools are let through (policy-spec A5, T3-T6)", () => {
  it.each<Row>([
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
    const first = Object.keys(entries)[0] ?? "";
    const reordered = Object.fromEntries(Object.entries(entries).toReversed());
    expect(lines({ tools: entries, hide: ["a*", "b*"] }, { tools: reordered, hide: ["b*", "a*"] })).toEqual(
      [],
    );
    const denying = { ...entries, [first]: { action: "deny" as const } };
    const texts = lines({ tools: entries }, { tools: denying });
    expect(texts.at(-1)).toMatch(/^both \(all_tools\): too many patterns/);
    const byDefault = {
      prompts: {},
      resources: { default: "deny" },
      server_requests: { elicitation: "deny", roots: "deny" },
    } as const;
    const open = lines(
      { ...byDefault, prompts: { default: "deny" }, tools: entries },
      { ...byDefault, prompts: { default: "deny" }, tools: entries, default: "allow" },
    );
    expect(open).toEqual(["widens (other_tools): newly allowed; before denied by default"]);
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

it("names that are hidden in both documents are not gone through", () => {
  const hide = Array.from({ length: 30 }, (_, index) => `*w${String.fromCharCode(97 + index)}*`);
  expect(lines({ hide, tools: { "get_*": {} } }, { hide: hide.toReversed(), tools: {} })).toEqual([
    "narrows get_*: newly denied by default",
  ]);
});

describe("rules of all tools (policy-spec A5, T5)", () => {
  const rule = { deny_if: [when("args.n", "gt", 1)] };
  const tools = { a: {}, b: {}, c: { action: "deny" } } as const;
  const said = "newly denied when `args.n` > 1";

  it.each<Row>([
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
      "with another bound",
      { tools, all_tools: rule },
      { tools, all_tools: { deny_if: [when("args.n", "gt", 2)] } },
      ["widens (all_tools): denied when `args.n` > 2; before when `args.n` > 1"],
    ],
    [
      "moved from one entry to all",
      { tools: { a: { ...rule, limits: [limit()] }, b: {} } },
      { tools: { a: {}, b: {} }, all_tools: { ...rule, limits: [limit({ max: 20 })] } },
      [
        "widens a: limited to 20 calls a minute for each grant (counter `c`); before to 10 calls a minute for each grant (counter `c`)",
        `narrows b: ${said}`,
        "narrows b: newly limited to 20 calls a minute for each grant (counter `c`)",
      ],
    ],
    [
      "changed, with the entry's own beside it",
      { tools: { a: { deny_if: [when("args.n", "gt", 5)] } } },
      { tools: { a: {} }, all_tools: rule },
      ["narrows a: denied when `args.n` > 1; before when `args.n` > 5"],
    ],
    [
      "gone where another tool is newly let through",
      { tools: { a: {} }, all_tools: rule },
      { tools: { a: {}, b: {} } },
      [
        "widens (all_tools): no longer denied when `args.n` > 1",
        "widens b: newly allowed; before denied by default",
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

  it.each<Row>([
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
    [
      "an amount read from elsewhere",
      calls({ increment_from: "args.a" }),
      calls({ increment_from: "args.b" }),
      [
        "both t: limited to 10 of `args.b` a minute for each grant (counter `c`); before to 10 of `args.a` a minute for each grant (counter `c`)",
      ],
    ],
    [
      "less of an amount",
      calls({ increment_from: "args.a" }),
      calls({ increment_from: "args.a", max: 5 }),
      [
        "narrows t: limited to 5 of `args.a` a minute for each grant (counter `c`); before to 10 of `args.a` a minute for each grant (counter `c`)",
      ],
    ],
    [
      "less in a week",
      calls({ window: "week" }),
      calls({ window: "week", max: 5 }),
      [
        "narrows t: limited to 5 calls a week for each grant (counter `c`); before to 10 calls a week for each grant (counter `c`)",
      ],
    ],
    [
      "a shorter sliding window",
      calls({ window: "hour", algorithm: "sliding" }),
      calls({ algorithm: "sliding" }),
      [
        "widens t: limited to 10 calls a minute for each grant, at any time (counter `c`); before to 10 calls an hour for each grant, at any time (counter `c`); it counts from zero",
      ],
    ],
    [
      "each takes the place of its own counter",
      t({ limits: [limit(), limit({ window: "hour", max: 50 })] }),
      t({ limits: [limit({ window: "hour", max: 60 }), limit({ max: 20 })] }),
      [
        `widens t: limited to 20 calls a minute for each grant (counter \`c\`); before to ${minute}`,
        "widens t: limited to 60 calls an hour for each grant (counter `c`); before to 50 calls an hour for each grant (counter `c`)",
      ],
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
