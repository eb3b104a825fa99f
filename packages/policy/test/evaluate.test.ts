import { describe, expect, it } from "vitest";
import { type CompiledPolicy, compilePolicy } from "../src/compile.ts";
import type { CallFacts, Decision } from "../src/decision.ts";
import type { AllTools, Condition, Entry, PolicyDocument, Predicate } from "../src/document.ts";
import {
  decideTask,
  evaluateCall,
  governs,
  INTERNAL_ERROR,
  isToolListed,
  NO_POLICY,
} from "../src/evaluate.ts";
import type { JsonValue } from "../src/json.ts";

const APPROVAL = { timeoutMs: 900_000, approvers: 1, excludeRequester: true };

function decide(document: Partial<PolicyDocument>, call: Partial<CallFacts> = {}): Decision {
  const policy = compilePolicy({ version: "1", default: "deny", ...document });
  return evaluateCall(policy, { tool: "t", nowMs: 0, ...call });
}

function allow(reservations: Decision["reservations"] = []): Decision {
  return { effect: "allow", rule: "", message: "", reservations };
}

function deny(rule: string, message = `Denied by rule ${rule}.`): Decision {
  return { effect: "deny", rule, message, reservations: [] };
}

function hold(rule: string, message = "Needs a person's approval."): Decision {
  return { effect: "hold", rule, message, reservations: [], approval: APPROVAL };
}

const ALWAYS: Predicate = { conditions: [] };
const when = (op: "eq" | "gt" | "exists", value: JsonValue, path = "args.x"): Predicate => ({
  conditions: [{ path, op, value }],
});

describe("policy-spec section 2: which entry governs", () => {
  const DENY: Entry = { action: "deny" };
  it.each<[string, Partial<PolicyDocument>, string, string]>([
    ["T1 names have case", { tools: { Get: {} } }, "get", "(default deny)"],
    ["T1 names are not normalised", { tools: { é: {} } }, "e\u0301", "(default deny)"],
    ["T3 an exact key beats every glob", { tools: { "*": DENY, get_x: {} } }, "get_x", ""],
    [
      "T3 an exact denial beats every glob",
      { tools: { "get_*": {}, get_x: DENY } },
      "get_x",
      "/tools/get_x/action",
    ],
    [
      "T3 more literals win",
      { tools: { "*": {}, "get_*": { require: [when("eq", 1)] } } },
      "get_x",
      "/tools/get_*/require/0",
    ],
    ["T3 what lies inside a denial escapes it", { tools: { "*": DENY, "get_*": {} } }, "get_x", ""],
    [
      "T3 what does not lie inside a denial does not",
      { tools: { "*secret*": DENY, "get_user_*": {} } },
      "get_user_secret",
      "/tools/*secret*/action",
    ],
    [
      "T3 a denial with more literals wins",
      { tools: { "*": {}, "get_*": DENY } },
      "get_x",
      "/tools/get_*/action",
    ],
    [
      "T3 one denial of several is enough",
      { tools: { "*": DENY, "*x": DENY, "get_*": {} } },
      "get_x",
      "/tools/*x/action",
    ],
    [
      "T3 of several denials the longest decides",
      { tools: { "*x": DENY, "*xyz": DENY, "get_user_*": {} } },
      "get_user_xyz",
      "/tools/*xyz/action",
    ],
    [
      "T3 a shorter entry inside the denial saves nothing",
      { tools: { "*secret*": DENY, "get_*secret*": {}, "get_user_name_*": {} } },
      "get_user_name_secret",
      "/tools/*secret*/action",
    ],
    ["T4 `hide` beats an exact entry", { hide: ["t"], tools: { t: {} } }, "t", "(hidden)"],
    ["T4 a `hide` glob beats an exact entry", { hide: ["x", "t*"], tools: { t: {} } }, "t", "(hidden)"],
    ["T5 no entry, default deny", { tools: { u: {} } }, "t", "(default deny)"],
    ["T5 no entry, default allow", { default: "allow" }, "t", ""],
    [
      "T5 `all_tools` under default allow",
      { default: "allow", all_tools: { deny_if: [ALWAYS] } },
      "t",
      "/all_tools/deny_if/0",
    ],
    [
      "T5 `all_tools` is not read under default deny",
      { all_tools: { deny_if: [ALWAYS] } },
      "t",
      "(default deny)",
    ],
    ["T6 an empty entry allows", { tools: { t: {} } }, "t", ""],
    ["names of a prototype are ordinary", { tools: { u: {} } }, "constructor", "(default deny)"],
  ])("%s", (_, document, tool, rule) => {
    expect(decide(document, { tool }).rule).toBe(rule);
  });

  it("T3 does not depend on the order of the entries", () => {
    const tools: Record<string, Entry> = {
      "get_*": {},
      "*": DENY,
      "get_user_*": { require: [when("eq", 1)] },
    };
    const reversed = Object.fromEntries(Object.entries(tools).reverse());
    const rules = [tools, reversed].map((entries) => decide({ tools: entries }, { tool: "get_user_x" }).rule);
    expect(rules).toEqual(["/tools/get_user_*/require/0", "/tools/get_user_*/require/0"]);
  });

  it("answers alike when a stranger has asked for thousands of names", () => {
    const policy = compilePolicy({ version: "1", default: "deny", tools: { "get_*": {} } });
    const rules = Array.from(
      { length: 5000 },
      (_, i) => evaluateCall(policy, { tool: `get_${i}`, nowMs: 0 }).effect,
    );
    const again = evaluateCall(policy, { tool: "get_0", nowMs: 0 }).effect;
    expect([new Set(rules), again]).toEqual([new Set(["allow"]), "allow"]);
  });

  it.each<[string, Partial<PolicyDocument>, ReturnType<typeof governs>, boolean]>([
    ["hidden", { hide: ["t"], default: "allow" }, "hidden", false],
    ["entry", { tools: { t: {} } }, "entry", true],
    ["entry that denies (R6)", { tools: { t: DENY } }, "entry", true],
    ["default allow", { default: "allow" }, "default-allow", true],
    ["default deny", {}, "default-deny", false],
  ])("R6 what lists show: %s", (_, document, kind, listed) => {
    const policy = compilePolicy({ version: "1", default: "deny", ...document });
    expect([governs(policy, "t"), isToolListed(policy, "t")]).toEqual([kind, listed]);
  });
});

