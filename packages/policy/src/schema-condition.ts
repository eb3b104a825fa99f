import { OPERATORS } from "./document.ts";
import type { JsonObject } from "./json.ts";
import type { SourceNode } from "./parse-tree.ts";
import { parsePath } from "./path.ts";
import { below, type Place, quote, type Report } from "./schema-report.ts";
import { isScalarOf, text, word } from "./schema-scalar.ts";
import {
  judgeCount,
  type Members,
  readMembers,
  reportConflict,
  reportMissingKey,
  reportType,
  reportUnknownKey,
  type Shape,
} from "./schema-shape.ts";
import { valueJsonSchemas, valueShapeOf } from "./schema-value.ts";

/** Most leaves of a predicate at any depth (M5). */
export const MAX_LEAVES = 64;

/** Deepest chain of groups within groups (M5). */
export const MAX_GROUP_DEPTH = 8;

/** The `conditions` of a predicate: a list joined by AND, which may be empty (E2). */
export const CONDITIONS: Shape = {
  judge: (node, place, report) => {
    if (node.kind !== "array") return reportType(node, "a list", place, report);
    const tally: Tally = { leaves: 0 };
    node.items.forEach((item, index) => {
      judgeCondition(item, below(place, index), report, 0, tally);
    });
    judgeCount(tally.leaves, MAX_LEAVES, "leaves", node, place, report);
  },
  jsonSchema: { type: "array", items: { $ref: "#/$defs/condition" } },
};

/** Definitions that the JSON Schema of conditions refers to: they contain each other. */
export function conditionJsonSchemas(): { readonly condition: JsonObject; readonly leaf: JsonObject } {
  return {
    condition: {
      description: "A leaf `{path, op, value}`, or a group with one of `all`, `any`, `not` (section 4).",
      anyOf: [
        { $ref: "#/$defs/leaf" },
        groupJsonSchema("all", "True when every condition is true (C1).", GROUP_LIST),
        groupJsonSchema("any", "True when one of the conditions is true (C1).", GROUP_LIST),
        groupJsonSchema("not", "True when the condition is false (C1).", { $ref: "#/$defs/condition" }),
      ],
    },
    leaf: {
      type: "object",
      properties: {
        path: { ...PATH.jsonSchema, description: "What is read, such as `args.amount` (C3)." },
        op: { ...OPERATOR.jsonSchema, description: "How it is compared (section 4)." },
        value: { description: "What it is compared with; never null." },
      },
      required: LEAF_KEYS,
      additionalProperties: false,
      allOf: valueJsonSchemas(),
    },
  };
}

/** A path of the language (C3). */
export const PATH = text({
  rule: (path) => {
    const parsed = parsePath(path);
    return parsed.ok ? undefined : { code: "invalid_path", message: parsed.error };
  },
  jsonSchema: {
    pattern:
      '^(?:args(?:\\.[^.\\[\\]"\\s\\p{Cc}]+|\\["(?:[^"\\\\\\u0000-\\u001f]|\\\\.)*"\\]|\\[(?:0|[1-9][0-9]*|\\*)\\])*' +
      "|time\\.(?:hour|minute|weekday|date)|grant\\.label|tool\\.name)$",
  },
});

interface Tally {
  leaves: number;
}

const OPERATOR = word(OPERATORS, "unknown_operator");
const LEAF_KEYS = ["path", "op", "value"];
const GROUP_KEYS = ["all", "any", "not"];
const GROUP_LIST: JsonObject = { type: "array", items: { $ref: "#/$defs/condition" }, minItems: 1 };

/** `groups` is the number of groups around the condition. */
function judgeCondition(node: SourceNode, place: Place, report: Report, groups: number, tally: Tally): void {
  const members = readMembers(node, place, report);
  if (members === undefined) return;
  const keys = [...members.keys()];
  const group = keys.find((key) => GROUP_KEYS.includes(key));
  if (group === undefined || keys.some((key) => LEAF_KEYS.includes(key))) {
    tally.leaves += 1;
    // Beyond the limit nothing is read: each pattern takes time to compile.
    if (tally.leaves <= MAX_LEAVES) judgeLeaf(members, node, place, report);
  } else if (groups >= MAX_GROUP_DEPTH) {
    const message = `groups stand more than ${MAX_GROUP_DEPTH} deep in each other; flatten them`;
    report.add(place, node.at, "limit_exceeded", message);
  } else judgeGroup(group, members, place, report, groups + 1, tally);
}

function judgeLeaf(members: Members, node: SourceNode, place: Place, report: Report): void {
  let isMisspelt = true;
  for (const [key, member] of members) {
    if (GROUP_KEYS.includes(key)) reportConflict(member, "`path`, `op` and `value`", place, report);
    else if (!LEAF_KEYS.includes(key)) reportUnknownKey(member, place, report, [...LEAF_KEYS, ...GROUP_KEYS]);
    else isMisspelt = false;
  }
  // Where every key is unknown, it cannot be told which ones are missing: a leaf's or a group's.
  for (const key of isMisspelt && members.size > 0 ? [] : LEAF_KEYS) {
    if (!members.has(key)) reportMissingKey(key, node, place, report);
  }
  const path = members.get("path")?.node;
  const operator = members.get("op")?.node;
  const value = members.get("value")?.node;
  if (path !== undefined) PATH.judge(path, below(place, "path"), report);
  if (operator !== undefined) OPERATOR.judge(operator, below(place, "op"), report);
  if (value === undefined) return;
  const at = below(place, "value");
  if (value.kind === "scalar" && value.value === null)
    report.add(
      at,
      value.at,
      "wrong_type",
      "`value` is never null; to ask whether something is there, use `exists`",
    );
  else valueShapeOf(stringOf(operator), stringOf(path)).judge(value, at, report);
}

function judgeGroup(
  kind: string,
  members: Members,
  place: Place,
  report: Report,
  groups: number,
  tally: Tally,
): void {
  for (const [key, member] of members) {
    const at = below(place, key);
    if (!GROUP_KEYS.includes(key)) reportUnknownKey(member, place, report, GROUP_KEYS);
    else if (key !== kind) reportConflict(member, `${quote(kind)}: a group has one key`, place, report);
    else if (kind === "not") judgeCondition(member.node, at, report, groups, tally);
    else judgeGroupList(member.node, at, report, groups, tally);
  }
}

function judgeGroupList(node: SourceNode, place: Place, report: Report, groups: number, tally: Tally): void {
  if (node.kind !== "array") {
    reportType(node, "a list", place, report);
    return;
  }
  if (node.items.length === 0)
    report.add(place, node.at, "invalid_value", "an empty group says nothing; add a condition or remove it");
  node.items.forEach((item, index) => {
    judgeCondition(item, below(place, index), report, groups, tally);
  });
}

function stringOf(node: SourceNode | undefined): string | undefined {
  return node !== undefined && isScalarOf(node, "string") ? node.value : undefined;
}

function groupJsonSchema(key: string, description: string, content: JsonObject): JsonObject {
  return {
    type: "object",
    properties: { [key]: { ...content, description } },
    required: [key],
    additionalProperties: false,
  };
}
