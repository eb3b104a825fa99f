import type { PolicyDocument } from "../document.ts";
import { globLiesInside, globMatches, isGlob } from "../glob.ts";
import { compileLookup } from "../lookup.ts";
import { findNameClasses } from "./name-classes.ts";
import type { DiffSubject } from "./policy-change.ts";

/** What answers for a tool in one document: an item of `hide`, the key of an entry, or `default`. */
export type Governor =
  | { readonly kind: "hidden" | "entry"; readonly key: string }
  | { readonly kind: "default" };

/** Tools for which one part of the old document and one part of the new one answer. */
export interface Region {
  readonly subject: DiffSubject;
  readonly before: Governor;
  readonly after: Governor;
  /** Of the server's tools. */
  readonly tools: readonly string[];
}

export interface Regions {
  readonly regions: readonly Region[];
  /** False when patterns differ, and overlap in more ways than were gone through. */
  readonly isComplete: boolean;
}

/** Parts the names of tools, all that there can be, by what answers for them in each of the two documents. */
export function findRegions(
  before: PolicyDocument,
  after: PolicyDocument,
  tools: readonly string[],
): Regions {
  const exact = new Set([...patternsOf(before), ...patternsOf(after)].filter((name) => !isGlob(name)));
  const regions = createRegions([compileGovernor(before), compileGovernor(after)]);
  for (const name of exact) regions.addTool(name, tools.includes(name));
  // The names of classes are only examples: what is said of one name alone must not be said of its class.
  const isComplete = addClasses(regions, globsOnly(before), globsOnly(after));
  for (const name of tools) if (!exact.has(name)) regions.addToClass(name);
  return { regions: regions.all(), isComplete };
}

type GovernorOf = (tool: string) => Governor;

interface RegionSet {
  /** A tool that a document names. */
  readonly addTool: (name: string, isKnown: boolean) => void;
  /** A tool of the server that no document names. */
  readonly addToClass: (name: string) => void;
  readonly addClass: (before: Governor, after: Governor) => string[];
  readonly all: () => readonly Region[];
}

function createRegions([beforeOf, afterOf]: readonly [GovernorOf, GovernorOf]): RegionSet {
  const regions: Region[] = [];
  const classes = new Map<string, string[]>();
  const addClass = (before: Governor, after: Governor): string[] => {
    const key = JSON.stringify([before, after]);
    const known = classes.get(key);
    if (known !== undefined) return known;
    const tools: string[] = [];
    classes.set(key, tools);
    regions.push({ subject: subjectOf(before, after), before, after, tools });
    return tools;
  };
  return {
    addTool: (name, isKnown) => {
      const subject: DiffSubject = { kind: "tool", name };
      regions.push({ subject, before: beforeOf(name), after: afterOf(name), tools: isKnown ? [name] : [] });
    },
    addToClass: (name) => void addClass(beforeOf(name), afterOf(name)).push(name),
    addClass,
    all: () => regions,
  };
}

/** False when there are too many classes, unless the documents part names alike: then each part faces itself. */
function addClasses({ addClass }: RegionSet, before: Globs, after: Globs): boolean {
  const [beforeOf, afterOf] = [compileGovernor(before), compileGovernor(after)];
  const alwaysHidden = new Set(before.hide.filter((glob) => after.hide.includes(glob)));
  const globs = new Set([...patternsOf(before), ...patternsOf(after)]);
  const { names, isComplete } = findNameClasses([...globs], alwaysHidden);
  for (const name of names) addClass(beforeOf(name), afterOf(name));
  if (isComplete) return true;
  if (structureOf(before) !== structureOf(after)) return false;
  for (const key of Object.keys(before.tools)) addClass({ kind: "entry", key }, { kind: "entry", key });
  addClass({ kind: "default" }, { kind: "default" });
  return true;
}

function compileGovernor({ hide = [], tools = {} }: Partial<Globs>): GovernorOf {
  // Which item hides a tool is asked here, because changes are named after it.
  const lookup = compileLookup<Governor>(
    { tools },
    { hidden: { kind: "default" }, entry: (key) => ({ kind: "entry", key }), otherwise: { kind: "default" } },
  );
  return (tool) => {
    const key = hide.find((pattern) => globMatches(pattern, tool));
    return key === undefined ? lookup(tool) : { kind: "hidden", key };
  };
}

/** Names and globs. */
function patternsOf({ hide = [], tools = {} }: Partial<Globs>): readonly string[] {
  return [...hide, ...Object.keys(tools)];
}

type Globs = Required<Pick<PolicyDocument, "hide" | "tools">>;

function globsOnly({ hide = [], tools = {} }: PolicyDocument): Globs {
  const entries = Object.entries(tools).filter(([key]) => isGlob(key));
  return { hide: hide.filter(isGlob), tools: Object.fromEntries(entries) };
}

/** Equal for documents that part the names of tools alike (T3, T4). */
function structureOf({ hide, tools }: Globs): string {
  const entries = Object.entries(tools).map(([key, { action }]) => JSON.stringify([key, action === "deny"]));
  return JSON.stringify([[...hide].sort(), entries.sort()]);
}

function subjectOf(before: Governor, after: Governor): DiffSubject {
  if (before.kind === "default")
    return after.kind === "default" ? { kind: "other_tools" } : toTools(after.key);
  if (after.kind === "default" || globLiesInside(before.key, after.key)) return toTools(before.key);
  return toTools(globLiesInside(after.key, before.key) ? after.key : `${before.key} and ${after.key}`);
}

function toTools(name: string): DiffSubject {
  return { kind: "tools", name };
}
