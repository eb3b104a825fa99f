import type { Member, SourceNode } from "./parse-tree.ts";
import { ENTRY } from "./schema-entry.ts";
import { ambiguousGlobs } from "./schema-globs.ts";
import { below, nameOf, type Place, quote, type Report } from "./schema-report.ts";
import { isScalarOf, text } from "./schema-scalar.ts";
import {
  judgeCount,
  judgeLength,
  judgeText,
  list,
  type Members,
  readMembers,
  type Shape,
} from "./schema-shape.ts";
import { MAX_PATTERN } from "./schema-value.ts";

/** Most tool entries, and most items of `hide`, `allow` and `deny` (M5). */
const MAX_NAMES = 2000;
/** Longest key in code points (M5). */
export const MAX_KEY = 256;

/** `tools`: entries by exact name or glob (section 2). */
export const TOOLS: Shape = {
  judge: (node, place, report) => {
    const members = readMembers(node, place, report);
    if (members === undefined) return;
    judgeCount(members.size, MAX_NAMES, "entries", node, place, report);
    const judged = new Map([...members].slice(0, MAX_NAMES));
    for (const member of judged.values()) judgeTool(member, place, report);
    reportAmbiguousGlobs(judged, place, report);
  },
  jsonSchema: {
    type: "object",
    propertyNames: { minLength: 1, maxLength: MAX_KEY },
    maxProperties: MAX_NAMES,
    additionalProperties: { $ref: "#/$defs/entry" },
  },
};

/** Patterns of an `allow` or `deny` list (R7). */
export const PATTERNS = list(text({ max: MAX_PATTERN, nonEmpty: true }), {
  max: MAX_NAMES,
  items: "patterns",
});

/** `hide`: names and globs, none twice (T2). */
export const HIDE: Shape = {
  judge: (node, place, report) => {
    PATTERNS.judge(node, place, report);
    if (node.kind === "array") reportRepeated(node.items.slice(0, MAX_NAMES), place, report);
  },
  jsonSchema: { ...PATTERNS.jsonSchema, uniqueItems: true },
};

function judgeTool({ key, keyAt, node }: Member, place: Place, report: Report): void {
  const at = below(place, key);
  if (key === "") report.add(at, keyAt, "invalid_value", `a key of ${nameOf(place)} is empty; name a tool`);
  // Below a key that is too long nothing is judged: each error there would carry the key.
  if (!judgeLength(key, MAX_KEY, keyAt, at, report)) return;
  judgeText(key, keyAt, at, report);
  ENTRY.judge(node, at, report);
}

function reportRepeated(items: readonly SourceNode[], place: Place, report: Report): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    if (!isScalarOf(item, "string")) return;
    const message = `${quote(item.value)} stands in ${nameOf(place)} before; remove one`;
    if (seen.has(item.value)) report.add(below(place, index), item.at, "duplicate_item", message);
    seen.add(item.value);
  });
}

/** T3: each glob is reported with the first one before it that it collides with. */
function reportAmbiguousGlobs(members: Members, place: Place, report: Report): void {
  for (const { glob, other } of ambiguousGlobs([...members.values()], ({ key }) => key)) {
    const message = `the globs ${quote(other.key)} and ${quote(glob.key)} can match the same tool and neither is more exact; change one`;
    report.add(place, glob.keyAt, "ambiguous_glob", message);
  }
}