describe("policy-spec R7: tasks follow the tool that made them", () => {
  it.each<[string, Partial<PolicyDocument>, Decision]>([
    ["hidden", { hide: ["t"], default: "allow" }, deny("(hidden)", "Unknown tool: t")],
    ["left to the default", {}, deny("(default deny)", 'Tool "t" is not permitted by policy.')],
    ["denied", { tools: { t: { action: "deny", reason: "No." } } }, deny("/tools/t/action", "No.")],
    ["denied by a rule on arguments", { tools: { t: { deny_if: [ALWAYS] } } }, allow()],
    ["held", { tools: { t: { action: "require_approval" } } }, allow()],
    ["limited", { tools: { t: { rate_limit: { max: 1, window: 1 } } } }, allow()],
    ["allowed by default", { default: "allow" }, allow()],
  ])("a tool that is %s", (_, document, decision) => {
    expect(decideTask(compilePolicy({ version: "1", default: "deny", ...document }), "t")).toEqual(decision);
  });
});

describe("policy-spec section 6: order", () => {
  const REQUIRE: AllTools = { require: [when("exists", true, "args.never")] };
  const DENY_IF: AllTools = { deny_if: [ALWAYS] };
  const APPROVE_IF: AllTools = { approve_if: [ALWAYS] };
  const AMOUNT: AllTools = { limits: [{ counter: "c", window: 1, max: 1, increment_from: "args.amount" }] };
  const rows: [string, AllTools, Entry, Decision][] = [
    ["4 before 5", REQUIRE, { action: "deny" }, deny("/tools/t/action", 'Tool "t" is denied by policy.')],
    ["5 `all_tools` before the entry", REQUIRE, REQUIRE, deny("/all_tools/require/0")],
    ["5 before 6", DENY_IF, REQUIRE, deny("/tools/t/require/0")],
    ["6 `all_tools` before the entry", DENY_IF, DENY_IF, deny("/all_tools/deny_if/0")],
    ["6 `deny_if` before amounts", AMOUNT, DENY_IF, deny("/tools/t/deny_if/0")],
    [
      "6 amounts before 7 (L2)",
      AMOUNT,
      { action: "require_approval" },
      deny("/all_tools/limits/0", "Denied by rule /all_tools/limits/0. (args.amount is missing)"),
    ],
    [
      "6 amounts of the entry before those of `all_tools` (L5)",
      AMOUNT,
      AMOUNT,
      deny("/tools/t/limits/0", "Denied by rule /tools/t/limits/0. (args.amount is missing)"),
    ],
    [
      "7 the action before `approve_if`",
      APPROVE_IF,
      { ...APPROVE_IF, action: "require_approval" },
      hold("/tools/t/action"),
    ],
    ["7 `approve_if` of the entry before `all_tools`", APPROVE_IF, APPROVE_IF, hold("/tools/t/approve_if/0")],
    ["7 `approve_if` of `all_tools`", APPROVE_IF, {}, hold("/all_tools/approve_if/0")],
    [
      "the second predicate of a list",
      {},
      { require: [ALWAYS, when("eq", 1)] },
      deny("/tools/t/require/1", "Denied by rule /tools/t/require/1. (args.x is missing)"),
    ],
    [
      "nothing stops it",
      { require: [ALWAYS] },
      { action: "allow", deny_if: [when("exists", true)] },
      allow(),
    ],
  ];
  it.each(rows)("step %s", (_, all_tools, entry, decision) => {
    expect(decide({ all_tools, tools: { t: entry } })).toEqual(decision);
  });

  it("step 1: no policy", () => {
    expect(NO_POLICY).toEqual(deny("(no policy)", "No policy is attached to this grant."));
  });

  it("R2: an internal error denies", () => {
    const policy = compilePolicy({
      version: "1",
      default: "deny",
      tools: { t: { require: [when("eq", 1, "time.hour")] } },
    });
    const call = { tool: "t", nowMs: Number.NaN };
    const broken: CompiledPolicy = {
      ...policy,
      governing: () => {
        throw new Error("bug");
      },
    };
    expect([
      evaluateCall(policy, call),
      evaluateCall(broken, call),
      decideTask(broken, "t"),
      evaluateCall(policy, call, { trace: true }),
    ]).toStrictEqual([INTERNAL_ERROR, INTERNAL_ERROR, INTERNAL_ERROR, { ...INTERNAL_ERROR, trace: [] }]);
    expect(INTERNAL_ERROR).toEqual(deny("(error)", "Internal policy error."));
  });
});

