import type { Condition, Leaf, Predicate } from "../../src/document.ts";
import { isJsonObject, type JsonValue } from "../../src/json.ts";
import { FREE_WORDING, judges, nameKind } from "./operators.ts";

/** What conditions read besides the policy. */
export interface ReferenceFacts {
  readonly tool: string;
  readonly args?: JsonValue | undefined;
  readonly nowMs: number;
  readonly grantLabel?: string | undefined;
  readonly timeZone: string;
  /** Told every leaf that is judged, so that a run can show which outcomes it met. */
  readonly observe?: ((event: string) => void) | undefined;
}

/** One of the three values of a condition (policy-spec C1), with the reason of an unknown (R5). */
export type Verdict =
  | { readonly truth: "true" | "false" }
  | { readonly truth: "unknown"; readonly why: string };

/** How a `[*]` leaf joins its values here (policy-spec C6). */
type Quantifier = "all" | "any";

/** The three-valued result of one predicate (policy-spec E2, C6). */
export function judgePredicate(
  predicate: Predicate,
  list: "require" | "deny_if" | "approve_if",
  facts: ReferenceFacts,
): Verdict {
  const quantifier = list === "require" ? "all" : "any";
  return allOf(predicate.conditions.map((condition) => judgeCondition(condition, quantifier, facts)));
}

/** The value of an `increment_from` path; undefined when it is missing (policy-spec L2). */
export function readAmount(path: string, facts: ReferenceFacts): JsonValue | undefined {
  const slots = readPath(path, facts);
  const [slot] = slots === BEYOND ? [] : slots;
  return slot?.found === true ? slot.value : undefined;
}

function judgeCondition(condition: Condition, quantifier: Quantifier, facts: ReferenceFacts): Verdict {
  if ("all" in condition) return allOf(condition.all.map((each) => judgeCondition(each, quantifier, facts)));
  if ("any" in condition) return anyOf(condition.any.map((each) => judgeCondition(each, quantifier, facts)));
  if ("not" in condition) {
    return negate(judgeCondition(condition.not, quantifier === "all" ? "any" : "all", facts));
  }
  const verdict = judgeLeaf(condition, quantifier, facts);
  facts.observe?.(`${condition.op} ${verdict.truth}`);
  return verdict;
}

function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.some((verdict) => verdict.truth === "false")) return { truth: "false" };
  return verdicts.find((verdict) => verdict.truth === "unknown") ?? { truth: "true" };
}

function anyOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.some((verdict) => verdict.truth === "true")) return { truth: "true" };
  return verdicts.find((verdict) => verdict.truth === "unknown") ?? { truth: "false" };
}

function negate(verdict: Verdict): Verdict {
  if (verdict.truth === "unknown") return verdict;
  return known(verdict.truth === "false");
}

function known(truth: boolean): Verdict {
  return { truth: truth ? "true" : "false" };
}

function unknown(why: string): Verdict {
  return { truth: "unknown", why };
}

function judgeLeaf(leaf: Leaf, quantifier: Quantifier, facts: ReferenceFacts): Verdict {
  const quantified = parseSteps(leaf.path).some(({ step }) => step === EVERY);
  const slots = readPath(leaf.path, facts);
  if (slots === BEYOND) {
    facts.observe?.("path beyond 10,000 values");
    // C6: the whole leaf is unknown, and counts as not present for `exists`.
    return leaf.op === "exists" ? known(leaf.value === false) : unknown(`${leaf.path} ${FREE_WORDING}`);
  }
  facts.observe?.(
    `path ${quantified ? `[*] ${quantifier}` : leaf.path.split(/[.[]/, leaf.path.startsWith("args") ? 1 : 2).join(".")}`,
  );
  // Which of several reasons is told is left open; that of a container comes first.
  const verdicts = [...slots].sort(byContainer).map((slot) => judgeSlot(leaf, slot));
  if (quantified) return quantifier === "all" ? allOf(verdicts) : anyOf(verdicts);
  return verdicts[0] ?? unknown(`${leaf.path} is missing`);
}

function byContainer(left: Slot, right: Slot): number {
  return Number("container" in right) - Number("container" in left);
}

