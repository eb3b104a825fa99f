import { CATEGORIES, type Category } from "@portcullis/catalogue";

/** Tools per category, in the order of `CATEGORIES`. */
export type Counts = readonly number[];

export const NO_TOOLS: Counts = CATEGORIES.map(() => 0);

export function toCounts(text: string): Counts {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed) || parsed.length !== CATEGORIES.length) throw new TypeError("counts are broken");
  return parsed.map(Number);
}

export function addCounts(a: Counts, b: Counts, sign: 1 | -1): Counts {
  return a.map((count, index) => count + sign * (b[index] ?? 0));
}

export function sumOf(counts: Counts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

export function byCategory(counts: Counts): { readonly [C in Category]: number } {
  return Object.fromEntries(CATEGORIES.map((category, index) => [category, counts[index] ?? 0])) as {
    [C in Category]: number;
  };
}
