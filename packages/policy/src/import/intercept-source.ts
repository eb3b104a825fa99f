import type { Member, SourceNode } from "../parse-tree.ts";
import { below, nameOf, type Place, quote, type Report } from "../schema-report.ts";
import { judgeLength, membersOf, reportMissingKey, reportType, reportUnknownKey } from "../schema-shape.ts";
import { MAX_KEY } from "../schema-tools.ts";
import type { Located } from "./loss.ts";

/** A policy of Intercept's YAML dialect, version 1: the shape is judged, the meaning is not. */
export interface SourcePolicy {
  readonly description: SourceText;
  readonly default: "allow" | "deny";
  readonly hide: readonly SourceText[];
  readonly tools: readonly SourceTool[];
}

/** `""` where nothing is written, as Intercept reads it. */
export interface SourceText extends Located {
  readonly text: string;
}

export interface SourceTool extends Located {
  readonly key: string;
  readonly rules: readonly SourceRule[];
  readonly strange: readonly StrangeKey[];
}

export interface SourceRule extends Located {
  readonly name: SourceText;
  readonly action: SourceText;
  readonly rateLimit: SourceText;
  readonly onDeny: SourceText;
  readonly conditions: readonly SourceCondition[];
  readonly state: SourceState | undefined;
  readonly strange: readonly StrangeKey[];
}

export interface SourceCondition extends Located {
  readonly path: SourceText;
  readonly op: SourceText;
  readonly value: SourceNode | undefined;
  readonly strange: readonly StrangeKey[];
}

export interface SourceState extends Located {
  readonly counter: SourceText;
  readonly window: SourceText;
  readonly increment: SourceNode | undefined;
  readonly incrementFrom: SourceText;
  readonly strange: readonly StrangeKey[];
}

/** A key that the dialect does not have; Intercept passes over it without a word. */
export interface StrangeKey extends Located {
  readonly key: string;
}

/** Reads the shape. What Intercept's own reader refuses is in the report; then the value means nothing. */
export function readSource(tree: SourceNode, report: Report): SourcePolicy {
  const fields = readFields(tree, undefined, report);
  for (const member of fields.members.values()) {
    if (!TOP.includes(member.key)) reportUnknownKey(member, undefined, report, TOP);
  }
  readVersion(fields, tree);
  return {
    description: textAt(fields, "description"),
    default: readDefault(fields),
    hide: readHide(fields),
    tools: readTools(fields),
  };
}

const TOP = ["version", "description", "default", "hide", "tools"];

/** An object whose members are read by key. */
interface Fields extends Located {
  readonly members: ReadonlyMap<string, Member>;
  readonly report: Report;
}

/** Null reads as an object without members, as Intercept reads it. */
function readFields(node: SourceNode, place: Place, report: Report): Fields {
  const { at } = node;
  if (node.kind === "object") return { place, at, report, members: membersOf(node, place, report) };
  if (!isNull(node)) reportType(node, "an object", place, report);
  return { place, at, report, members: new Map() };
}

function readVersion(fields: Fields, tree: SourceNode): void {
  const { report } = fields;
  if (!fields.members.has("version")) return reportMissingKey("version", tree, undefined, report);
  const { text, place, at } = textAt(fields, "version");
  if (text === "1") return;
  report.add(
    place,
    at,
    "unsupported_version",
    `${nameOf(place)} must be \`"1"\`: Intercept knows no other version`,
  );
}

function readDefault(fields: Fields): "allow" | "deny" {
  const { text, place, at } = textAt(fields, "default");
  if (text === "deny" || text === "allow") return text;
  if (text !== "") {
    const message = `${nameOf(place)} must be \`allow\` or \`deny\`, not ${quote(text)}`;
    fields.report.add(place, at, "invalid_value", message);
  }
  return "allow";
}

function readHide(fields: Fields): readonly SourceText[] {
  const names = itemsAt(fields, "hide").map(({ node, place }) => toText(node, place, fields.report));
  const seen = new Set<string>();
  for (const { text, place, at } of names) {
    if (text.trim() === "") fields.report.add(place, at, "invalid_value", "this entry is empty; name a tool");
    if (seen.has(text))
      fields.report.add(place, at, "duplicate_item", `${quote(text)} stands here twice; remove one`);
    seen.add(text);
  }
  return names;
}