function judgeSlot(leaf: Leaf, slot: Slot): Verdict {
  const present = slot.found && slot.value !== null;
  if (leaf.op === "exists") return known(present === leaf.value);
  if (!slot.found) return unknown(`${slot.container ?? leaf.path} ${slot.why}`);
  if (slot.value === null) return unknown(`${leaf.path} is null`);
  const result = judges[leaf.op](slot.value, leaf.value, leaf.path);
  return typeof result === "boolean" ? known(result) : unknown(`${leaf.path} ${result.why}`);
}

// ---- paths (C3) ----

const EVERY = Symbol("[*]");
interface Step {
  /** As it stands in the path. */
  readonly text: string;
  readonly step: string | number | typeof EVERY;
}

type Slot =
  | { readonly found: true; readonly value: JsonValue }
  /** `container` is the path of what a `[*]` could not read. */
  | { readonly found: false; readonly container?: string; readonly why: string };

/** More values than may be read on a path (C6). */
const BEYOND = Symbol("beyond 10,000 values");

const MISSING: Slot = { found: false, why: "is missing" };

/** The steps of an `args` path; none for the other paths. */
function parseSteps(path: string): Step[] {
  if (!path.startsWith("args")) return [];
  const pattern = /\.(?<name>[^.[\]"\s\p{Cc}]+)|\[(?<quoted>"(?:[^"\\]|\\.)*")\]|\[(?<index>\d+)\]|\[\*\]/gu;
  return [...path.slice("args".length).matchAll(pattern)].map(({ 0: text, groups = {} }) => {
    if (groups["name"] !== undefined) return { text, step: groups["name"] };
    if (groups["quoted"] !== undefined) return { text, step: String(JSON.parse(groups["quoted"])) };
    return { text, step: groups["index"] === undefined ? EVERY : Number(groups["index"]) };
  });
}

function readPath(path: string, facts: ReferenceFacts): Slot[] | typeof BEYOND {
  if (path === "tool.name") return [{ found: true, value: facts.tool }];
  if (path === "grant.label") {
    return [facts.grantLabel === undefined ? MISSING : { found: true, value: facts.grantLabel }];
  }
  if (path.startsWith("time.")) return [{ found: true, value: readTime(path, facts) }];
  let slots: Slot[] = [{ found: true, value: facts.args === undefined ? {} : facts.args }];
  let walked = "args";
  for (const { text, step } of parseSteps(path)) {
    slots = slots.flatMap((slot) => (step === EVERY ? takeEvery(slot, walked) : takeStep(slot, step)));
    if (step === EVERY && slots.filter(({ found }) => found).length > 10_000) return BEYOND;
    walked += text;
  }
  return slots;
}

function takeEvery(slot: Slot, walked: string): Slot[] {
  if (!slot.found) return [{ container: walked, ...slot }];
  const { value } = slot;
  if (Array.isArray(value)) return value.map((each: JsonValue) => ({ found: true, value: each }));
  if (isJsonObject(value)) return Object.values(value).map((each) => ({ found: true, value: each }));
  const why = value === null ? "is null" : `is ${nameKind(value)}, not an array or an object`;
  return [{ found: false, container: walked, why }];
}

function takeStep(slot: Slot, step: string | number): Slot[] {
  if (!slot.found) return [slot];
  const { value } = slot;
  if (typeof step === "number") return Array.isArray(value) ? present(value[step]) : [MISSING];
  return isJsonObject(value) && Object.hasOwn(value, step) ? present(value[step]) : [MISSING];
}

function present(value: JsonValue | undefined): Slot[] {
  return value === undefined ? [MISSING] : [{ found: true, value }];
}

function readTime(path: string, facts: ReferenceFacts): JsonValue {
  const parts = new Map(
    clockOf(facts.timeZone)
      .formatToParts(facts.nowMs)
      .map((part) => [part.type, part.value]),
  );
  if (path === "time.hour") return Number(parts.get("hour"));
  if (path === "time.minute") return Number(parts.get("minute"));
  if (path === "time.date") return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts.get("weekday") ?? "") + 1;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const digits = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  } as const;
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", weekday: "short", ...digits });
  clocks.set(timeZone, clock);
  return clock;
}