describe("policy-spec C2: what unknown does", () => {
  const unknown = when("eq", 1);
  it.each<[string, Partial<PolicyDocument>, string]>([
    ["fails `require`", { tools: { t: { require: [unknown] } } }, "/tools/t/require/0"],
    [
      "fails `require` whatever passes",
      { on_unknown: "pass", tools: { t: { require: [{ ...unknown, on_unknown: "pass" }] } } },
      "/tools/t/require/0",
    ],
    ["matches `deny_if`", { tools: { t: { deny_if: [unknown] } } }, "/tools/t/deny_if/0"],
    ["passes `deny_if` of the document", { on_unknown: "pass", tools: { t: { deny_if: [unknown] } } }, ""],
    ["passes the predicate", { tools: { t: { deny_if: [{ ...unknown, on_unknown: "pass" }] } } }, ""],
    [
      "matches the predicate again",
      { on_unknown: "pass", tools: { t: { deny_if: [{ ...unknown, on_unknown: "deny" }] } } },
      "/tools/t/deny_if/0",
    ],
    ["holds", { tools: { t: { approve_if: [unknown] } } }, "/tools/t/approve_if/0"],
    ["passes `approve_if`", { on_unknown: "pass", tools: { t: { approve_if: [unknown] } } }, ""],
    [
      "passes in `all_tools`, too",
      { on_unknown: "pass", all_tools: { deny_if: [unknown] }, tools: { t: {} } },
      "",
    ],
    [
      "denies amounts whatever passes (L2)",
      {
        on_unknown: "pass",
        tools: { t: { limits: [{ counter: "c", window: 1, max: 1, increment_from: "args.x" }] } },
      },
      "/tools/t/limits/0",
    ],
  ])("%s", (_, document, rule) => {
    expect(decide(document).rule).toBe(rule);
  });

  it.each<[string, Entry, string]>([
    ["E2: an empty list in `deny_if` always denies", { deny_if: [ALWAYS] }, "/tools/t/deny_if/0"],
    ["E2: an empty list in `require` is true", { require: [ALWAYS] }, ""],
    [
      "E2: conditions are joined by AND",
      { deny_if: [{ conditions: [...ALWAYS.conditions, ...when("exists", true).conditions] }] },
      "",
    ],
  ])("%s", (_, entry, rule) => {
    expect(decide({ tools: { t: entry } }).rule).toBe(rule);
  });
});

