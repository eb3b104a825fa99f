import type { Limit } from "../document.ts";
import type { SourceNode } from "../parse-tree.ts";
import { quote } from "../schema-report.ts";
import type { SourceRule, SourceState, SourceTool } from "./intercept-source.ts";
import { readValue, toArgsPath } from "./intercept-value.ts";
import type { Located, Lose } from "./loss.ts";

/** What one `state` block counts. */
export interface Counter extends Located {
  /** `<tool>.<counter>` or `_global.<counter>`, as conditions name it after `state.`. */
  readonly path: string;
  /** Whose calls it counts: a key of `tools`. */
  readonly tool: string;
  /** The limit without its `max`. */
  readonly terms: Omit<Limit, "max">;
}

/** Every counter of a source: by the rule that counts, and by the path that conditions read. */
export interface Counters {
  readonly ofRule: ReadonlyMap<SourceRule, Counter>;
  readonly byPath: ReadonlyMap<string, Counter>;
}

export type InterceptWindow = "minute" | "hour" | "day";

const WINDOWS: readonly InterceptWindow[] = ["minute", "hour", "day"];

export function windowOf(text: string): InterceptWindow | undefined {
  return WINDOWS.find((window) => window === text);
}

/** The name that conditions give to a key of `tools`. */
export function scopeOf(tool: string): string {
  return tool === "*" ? "_global" : tool;
}

/** Reads every `state` block. A rule whose block is lost has no counter; the loss is taken down. */
export function readCounters(tools: readonly SourceTool[], lose: Lose): Counters {
  const ofRule = new Map<SourceRule, Counter>();
  const byPath = new Map<string, Counter>();
  for (const { key, rules } of tools) {
    for (const rule of rules) {
      const { state } = rule;
      if (state === undefined) continue;
      const path = `${scopeOf(key)}.${state.counter.text}`;
      const known = byPath.get(path);
      const name = known?.terms.counter ?? toCounterName(path, byPath.size);
      const terms = toTerms(state, name, lose);
      if (terms === undefined) continue;
      const counter: Counter = { place: state.place, at: state.at, path, tool: key, terms };
      ofRule.set(rule, counter);
      if (known === undefined) byPath.set(path, counter);
    }
  }
  return { ofRule, byPath };
}

/** L1: what cannot be a name here gets one without a dot, which no other counter has. */
function toCounterName(path: string, index: number): string {
  return /^[A-Za-z0-9_.:/-]{1,160}$/.test(path) ? path : `imported-${index + 1}`;
}

function toTerms(state: SourceState, counter: string, lose: Lose): Omit<Limit, "max"> | undefined {
  const window = windowOf(state.window.text);
  const from = state.incrementFrom.text;
  const increment = incrementOf(state.increment);
  let isLost = false;
  const refuse = (where: Located, text: string): void => {
    isLost = true;
    lose(where, "denied", text);
  };
  if (state.counter.text === "") refuse(state.counter, "a counter needs a name");
  if (window === undefined)
    refuse(state.window, `the window is \`minute\`, \`hour\` or \`day\`, not ${quote(state.window.text)}`);
  if (from !== "" && !from.startsWith("args."))
    refuse(state.incrementFrom, `\`increment_from\` names an argument, such as \`args.amount\``);
  if (increment === undefined)
    refuse(state, "`increment` must be a whole number above 0; what counts down has no counterpart");
  for (const strange of state.strange)
    refuse(strange, `${quote(strange.key)} is no key of \`state\`; write the limit anew`);
  if (isLost || window === undefined) return undefined;
  const amount =
    from === "" ? amountOf(increment) : { increment_from: toArgsPath(from.slice("args.".length)) };
  return { counter, window, scope: "server", ...amount };
}

function amountOf(increment: number | undefined): { readonly increment?: number } {
  return increment === undefined || increment === 1 ? {} : { increment };
}

/** Intercept takes 0 for "not set". Undefined: no amount that can be counted here. */
function incrementOf(node: SourceNode | undefined): number | undefined {
  const read = readValue(node);
  const value = read.ok ? (read.value ?? 1) : undefined;
  if (value === 0) return 1;
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
