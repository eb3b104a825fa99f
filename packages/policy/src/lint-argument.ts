import { compileOperator } from "./condition-operator.ts";
import { type Kind, kindOf } from "./condition-truth.ts";
import type { Leaf, OnUnknown } from "./document.ts";
import { isGlob } from "./glob.ts";
import type { JsonValue } from "./json.ts";
import { demandedPaths, isGuarded, toGuardFix } from "./lint-guard.ts";
import type { Holder, LintPredicate } from "./lint-rules.ts";
import { lookUpPath, type SchemaBudget, type SchemaFact } from "./lint-schema.ts";
import { nearNames } from "./lint-tools.ts";
import { type LintTool, toWarning, type Warning } from "./lint-warning.ts";
import { type Path, parsePath } from "./path.ts";
import { quote } from "./schema-report.ts";
import { suggest } from "./schema-suggest.ts";
import { validated } from "./validated.ts";

/** What the checks of one holder's arguments share. */
export interface ArgumentContext {
  readonly holder: Holder;
  /** `all_tools` and the holder: who may demand a path. */
  readonly demanding: readonly Holder[];
  /** Tools that the holder judges and whose schema is known. */
  readonly tools: readonly LintTool[];
  readonly onUnknown: OnUnknown;
  readonly budget: SchemaBudget;
}

/** Arguments that conditions and amounts read, against the schemas of the tools they are read from (A4). */
export function lintArguments(context: ArgumentContext): readonly Warning[] {
  const { holder, demanding } = context;
  const demanded = demandedPaths(demanding);
  return [
    ...holder.predicates.flatMap((predicate) => lintPredicate(predicate, demanded, context)),
    ...(holder.rules.limits ?? []).flatMap(({ increment_from: from }, index) =>
      from === undefined
        ? []
        : lintAmount(from, `${holder.pointer}/limits/${index}/increment_from`, demanded, context),
    ),
  ];
}

/** What the schema of one tool says of a path. */
interface ToolFact {
  readonly name: string;
  readonly fact: SchemaFact;
}

function lookUpIn(path: Path, { tools, budget }: ArgumentContext): readonly ToolFact[] {
  if (path.root !== "args") return [];
  return tools.map(({ name, inputSchema }) => ({ name, fact: lookUpPath(inputSchema, path.steps, budget) }));
}

function lintPredicate(
  predicate: LintPredicate,
  demanded: readonly Path[],
  context: ArgumentContext,
): readonly Warning[] {
  const { list } = predicate;
  const mayPass = list !== "require" && (predicate.predicate.on_unknown ?? context.onUnknown) === "pass";
  const unguarded = new Set<string>();
  return predicate.leaves.flatMap((located) => {
    const { leaf, path, pointer } = located;
    const all = lookUpIn(path, context);
    const present = all.filter(({ fact }) => fact.canExist);
    const guards = [...located.guards, ...demanded];
    // C4: `exists` is never unknown, so a missing value stops nobody.
    const stops = leaf.op === "exists" || mayPass ? undefined : stopWord(list);
    const optional = present.filter(
      ({ fact }) => fact.optionalSteps > 0 && !isGuarded(path, fact.optionalSteps, guards),
    );
    const warnings = [
      ...lintAbsent(all, path, `${pointer}/path`, isGuarded(path, 0, guards) ? undefined : stops, context),
      ...lintType(present, leaf, `${pointer}/value`),
      ...lintValues(present, leaf, `${pointer}/value`, context),
    ];
    if (stops === undefined || optional.length === 0 || unguarded.has(path.text)) return warnings;
    unguarded.add(path.text);
    const fix = toGuardFix(predicate, located, Math.max(...optional.map(({ fact }) => fact.optionalSteps)));
    const message = `${quote(path.text)} is optional ${inTools(optional)}: a call without it is ${stops}; ask \`exists\` first`;
    return [...warnings, toWarning(`${pointer}/path`, "unguarded_argument", message, fix)];
  });
}

/** L2: an amount that is missing or no number denies; no guard can change that, only demanding the argument says so. */
function lintAmount(
  from: string,
  pointer: string,
  demanded: readonly Path[],
  context: ArgumentContext,
): readonly Warning[] {
  const path = validated(parsePath(from));
  const all = lookUpIn(path, context);
  const present = all.filter(({ fact }) => fact.canExist);
  const optional = present.filter(
    ({ fact }) => fact.optionalSteps > 0 && !isGuarded(path, fact.optionalSteps, demanded),
  );
  const wrong = present.filter(({ fact }) => fact.kinds !== undefined && !fact.kinds.has("number"));
  return [
    ...lintAbsent(all, path, pointer, "denied", context),
    ...(wrong.length === 0
      ? []
      : [
          toWarning(
            pointer,
            "impossible_type",
            `${quote(from)} is never a number ${inTools(wrong)}: every call is denied`,
          ),
        ]),
    ...(optional.length === 0
      ? []
      : [
          toWarning(
            pointer,
            "unguarded_argument",
            `${quote(from)} is optional ${inTools(optional)}: a call without it is denied; add \`exists\` to \`require\` if that is meant`,
          ),
        ]),
  ];
}

