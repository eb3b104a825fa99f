import type { AllTools, Entry, Limit, PolicyDocument, Section } from "../../src/document.ts";
import type { ReferenceCall } from "./evaluator.ts";
import { makeCall } from "./generate-call.ts";
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
  if (random.oneIn(120)) return generateManyValues(random);
  const flavour = random.pick(["predicates", "predicates", "limits", "limits", "names"] as const);
  const document = makeDocument(random, flavour);
  let nowMs = Math.max(0, random.pick(times.EDGES_MS) - random.below(3) * random.pick(times.JUMPS_MS));
  const calls = random.some(12, 24, () => {
    nowMs += random.oneIn(6)
      ? random.below(200_000)
      : random.pick(random.oneIn(3) ? times.JUMPS_MS : SHORT_JUMPS_MS);
    return makeCall(random, document, nowMs);
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

function makeDocument(random: Random, flavour: Flavour): PolicyDocument {
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
    ...optional(random, 2, "all_tools", () => makeAllTools(random, flavour)),
    tools: Object.fromEntries(keys.map((key) => [key, makeEntry(random, flavour, key)])),
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

function makeAllTools(random: Random, flavour: Flavour): AllTools {
  const often = flavour === "predicates" ? 3 : 12;
  return {
    ...optional(random, often, "require", () => random.some(1, 1, () => makePredicate(random, "require"))),
    ...optional(random, often, "deny_if", () => random.some(1, 2, () => makePredicate(random, "deny_if"))),
    ...optional(random, often, "approve_if", () =>
      random.some(1, 2, () => makePredicate(random, "approve_if")),
    ),
    ...optional(random, flavour === "limits" ? 2 : 8, "limits", () =>
      random.some(1, 2, () => makeLimit(random)),
    ),
  };
}

function makeEntry(random: Random, flavour: Flavour, key: string): Entry {
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
    ...(flavour === "limits" ? { limits: random.some(0, 3, () => makeLimit(random)) } : {}),
    ...optional(random, flavour === "limits" ? 2 : 8, "rate_limit", () => ({
      max: random.pick([0, 1, 2, 3]),
      window: random.pick(times.WINDOWS),
    })),
    ...optional(random, 20, "approval", () => ({ timeout: "15m", approvers: 2 })),
  };
}

function makeLimit(random: Random): Limit {
  const sliding = random.oneIn(2);
  const amount = random.below(3);
  return {
    counter: random.pick(["calls", "spend", "pay_rate", "a/b:c"]),
    window: random.pick(sliding ? times.WINDOWS.filter(isAtMostWeek) : times.WINDOWS),
    max: random.pick([0, 1, 2, 3, 4, 5, 0.3, 10.5, 100, 2500, 9_000_000_000, 0.000001]),
    ...optional(random, 2, "scope", () =>
      random.pick(["grant", "session", "server", "organisation"] as const),
    ),
    ...(amount === 1 ? { increment: random.pick([1, 2, 0.1, 0.000001, 3, 100]) } : {}),
    ...(amount === 2 ? { increment_from: random.pick(AMOUNT_PATHS) } : {}),
    ...(sliding ? { algorithm: "sliding" } : optional(random, 3, "algorithm", () => "fixed" as const)),
    ...optional(random, 6, "refund_on_error", () => true),
  };
}

const AMOUNT_PATHS = [
  "args.amount",
  "args.amount",
  'args["amount"]',
  "args.n",
  "args.items[0]",
  "args.obj.a",
] as const;

function isAtMostWeek(window: Limit["window"]): boolean {
  return window === "week" || (typeof window === "string" ? window !== "month" : window <= 604_800);
}
