import { MAX_AMOUNT } from "./limit.ts";
import type { SourceNode } from "./parse-tree.ts";
import { below, type Place, quote, type Report } from "./schema-report.ts";
import { isScalarOf, number, text, word } from "./schema-scalar.ts";
import { judgeCount, list, membersOf, readMembers, record, reportType, type Shape } from "./schema-shape.ts";

/** Most tests of one file, and most counters of one test. */
const MAX_TESTS = 2000;

/** Arguments of a call: any JSON without duplicate keys, whose numbers keep their value (M4, C7). */
const ANY_JSON: Shape = { judge: judgeJson, jsonSchema: {} };

/** RFC 3339 with a zone: a local time would mean another instant on another machine. */
const INSTANT = text({
  rule: (value, name) =>
    isInstant(value)
      ? undefined
      : {
          code: "invalid_value",
          message: `${name} must be an instant such as \`2026-01-31T09:30:00Z\`, not ${quote(value)}`,
        },
});

/** `{"<counter>": amount}`. A name may have any characters, because that of a `rate_limit` may (section 3). */
const COUNTERS: Shape = {
  judge: (node, place, report) => {
    const members = readMembers(node, place, report);
    if (members === undefined) return;
    judgeCount(members.size, MAX_TESTS, "counters", node, place, report);
    for (const [key, member] of members) USED.judge(member.node, below(place, key), report);
  },
  jsonSchema: { type: "object" },
};
const USED = number({ min: 0, max: MAX_AMOUNT, maxDecimals: 6 });

const TEST = record({
  name: { shape: text({ nonEmpty: true }), description: "Names the test in reports.", required: true },
  call: {
    shape: record({
      tool: { shape: text({ nonEmpty: true }), description: "The server's own name of it.", required: true },
      args: { shape: ANY_JSON, description: "Absent arguments are `{}` (C3)." },
    }),
    description: "The call to decide.",
    required: true,
  },
  at: { shape: INSTANT, description: "Instant of the call; default now." },
  given: {
    shape: record({ counters: { shape: COUNTERS, description: "Used in the current window, by counter." } }),
    description: "What was before the call.",
  },
  expect: {
    shape: record({
      effect: {
        shape: word(["allow", "deny", "hold"]),
        description: "What the policy says.",
        required: true,
      },
      rule: { shape: text(), description: "What decided (R1)." },
    }),
    description: "The decision that passes.",
    required: true,
  },
});

const TESTS = list(TEST, { max: MAX_TESTS, items: "tests" });

const TESTS_OBJECT = record({
  tests: { shape: TESTS, description: "The tests, in the order they run.", required: true },
});

/** A file of tests: the list itself, or an object with the key `tests` (A3). */
export const TEST_FILE: Shape = {
  judge: (node, place, report) => {
    if (node.kind === "array") TESTS.judge(node, place, report);
    else if (node.kind === "object") TESTS_OBJECT.judge(node, place, report);
    else reportType(node, "a list of tests or an object with `tests`", place, report);
  },
  jsonSchema: { anyOf: [TESTS.jsonSchema, TESTS_OBJECT.jsonSchema] },
};

function judgeJson(node: SourceNode, place: Place, report: Report): void {
  if (node.kind === "array") {
    node.items.forEach((item, index) => {
      judgeJson(item, below(place, index), report);
    });
  } else if (node.kind === "object") {
    for (const [key, { node: value }] of membersOf(node, place, report)) {
      judgeJson(value, below(place, key), report);
    }
  } else if (isScalarOf(node, "number")) {
    ANY_NUMBER.judge(node, place, report);
  }
}
const ANY_NUMBER = number();

function isInstant(value: string): boolean {
  const [, date] =
    /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.exec(value) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(value))) return false;
  // A 30th of February is the 2nd of March to the platform.
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
