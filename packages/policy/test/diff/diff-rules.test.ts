import { describe, expect, it } from "vitest";
import type { Condition, Predicate } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import { always, diff, lines, type Part, type Row, t, when } from "./changes.ts";

describe("rules on arguments (policy-spec A5, E2, C1-C6)", () => {
  const amount = (op: string, value: JsonValue): Predicate => when("args.amount", op, value);
  const pass = { on_unknown: "pass" } as const;

  it.each<Row>([
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
      "a demand written as a denial of its opposite",
      t({ require: [amount("contains", "x")] }),
      t({ deny_if: [{ conditions: [{ not: { path: "args.amount", op: "contains", value: "x" } }] }] }),
      [
        'same t: no longer denied unless `args.amount` contains "x"',
        'same t: newly denied when not (`args.amount` contains "x")',
      ],
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
      "one hold is part of another now",
      t({ approve_if: [amount("gt", 9), amount("gt", 5)] }),
      t({ approve_if: [amount("gt", 5)] }),
      ["same t: no longer held when `args.amount` > 9"],
    ],
    [
      "a demand turned round",
      t({ require: [amount("gt", 9)] }),
      t({ deny_if: [amount("gt", 9)] }),
      [
        "widens t: no longer denied unless `args.amount` > 9",
        "narrows t: newly denied when `args.amount` > 9",
      ],
    ],
    [
      "a demand that never lets pass what is unknown",
      t({ require: [amount("gt", 9)] }),
      t({ require: [{ ...amount("gt", 9), ...pass }] }),
      [],
    ],
    [
      "moved to another list, beside one that changed",
      t({ deny_if: [amount("gt", 9), when("args.n", "gt", 1)] }),
      t({ deny_if: [when("args.n", "gt", 2)], approve_if: [amount("gt", 9)] }),
      [
        "widens t: held when `args.amount` > 9; before denied",
        "widens t: denied when `args.n` > 2; before when `args.n` > 1",
      ],
    ],
    [
      "the same question of another path",
      t({ deny_if: [when("args.m", "gt", 1)] }),
      t({ deny_if: [when("args.n", "gt", 1)] }),
      ["widens t: no longer denied when `args.m` > 1", "narrows t: newly denied when `args.n` > 1"],
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
    [
      "all of a group are implied",
      deny({ any: [{ all: [a, leaf("args.a", "lt", 9)] }, c] }),
      deny({ any: [leaf("args.a", "eq", 5), c] }),
    ],
    ["one of a group is not implied", deny({ any: [a, c] }), deny({ any: [{ all: [a, b] }, c] })],
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

describe("the kind of a change and where it is written (policy-spec A5)", () => {
  const rule = when("args.n", "gt", 1);
  const other = when("args.n", "gt", 2);
  const limit = { counter: "c", window: 1, max: 1 } as const;

  it.each<[kind: string, before: Part, after: Part, old: string | undefined, now: string | undefined]>([
    ["allowed", {}, t({}), "/default", "/tools/t"],
    ["held", {}, t({ action: "require_approval" }), "/default", "/tools/t"],
    ["held", { hide: ["t"] }, t({ action: "require_approval" }), "/hide", "/tools/t"],
    ["shown", {}, t({ deny_if: [always] }), "/default", "/tools/t"],
    ["denied", t({}), {}, "/tools/t", "/default"],
    ["denied", t({}), t({ action: "deny" }), "/tools/t", "/tools/t"],
    ["hidden", t({}), { hide: ["t"] }, "/tools/t", "/hide"],
    ["hidden", {}, { hide: ["t"] }, "/default", "/hide"],
    ["denied", { hide: ["t"] }, {}, "/hide", "/default"],
    ["shown", {}, t({ action: "deny" }), "/default", "/tools/t"],
    ["message", t({ action: "deny" }), t({ action: "deny", reason: "x" }), "/tools/t", "/tools/t"],
    ["denied", t({}), t({ require: [rule] }), undefined, "/tools/t/require/0"],
    ["denied", t({}), t({ deny_if: [rule] }), undefined, "/tools/t/deny_if/0"],
    ["held", t({}), t({ approve_if: [rule] }), undefined, "/tools/t/approve_if/0"],
    ["held", t({}), t({ action: "require_approval" }), undefined, "/tools/t/action"],
    ["allowed", t({ deny_if: [rule] }), t({}), "/tools/t/deny_if/0", undefined],
    [
      "condition",
      t({ deny_if: [rule] }),
      t({ deny_if: [other] }),
      "/tools/t/deny_if/0",
      "/tools/t/deny_if/0",
    ],
    [
      "held",
      t({ deny_if: [rule] }),
      t({ approve_if: [rule] }),
      "/tools/t/deny_if/0",
      "/tools/t/approve_if/0",
    ],
    [
      "message",
      t({ deny_if: [rule] }),
      t({ deny_if: [{ ...rule, on_deny: "x" }] }),
      "/tools/t/deny_if/0",
      "/tools/t/deny_if/0",
    ],
    ["denied", t({}), { ...t({}), all_tools: { deny_if: [rule] } }, undefined, "/all_tools/deny_if/0"],
    ["limited", t({}), t({ limits: [limit] }), undefined, "/tools/t/limits/0"],
    ["limited", t({}), t({ rate_limit: { max: 1, window: 1 } }), undefined, "/tools/t/rate_limit"],
    ["unlimited", t({ limits: [limit] }), t({}), "/tools/t/limits/0", undefined],
    [
      "limit",
      t({ limits: [limit] }),
      t({ limits: [{ ...limit, max: 2 }] }),
      "/tools/t/limits/0",
      "/tools/t/limits/0",
    ],
    ["limited", t({}), { ...t({}), all_tools: { limits: [limit] } }, undefined, "/all_tools/limits/0"],
    [
      "limited",
      { tools: { "a/b*": {} } },
      { tools: { "a/b*": { limits: [limit] } } },
      undefined,
      "/tools/a~1b*/limits/0",
    ],
    [
      "approval",
      t({ action: "require_approval" }),
      t({ action: "require_approval", approval: { approvers: 2 } }),
      "/tools/t",
      "/tools/t",
    ],
  ])("%s", (kind, before, after, old, now) => {
    expect(diff(before, after).map((change) => [change.kind, change.before, change.after])).toEqual([
      [kind, old, now],
    ]);
  });

  it("says nothing of rules where a newly allowed tool has none", () => {
    expect(diff({}, t({}))).toEqual([
      {
        subject: { kind: "tool", name: "t" },
        kind: "allowed",
        access: "widens",
        text: "newly allowed; before denied by default",
        before: "/default",
        after: "/tools/t",
      },
    ]);
  });
});
