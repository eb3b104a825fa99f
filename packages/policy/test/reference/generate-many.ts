import type { Leaf } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import type { GeneratedCase } from "./generate.ts";
import { optional, type Random } from "./random.ts";

/** Calls on both sides of 10,000 values on one path (policy-spec C6), and of 65,536 code points for `regex`. */
export function generateManyValues(random: Random): GeneratedCase {
  const path = random.pick(["args.items[*]", "args.items[*][*]", "args[*][*]"]);
  const leaf = random.pick<Leaf>([
    { path, op: "exists", value: random.oneIn(2) },
    { path, op: "lte", value: random.pick([1, 2]) },
    { path, op: "in", value: [1, 2] },
    { path: "args.text", op: "regex", value: random.pick(["^x", "x$", "[^x]"]) },
  ]);
  const condition = random.oneIn(3) ? { not: leaf } : leaf;
  const predicate = { conditions: [condition], ...optional(random, 2, "on_deny", () => "Not so.") };
  const list = random.pick(["require", "deny_if", "approve_if"] as const);
  return {
    document: {
      version: "1",
      default: "deny",
      ...optional(random, 2, "on_unknown", () => random.pick(["deny", "pass"] as const)),
      tools: { a: { [list]: [predicate] } },
    },
    calls: random.some(6, 8, () => ({
      tool: "a",
      args: { items: manyValues(random), text: longText(random) },
      nowMs: 0,
      ids: { organisation: "o1", server: "s1", grant: "g1" },
    })),
    uris: [],
    prompts: [],
    templates: [],
  };
}

function manyValues(random: Random): JsonValue {
  const values = Array.from({ length: random.pick([10_000, 10_001]) }, () => 1);
  if (random.oneIn(3)) return Object.fromEntries(values.map((value, index) => [`m${index}`, value]));
  if (random.oneIn(2)) return [...values.slice(1), random.pick([1, 2, 3, null, "1"])];
  // Far from the limit whether or not the 200 arrays themselves count as values read.
  return Array.from({ length: random.pick([20, 200]) }, () => values.slice(0, 100));
}

function longText(random: Random): string {
  return random.pick(["x", "😀"]).repeat(65_536 + random.below(2));
}
