import { isLongerThan } from "./code-points.ts";
import type { JsonObject } from "./json.ts";
import type { Member, ObjectNode, SourceNode } from "./parse-tree.ts";
import { below, nameOf, type Place, quote, type Report } from "./schema-report.ts";
import { suggest } from "./schema-suggest.ts";

/**
 * One part of the language: how it is judged, and the same as JSON Schema for editors. Hand-written rather than
 * a schema library's, because errors need what such libraries do not carry: the position of keys as well as
 * values, duplicates, the key that must go, the place of a missing one, and numbers judged as written (M6).
 */
export interface Shape {
  readonly judge: (node: SourceNode, place: Place, report: Report) => void;
  readonly jsonSchema: JsonObject;
}

/** One key of an object, for {@link record}. */
export interface Field {
  readonly shape: Shape;
  readonly description: string;
  readonly required?: true;
}

/** The members of an object by key; of duplicates the first. */
export type Members = ReadonlyMap<string, Member>;

export interface RecordOptions {
  /** Rules between keys; unknown ones are left out. */
  readonly judgeWhole?: (members: Members, place: Place, report: Report) => void;
  /** The same rules for JSON Schema, as far as it can say them. */
  readonly jsonSchema?: JsonObject;
}

/** An object with these keys and no others (M3). */
export function record(fields: Readonly<Record<string, Field>>, options: RecordOptions = {}): Shape {
  const known = new Map(Object.entries(fields));
  const required = [...known].filter(([, field]) => field.required).map(([key]) => key);
  return {
    judge: (node, place, report) => {
      const members = readMembers(node, place, report);
      if (members === undefined) return;
      for (const [key, member] of members) {
        const field = known.get(key);
        if (field === undefined) reportUnknownKey(member, place, report, [...known.keys()]);
        else field.shape.judge(member.node, below(place, key), report);
      }
      for (const key of required) {
        if (!members.has(key)) reportMissingKey(key, node, place, report);
      }
      const own = new Map([...members].filter(([key]) => known.has(key)));
      options.judgeWhole?.(own, place, report);
    },
    jsonSchema: {
      type: "object",
      properties: Object.fromEntries(
        [...known].map(([key, { shape, description }]) => [key, { ...shape.jsonSchema, description }]),
      ),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
      ...options.jsonSchema,
    },
  };
}

export interface ListOptions {
  readonly min?: number;
  readonly max: number;
  /** What the items are called in messages. */
  readonly items: string;
}

/** An array. Beyond `max` items one error names the limit, and the rest is not judged (M5). */
export function list(item: Shape, { min = 0, max, items }: ListOptions): Shape {
  return {
    judge: (node, place, report) => {
      if (node.kind !== "array") return reportType(node, "a list", place, report);
      if (node.items.length < min)
        report.add(
          place,
          node.at,
          "invalid_value",
          `${nameOf(place)} is empty; list at least ${min} of its ${items}`,
        );
      judgeCount(node.items.length, max, items, node, place, report);
      node.items.slice(0, max).forEach((one, index) => {
        item.judge(one, below(place, index), report);
      });
    },
    jsonSchema: {
      type: "array",
      items: item.jsonSchema,
      ...(min > 0 ? { minItems: min } : {}),
      maxItems: max,
    },
  };
}

/** Reports more than `max` of something, naming the limit (M5). */
export function judgeCount(
  count: number,
  max: number,
  what: string,
  node: SourceNode,
  place: Place,
  report: Report,
): void {
  if (count > max) {
    const message = `${nameOf(place)} has ${count} ${what}; at most ${max} are allowed`;
    report.add(place, node.at, "limit_exceeded", message);
  }
}

/** The members of an object; reports duplicates (M4). Undefined, with an error, for anything else. */
export function readMembers(node: SourceNode, place: Place, report: Report): Members | undefined {
  if (node.kind !== "object") {
    reportType(node, "an object", place, report);
    return undefined;
  }
  return membersOf(node, place, report);
}

/** The members of an object by their keys; reports duplicates (M4), of which the first counts. */
export function membersOf(node: ObjectNode, place: Place, report: Report): Members {
  const members = new Map<string, Member>();
  for (const member of node.members) {
    if (members.has(member.key)) {
      const message = `the key ${quote(member.key)} stands here twice; remove one`;
      report.add(below(place, member.key), member.keyAt, "duplicate_key", message);
    } else members.set(member.key, member);
  }
  return members;
}

/** M3: the pointer names the key. */
export function reportUnknownKey(
  { key, keyAt }: Member,
  place: Place,
  report: Report,
  known: readonly string[],
): void {
  const message = `${quote(key)} is not a key of ${nameOf(place)}${suggest(key, known)}`;
  report.add(below(place, key), keyAt, "unknown_key", message);
}

/** M6: the pointer names the place where the key belongs; the position is that of its object. */
export function reportMissingKey(key: string, node: SourceNode, place: Place, report: Report): void {
  report.add(
    below(place, key),
    node.at,
    "missing_key",
    `${nameOf(place)} needs the key ${quote(key)}; add it`,
  );
}

/** M6: of two keys that exclude each other, the pointer names the one that must go. */
export function reportConflict({ key, keyAt }: Member, beside: string, place: Place, report: Report): void {
  const message = `${quote(key)} cannot stand beside ${beside}; remove one of them`;
  report.add(below(place, key), keyAt, "conflict", message);
}

/** `expected` with its article. */
export function reportType(node: SourceNode, expected: string, place: Place, report: Report): void {
  if (node.kind === "unreadable") return;
  report.add(place, node.at, "wrong_type", `${nameOf(place)} must be ${expected}, not ${describeKind(node)}`);
}

/** True when the text can be written as UTF-8; else an error is in the report. */
export function judgeText(text: string, at: number, place: Place, report: Report): boolean {
  if (text.isWellFormed()) return true;
  report.add(
    place,
    at,
    "invalid_text",
    `${nameOf(place)} has half of a surrogate pair; write the whole character`,
  );
  return false;
}

/** True when the text has at most `max` code points (M5); else an error is in the report. */
export function judgeLength(text: string, max: number, at: number, place: Place, report: Report): boolean {
  if (!isLongerThan(text, max)) return true;
  report.add(place, at, "limit_exceeded", `${nameOf(place)} is longer than ${max} characters; shorten it`);
  return false;
}

/** Kind of a value in the words of JSON, with its article: `an object`, `null`. */
function describeKind(node: SourceNode): string {
  if (node.kind !== "scalar") return `an ${node.kind}`;
  return node.value === null ? "null" : `a ${typeof node.value}`;
}