describe("policy-spec R1 and R5: rules and messages", () => {
  it.each<[string, Partial<PolicyDocument>, Partial<CallFacts>, Decision]>([
    ["hidden", { hide: ["t"] }, {}, deny("(hidden)", "Unknown tool: t")],
    ["default deny", {}, {}, deny("(default deny)", 'Tool "t" is not permitted by policy.')],
    [
      "a denied glob names the tool",
      { tools: { "*": { action: "deny" } } },
      {},
      deny("/tools/*/action", 'Tool "t" is denied by policy.'),
    ],
    [
      "a denial's reason",
      { tools: { t: { action: "deny", reason: "No." } } },
      {},
      deny("/tools/t/action", "No."),
    ],
    [
      "an escaped key",
      { tools: { "a/b~c": { action: "deny", reason: "No." } } },
      { tool: "a/b~c" },
      deny("/tools/a~1b~0c/action", "No."),
    ],
    [
      "`on_deny`",
      { tools: { t: { deny_if: [{ conditions: [], on_deny: "Words." }] } } },
      {},
      deny("/tools/t/deny_if/0", "Words."),
    ],
    [
      "`reason` has no say in `deny_if`",
      { tools: { t: { deny_if: [{ conditions: [], reason: "Words." }] } } },
      {},
      deny("/tools/t/deny_if/0"),
    ],
    [
      "`on_deny` and why it is unknown",
      { tools: { t: { require: [{ ...when("gt", 1), on_deny: "Words." }] } } },
      { args: { x: "5000" } },
      deny("/tools/t/require/0", "Words. (args.x is a string, not a number)"),
    ],
    [
      "no value of an earlier unknown lingers",
      { tools: { t: { require: [ALWAYS], deny_if: [{ ...when("eq", 1), on_unknown: "pass" }, ALWAYS] } } },
      {},
      deny("/tools/t/deny_if/1"),
    ],
    [
      "a hold's reason",
      { tools: { t: { action: "require_approval", reason: "Ask." } } },
      {},
      hold("/tools/t/action", "Ask."),
    ],
    [
      "`reason` of `approve_if`",
      { tools: { t: { reason: "Not this.", approve_if: [{ conditions: [], reason: "Ask." }] } } },
      {},
      hold("/tools/t/approve_if/0", "Ask."),
    ],
    [
      "`on_deny` has no say in `approve_if`",
      { tools: { t: { approve_if: [{ conditions: [], on_deny: "Words." }] } } },
      {},
      hold("/tools/t/approve_if/0"),
    ],
    [
      "a hold that could not tell",
      { tools: { t: { approve_if: [{ ...when("gt", 1), reason: "Ask." }] } } },
      { args: { x: null } },
      hold("/tools/t/approve_if/0", "Ask. (args.x is null)"),
    ],
  ])("%s", (_, document, call, decision) => {
    expect(decide(document, call)).toEqual(decision);
  });

  it.each<[string, Entry["approval"], object]>([
    ["defaults", {}, APPROVAL],
    ["seconds", { timeout: "90s" }, { ...APPROVAL, timeoutMs: 90_000 }],
    ["minutes", { timeout: "20m", approvers: 2 }, { ...APPROVAL, timeoutMs: 1_200_000, approvers: 2 }],
    [
      "hours",
      { timeout: "24h", exclude_requester: false },
      { timeoutMs: 86_400_000, approvers: 1, excludeRequester: false },
    ],
  ])("terms of an approval: %s", (_, approval = {}, expected) => {
    const document = { all_tools: { approve_if: [ALWAYS] }, tools: { t: { approval } } };
    expect(decide(document)).toEqual({ ...hold("/all_tools/approve_if/0"), approval: expected });
  });

  it("a hold of a tool without an entry has the default terms", () => {
    expect(decide({ default: "allow", all_tools: { approve_if: [ALWAYS] } })).toEqual(
      hold("/all_tools/approve_if/0"),
    );
  });
});

describe("policy-spec R1: trace", () => {
  it("lists every predicate read, in order, with its value", () => {
    const not = (condition: Condition): Predicate => ({ conditions: [{ not: condition }] });
    const policy = compilePolicy({
      version: "1",
      default: "deny",
      all_tools: { require: [ALWAYS], approve_if: [ALWAYS] },
      tools: {
        t: {
          deny_if: [
            not({ path: "args", op: "exists", value: true }),
            { ...when("eq", 1), on_unknown: "pass" },
          ],
          approve_if: [when("gt", 1), ALWAYS],
        },
      },
    });
    expect(
      evaluateCall(policy, { tool: "t", nowMs: 0, args: { x: "secret" } }, { trace: true }).trace,
    ).toStrictEqual([
      { rule: "/all_tools/require/0", result: "true" },
      { rule: "/tools/t/deny_if/0", result: "false" },
      { rule: "/tools/t/deny_if/1", result: "unknown", unknown: "args.x is a string, not a number" },
      { rule: "/tools/t/approve_if/0", result: "unknown", unknown: "args.x is a string, not a number" },
    ]);
  });

  it("is absent unless asked for, and empty where nothing is read", () => {
    const policy = compilePolicy({ version: "1", default: "deny" });
    const call = { tool: "t", nowMs: 0 };
    const decisions = [undefined, {}, { trace: false }, { trace: true }].map((options) =>
      evaluateCall(policy, call, options),
    );
    const denied = deny("(default deny)", 'Tool "t" is not permitted by policy.');
    expect(decisions).toStrictEqual([denied, denied, denied, { ...denied, trace: [] }]);
  });
});
