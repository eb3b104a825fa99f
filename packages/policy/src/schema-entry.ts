import { CONDITIONS } from "./schema-condition.ts";
import { LIMIT, RATE_LIMIT } from "./schema-limit.ts";
import type { Place, Report } from "./schema-report.ts";
import { BOOLEAN, number, text, word } from "./schema-scalar.ts";
import { list, type Members, record, reportConflict, type Shape } from "./schema-shape.ts";

const ON_UNKNOWN_WORDS = word(["deny", "pass"]);

/** What a matching rule does with what it cannot know (C2). */
export const ON_UNKNOWN = {
  shape: ON_UNKNOWN_WORDS,
  description: "What an unknown condition does in `deny_if` and `approve_if`; default `deny` (C2).",
};

/** E3: at most 500 characters of plain text; line breaks and tabs are the only controls. */
const PLAIN_TEXT = text({
  max: 500,
  rule: (value, name) =>
    /[^\P{Cc}\t\n\r]/u.test(value)
      ? { code: "invalid_text", message: `${name} has a control character; write plain text` }
      : undefined,
});

const PREDICATE = record({
  conditions: {
    shape: CONDITIONS,
    description: "All must be true; an empty list is true (E2).",
    required: true,
  },
  on_deny: { shape: PLAIN_TEXT, description: "What the agent is told when this rule denies (E3)." },
  reason: { shape: PLAIN_TEXT, description: "What the approver is told when this rule holds (E3)." },
  on_unknown: ON_UNKNOWN,
});

/** The JSON Schema of a predicate, which lists refer to. */
export const PREDICATE_JSON_SCHEMA = PREDICATE.jsonSchema;

const PREDICATES = list(
  { ...PREDICATE, jsonSchema: { $ref: "#/$defs/predicate" } },
  { max: 64, items: "predicates" },
);

const LIMITS = list({ ...LIMIT, jsonSchema: { $ref: "#/$defs/limit" } }, { max: 16, items: "limits" });

const RULES = {
  require: { shape: PREDICATES, description: "Each must be true, or the call is denied." },
  deny_if: { shape: PREDICATES, description: "Each must be false, or the call is denied." },
  approve_if: { shape: PREDICATES, description: "One that is not false holds the call for a person." },
  limits: { shape: LIMITS, description: "Quotas, reserved all at once or none (L5)." },
};

/** Rules for every allowed tool (section 3). */
export const ALL_TOOLS: Shape = record(RULES);

/** `<n>s|m|h`, from 1m to 24h (section 3). */
const TIMEOUT = text({
  rule: (value, name) => {
    const [, count, unit = ""] = /^([1-9][0-9]*)([smh])$/.exec(value) ?? [];
    const seconds = Number(count) * (SECONDS.get(unit) ?? Number.NaN);
    if (seconds >= 60 && seconds <= 86_400) return undefined;
    return {
      code: "invalid_value",
      message: `${name} must be from \`1m\` to \`24h\`, such as \`90s\` or \`15m\``,
    };
  },
  jsonSchema: { pattern: "^[1-9][0-9]*[smh]$" },
});

const SECONDS: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
]);

const APPROVAL = record({
  timeout: { shape: TIMEOUT, description: "How long the call waits, `1m` to `24h`; default `15m`." },
  approvers: {
    shape: number({ min: 1, max: 10, integer: true }),
    description: "How many persons must approve; default 1.",
  },
  exclude_requester: {
    shape: BOOLEAN,
    description: "Whoever owns the grant cannot approve; default true.",
  },
});

/** What governs one tool (section 3). */
export const ENTRY: Shape = record(
  {
    action: { shape: word(["allow", "deny", "require_approval"]), description: "Default `allow`." },
    reason: {
      shape: PLAIN_TEXT,
      description: "Shown to the agent on a deny, to the approver on a hold (E3).",
    },
    ...RULES,
    rate_limit: { shape: RATE_LIMIT, description: "Short for one limit per grant." },
    approval: { shape: APPROVAL, description: "Terms of every hold of this tool." },
  },
  {
    judgeWhole: judgeAction,
    jsonSchema: {
      if: { properties: { action: { const: "deny" } }, required: ["action"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { propertyNames: { enum: ["action", "reason"] } },
    },
  },
);

/** E1: what is never called has no rules. */
function judgeAction(members: Members, place: Place, report: Report): void {
  const action = members.get("action")?.node;
  if (action?.kind !== "scalar" || action.value !== "deny") return;
  for (const [key, member] of members) {
    if (key !== "action" && key !== "reason") reportConflict(member, '`action: "deny"`', place, report);
  }
}