/**
 * T5: rules for many tools name the ones they stop; with a guard, or when unknown passes, they are meant to go past
 * the others. A rule for one tool has no use for a path that the tool does not have.
 */
function lintAbsent(
  all: readonly ToolFact[],
  path: Path,
  pointer: string,
  stops: string | undefined,
  { holder, tools, budget }: ArgumentContext,
): readonly Warning[] {
  const absent = all.filter(({ fact }) => !fact.canExist);
  const isForOne = holder.key !== undefined && !isGlob(holder.key);
  if (absent.length === 0 || (stops === undefined && !isForOne)) return [];
  const last = path.steps.at(-1);
  const parent = tools.find(({ name }) => name === absent[0]?.name)?.inputSchema;
  const names =
    last?.kind === "member" ? lookUpPath(parent, path.steps.slice(0, -1), budget).memberNames() : [];
  const near = last?.kind === "member" ? nearNames(last.name, names) : [];
  // Comparing costs as much as reading schemas does.
  budget.nodes -= near.length * 10;
  const hint = last?.kind === "member" && budget.nodes > 0 ? suggest(last.name, near) : "";
  const consequence = stops === undefined ? "" : `: every call is ${stops}`;
  const message = `the schema has no ${quote(path.text)} ${inTools(absent)}${consequence}${hint}`;
  return [toWarning(pointer, "unknown_argument", message)];
}

function lintType(present: readonly ToolFact[], leaf: Leaf, pointer: string): readonly Warning[] {
  const judged = judgedKinds(leaf);
  if (judged === undefined) return [];
  const wrong = present.flatMap(({ name, fact: { kinds } }) =>
    kinds === undefined || judged.some((kind) => kinds.has(kind)) ? [] : [{ name, kinds }],
  );
  const [first] = wrong;
  if (first === undefined) return [];
  const found = [...first.kinds].join(" or ");
  const message = `${quote(leaf.path)} is always ${found} ${inTools(wrong)}, but \`${leaf.op}\` with this value judges only ${judged.join(" or ")}`;
  return [toWarning(pointer, "impossible_type", message)];
}

/** A value of another type is `lintType`'s to report. */
function lintValues(
  present: readonly ToolFact[],
  leaf: Leaf,
  pointer: string,
  { budget }: ArgumentContext,
): readonly Warning[] {
  const isList = leaf.op === "in" || leaf.op === "not_in";
  if (!isList && leaf.op !== "eq" && leaf.op !== "neq") return [];
  const known = new Set<JsonValue>();
  for (const { fact } of present) {
    if (fact.values === undefined) return [];
    for (const value of fact.values) known.add(value);
  }
  const kinds = new Set([...known].map(kindOf));
  const wanted: readonly JsonValue[] = Array.isArray(leaf.value) ? leaf.value : [leaf.value];
  return wanted.flatMap((value, index) => {
    if (known.has(value) || !kinds.has(kindOf(value))) return [];
    const texts = [...known].filter((one) => typeof one === "string");
    const near = typeof value === "string" ? nearNames(value, texts) : [];
    budget.nodes -= near.length * 10;
    const hint = typeof value === "string" && budget.nodes > 0 ? suggest(value, near) : "";
    const message = `${quote(JSON.stringify(value))} is not among the values of ${quote(leaf.path)} ${inTools(present)}${hint}`;
    return [toWarning(isList ? `${pointer}/${index}` : pointer, "unknown_value", message)];
  });
}

/** Kinds that the operator judges with this value (C5); undefined for `exists`, which judges them all. */
export function judgedKinds({ op, value }: Leaf): readonly Kind[] | undefined {
  return op === "exists" ? undefined : compileOperator(op, value).expected.kinds;
}

function stopWord(list: LintPredicate["list"]): string {
  return list === "approve_if" ? "held" : "denied";
}

/** `` in `a`, `b`, and 3 more ``. */
function inTools(facts: readonly Pick<ToolFact, "name">[]): string {
  const shown = facts.slice(0, 3).map(({ name }) => quote(name));
  const more = facts.length - shown.length;
  return `in ${[...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ")}`;
}