function readTools(fields: Fields): readonly SourceTool[] {
  const member = fields.members.get("tools");
  if (member === undefined) return [];
  const tools = readFields(member.node, below(undefined, "tools"), fields.report);
  return [...tools.members.values()].map(({ key, keyAt, node }) => {
    const place = below(tools.place, key);
    // Nothing is read below a key that is too long: each error and each loss there would carry the key.
    if (!judgeLength(key, MAX_KEY, keyAt, place, fields.report))
      return { key, place, at: keyAt, rules: [], strange: [] };
    if (key === "") fields.report.add(place, keyAt, "invalid_value", "this key is empty; name a tool");
    const entry = readFields(node, place, fields.report);
    const rules = itemsAt(entry, "rules").map((item) => readRule(item.node, item.place, fields.report));
    return { key, place, at: keyAt, rules, strange: strangeKeys(entry, ["rules"]) };
  });
}

const RULE = ["name", "action", "rate_limit", "conditions", "on_deny", "state"];

function readRule(node: SourceNode, place: Place, report: Report): SourceRule {
  const fields = readFields(node, place, report);
  const state = fields.members.get("state")?.node;
  return {
    place,
    at: node.at,
    name: textAt(fields, "name"),
    action: textAt(fields, "action"),
    rateLimit: textAt(fields, "rate_limit"),
    onDeny: textAt(fields, "on_deny"),
    conditions: itemsAt(fields, "conditions").map((item) => readCondition(item.node, item.place, report)),
    state: state === undefined || isNull(state) ? undefined : readState(state, below(place, "state"), report),
    strange: strangeKeys(fields, RULE),
  };
}

function readCondition(node: SourceNode, place: Place, report: Report): SourceCondition {
  const fields = readFields(node, place, report);
  return {
    place,
    at: node.at,
    path: textAt(fields, "path"),
    op: textAt(fields, "op"),
    value: fields.members.get("value")?.node,
    strange: strangeKeys(fields, ["path", "op", "value"]),
  };
}

function readState(node: SourceNode, place: Place, report: Report): SourceState {
  const fields = readFields(node, place, report);
  return {
    place,
    at: node.at,
    counter: textAt(fields, "counter"),
    window: textAt(fields, "window"),
    increment: fields.members.get("increment")?.node,
    incrementFrom: textAt(fields, "increment_from"),
    strange: strangeKeys(fields, ["counter", "window", "increment", "increment_from"]),
  };
}

function strangeKeys({ members, place }: Fields, known: readonly string[]): readonly StrangeKey[] {
  return [...members.values()]
    .filter(({ key }) => !known.includes(key))
    .map(({ key, keyAt }) => ({ key, place: below(place, key), at: keyAt }));
}

function itemsAt(
  { members, place, report }: Fields,
  key: string,
): readonly { readonly node: SourceNode; readonly place: Place }[] {
  const node = members.get(key)?.node;
  const at = below(place, key);
  if (node === undefined || isNull(node)) return [];
  if (node.kind === "array")
    return node.items.map((item, index) => ({ node: item, place: below(at, index) }));
  reportType(node, "a list", at, report);
  return [];
}

function textAt({ members, place, at, report }: Fields, key: string): SourceText {
  const node = members.get(key)?.node;
  const where = below(place, key);
  return node === undefined ? { place: where, at, text: "" } : toText(node, where, report);
}

/** A number or boolean without quotes is the text as written: `version: 1` is `"1"`. */
function toText(node: SourceNode, place: Place, report: Report): SourceText {
  const { at } = node;
  if (node.kind !== "scalar") reportType(node, "a text", place, report);
  if (node.kind !== "scalar" || node.value === null) return { place, at, text: "" };
  return { place, at, text: node.plain ?? String(node.value) };
}

function isNull(node: SourceNode): boolean {
  return node.kind === "scalar" && node.value === null;
}
