import type { AllTools, Entry, PolicyDocument, Section } from "../../src/document.ts";
import type { ReferenceCall } from "./evaluator.ts";
import { makeCall } from "./generate-call.ts";
import { type CounterName, makeCounters, makeLimit, makeRateLimit, windowJumpsMs } from "./generate-limit.ts";
import { generateManyValues } from "./generate-many.ts";
import { makePredicate } from "./generate-predicate.ts";
import * as addresses from "./pool-addresses.ts";
import * as names from "./pool-names.ts";
import * as times from "./pool-times.ts";
import { optional, type Random } from "./random.ts";
/** A document, the calls that one organisation makes under it, in order of time, and other requests. */
export interface GeneratedCase {
  readonly document: PolicyDocument;
  readonly calls: readonly ReferenceCall[];
  readonly uris: readonly string[];
  readonly prompts: readonly string[];
  readonly templates: readonly string[];
}

/** What the document is mostly made of, so that every step of policy-spec section 6 is reached often. */
type Flavour = "predicates" | "limits" | "names";

/** One random case. Nearly all documents are valid; the caller discards the others (T3). */
export function generateCase(random: Random): GeneratedCase {
  if (random.oneIn(100)) return generateManyValues(random);
  const flavour = random.pick(["predicates", "predicates", "limits", "limits", "names", "names"] as const);
  const counters = makeCounters(random);
  const document = makeDocument(random, flavour, counters);
  // Many calls on one counter, with jumps to the edges of its window.
  const [focus] = flavour === "limits" ? Object.keys(document.tools ?? {}) : [];
  const jumpsMs = [...SHORT_JUMPS_MS, ...(flavour === "limits" ? windowJumpsMs(counters) : [])];
  let nowMs = Math.max(0, random.pick(times.EDGES_MS) - random.below(3) * random.pick(times.JUMPS_MS));
  const calls = random.some(12, 24, () => {
    nowMs += random.oneIn(6)
      ? random.below(200_000)
      : random.pick(random.oneIn(3) ? times.JUMPS_MS : jumpsMs);
    return makeCall(random, document, nowMs, focus);
  });
  return {
    document,
    calls,
    uris: random.subset(addresses.URIS, 2, 6),
    prompts: random.subset(names.PROMPTS, 1, 3),
    templates: random.subset(addresses.TEMPLATES, 0, 2),
  };
}

const SHORT_JUMPS_MS = times.JUMPS_MS.slice(0, 9);

function makeDocument(random: Random, flavour: Flavour, counters: readonly CounterName[]): PolicyDocument {
  const keys = [
    ...random.subset(names.EXACT_KEYS, flavour === "names" ? 0 : 1, 3),
    ...random.subset(names.GLOBS, 0, flavour === "names" ? 5 : 1),
  ];
  return {
    version: "1",
    default: random.pick(["allow", "deny"]),
    ...optional(random, 3, "time_zone", () => random.pick(times.TIME_ZONES)),
    ...optional(random, 3, "on_unknown", () => random.pick(["deny", "pass"] as const)),
    ...optional(random, flavour === "names" ? 2 : 8, "hide", () => makeHide(random)),
    ...optional(random, 2, "all_tools", () => makeAllTools(random, flavour, counters)),
    tools: Object.fromEntries(keys.map((key) => [key, makeEntry(random, flavour, key, counters)])),
    ...optional(random, 2, "resources", () => makeSection(random, addresses.URI_PATTERNS)),
    ...optional(random, 2, "prompts", () => makeSection(random, names.PROMPT_PATTERNS)),
    ...optional(random, 2, "server_requests", () => ({
      ...optional(random, 2, "sampling", () => random.pick(["allow", "deny"] as const)),
      ...optional(random, 2, "elicitation", () => random.pick(["allow", "deny"] as const)),
      ...optional(random, 2, "roots", () => random.pick(["allow", "deny"] as const)),
    })),
  };
}

function makeHide(random: Random): string[] {
  return random.subset([...names.EXACT_KEYS, ...names.GLOBS.filter((glob) => glob.length > 2)], 1, 2);
}

function makeSection(random: Random, patterns: readonly string[]): Section {
  return {
    ...optional(random, 2, "default", () => random.pick(["allow", "deny"] as const)),
    ...optional(random, 2, "allow", () => random.subset(patterns, 1, 3)),
    ...optional(random, 2, "deny", () => random.subset(patterns, 1, 2)),
  };
}

function makeAllTools(random: Random, flavour: Flavour, counters: readonly CounterName[]): AllTools {
  const often = flavour === "predicates" ? 3 : 12;
  return {
    ...optional(random, often, "require", () => random.some(1, 1, () => makePredicate(random, "require"))),
    ...optional(random, often, "deny_if", () => random.some(1, 2, () => makePredicate(random, "deny_if"))),
    ...optional(random, often, "approve_if", () =>
      random.some(1, 2, () => makePredicate(random, "approve_if")),
    ),
    ...optional(random, flavour === "limits" ? 2 : 8, "limits", () =>
      random.some(1, 2, () => makeLimit(random, counters)),
    ),
  };
}

function makeEntry(random: Random, flavour: Flavour, key: string, counters: readonly CounterName[]): Entry {
  // Short globs that deny are what T3's exception is about.
  if (flavour === "names" && key.includes("*") && key.length < 5 && random.oneIn(2))
    return { action: "deny" };
  const action = random.oneIn(flavour === "names" ? 2 : 7)
    ? random.pick(["allow", "deny", "require_approval"] as const)
    : undefined;
  const words = {
    ...(action === undefined ? {} : { action }),
    ...optional(random, 4, "reason", () => random.pick(["Never.", "Ask a person: 😀", "x"])),
  };
  if (action === "deny") return words;
  const often = flavour === "predicates" ? 2 : 8;
  return {
    ...words,
    ...optional(random, often, "require", () => random.some(1, 2, () => makePredicate(random, "require"))),
    ...optional(random, often, "deny_if", () => random.some(1, 2, () => makePredicate(random, "deny_if"))),
    ...optional(random, often, "approve_if", () =>
      random.some(1, 2, () => makePredicate(random, "approve_if")),
    ),
    ...(flavour === "limits" ? { limits: random.some(0, 3, () => makeLimit(random, counters)) } : {}),
    ...optional(random, flavour === "limits" ? 2 : 8, "rate_limit", () => makeRateLimit(random, counters)),
    ...optional(random, 20, "approval", () => ({ timeout: "15m", approvers: 2 })),
  };
}
