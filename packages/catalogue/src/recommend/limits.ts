import type { Entry } from "@portcullis/policy";

/** Calls per minute that the recommended entry of a category admits. */
export const CALLS_PER_MINUTE = { Write: 30, Execute: 10 } as const;

/** Name of a counter of one tool (L1). Two tools never share one: the end says what is counted. */
export function counterName(tool: string, what: "rate" | "spend"): string {
  const name = `${tool}_${what}`;
  return isCounter(name) ? name : `tool_${hashOf(tool)}_${what}`;
}

/** At most `max` calls a minute and grant, written out where the tool's name can name a counter, else in short (section 3). */
export function rateOf(tool: string, max: number, isShort: boolean): Pick<Entry, "limits" | "rate_limit"> {
  const counter = `${tool}_rate`;
  // The shorthand means the same limit, and takes any name.
  if (isShort || !isCounter(counter)) return { rate_limit: { max, window: "minute" } };
  return { limits: [{ counter, window: "minute", max, scope: "grant" }] };
}

/** L1. */
function isCounter(name: string): boolean {
  return /^[A-Za-z0-9_.:/-]{1,160}$/.test(name);
}

/** FNV-1a, 64 bits, over code units. Only the suggestion of a spend counter uses it, so that a collision costs no safety. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
