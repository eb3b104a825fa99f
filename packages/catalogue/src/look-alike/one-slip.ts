/** One slip of the fingers: a letter more or less, another letter, or two neighbours the wrong way round. */
export type Slip = "swapped" | "other";

/** The slip that makes one word of the other; undefined when there is none, or more than one. */
export function slipBetween(a: string, b: string): Slip | undefined {
  if (a === b) return undefined;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return undefined;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start += 1;
  if (short.length < long.length) return short.slice(start) === long.slice(start + 1) ? "other" : undefined;
  if (short.slice(start + 1) === long.slice(start + 1)) return "other";
  const isSwapped = short[start] === long[start + 1] && short[start + 1] === long[start];
  return isSwapped && short.slice(start + 2) === long.slice(start + 2) ? "swapped" : undefined;
}
