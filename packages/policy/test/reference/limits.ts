import type { Entry, Limit } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import { type ReferenceFacts, readAmount } from "./conditions.ts";
import { FREE_WORDING, nameKind } from "./operators.ts";

/** Whose counters a call charges (policy-spec L1, L4). */
export interface ReferenceIds {
  readonly organisation: string;
  readonly server: string;
  readonly grant: string;
  readonly session?: string;
}

/** Everything that was ever charged, one record a charge; nothing is added up beforehand. */
export type ReferenceCounters = { readonly key: string; readonly atMs: number; readonly micros: bigint }[];

/** A rule with its RFC 6901 pointer. */
export interface Located<T> {
  readonly pointer: string;
  readonly item: T;
}

/** A denial by a limit. */
interface Refusal {
  readonly rule: string;
  readonly message: string;
}

/** The part of an entry that governs a tool which limits need. */
interface Governing {
  readonly pointer: string;
  readonly key: string;
  readonly entry: Entry;
}

/** L5's order: the entry's `limits`, its `rate_limit`, `all_tools.limits`. */
export function orderLimits(
  governing: Governing | undefined,
  allTools: readonly Limit[] = [],
): Located<Limit>[] {
  const locate = (pointer: string, limits: readonly Limit[]): Located<Limit>[] =>
    limits.map((item, index) => ({ pointer: `${pointer}/limits/${index}`, item }));
  const shared = locate("/all_tools", allTools);
  if (governing === undefined) return shared;
  const { pointer, key, entry } = governing;
  const rate = entry.rate_limit;
  const short =
    rate === undefined
      ? []
      : [{ pointer: `${pointer}/rate_limit`, item: { counter: `${key}_rate`, ...rate } }];
  return [...locate(pointer, entry.limits ?? []), ...short, ...shared];
}

/** L2: the first limit whose amount cannot be read denies. */
export function refuseAmounts(limits: readonly Located<Limit>[], facts: ReferenceFacts): Refusal | undefined {
  for (const { pointer, item } of limits) {
    const why =
      item.increment_from === undefined ? undefined : faultOfAmount(readAmount(item.increment_from, facts));
    if (why !== undefined) {
      facts.observe?.(`amount ${why === FREE_WORDING ? "is out of range" : why}`);
      return { rule: pointer, message: `Denied by rule ${pointer}. (${item.increment_from} ${why})` };
    }
  }
  return undefined;
}

/** L5: charges every counter once, or says which limit would be exceeded and charges nothing. */
export function reserveLimits(
  limits: readonly Located<Limit>[],
  facts: ReferenceFacts,
  ids: ReferenceIds,
  counters: ReferenceCounters,
): Refusal | undefined {
  const { nowMs } = facts;
  const charges = new Map<string, bigint>();
  for (const { item } of limits) {
    const key = counterKeyOf(item, ids);
    const [before, own] = [charges.get(key), chargeOf(item, facts)];
    if (before === undefined || own > before) charges.set(key, own);
  }
  for (const { pointer, item } of limits) {
    const key = counterKeyOf(item, ids);
    const asked = charges.get(key) ?? 0n;
    const used = counters.filter((charge) => charge.key === key && isCounted(item, charge.atMs, nowMs));
    const max = toMicros(item.max);
    const over = max === 0n || used.reduce((sum, charge) => sum + charge.micros, asked) > max;
    facts.observe?.(`limit ${item.algorithm ?? "fixed"} ${item.window} ${over ? "over" : "within"}`);
    if (over) {
      const message = refusal(item, asked, used, nowMs);
      facts.observe?.(
        `refusal ${message.split(" ", 1).join()} ${message.includes("retry") ? "retry" : "never"}`,
      );
      return { rule: pointer, message };
    }
  }
  for (const [key, micros] of charges) counters.push({ key, atMs: nowMs, micros });
  return undefined;
}

/** Two limits with this key in common charge one counter: L4, with L1's rule on the named short windows. */
function counterKeyOf(limit: Limit, ids: ReferenceIds): string {
  const { scope = "grant", window, algorithm = "fixed" } = limit;
  const holders = {
    grant: [ids.server, ids.grant],
    session: [ids.server, ids.grant, ids.session ?? null],
    server: [ids.server],
    organisation: [],
  };
  const length =
    typeof window === "string" && window in SECONDS ? SECONDS[window as keyof typeof SECONDS] : window;
  return JSON.stringify([ids.organisation, scope, holders[scope], limit.counter, length, algorithm]);
}

function faultOfAmount(amount: JsonValue | undefined): string | undefined {
  if (amount === undefined) return "is missing";
  if (amount === null) return "is null";
  if (typeof amount !== "number") return `is ${nameKind(amount)}, not a number`;
  if (amount < 0 || amount > 9_000_000_000 || decimalsOf(amount) > 6) return FREE_WORDING;
  return undefined;
}

/** Decimals of the shortest text of a number; only numbers with more than six are written with `e-`. */
function decimalsOf(amount: number): number {
  const text = String(amount);
  return text.includes("e-") ? Number.POSITIVE_INFINITY : (text.split(".")[1] ?? "").length;
}

function toMicros(amount: number): bigint {
  const [whole = "", fraction = ""] = String(amount).split(".");
  return BigInt(whole + fraction.padEnd(6, "0"));
}

function fromMicros(micros: bigint): string {
  const fraction = String(micros % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${micros / 1_000_000n}${fraction === "" ? "" : "."}${fraction}`;
}

function chargeOf(limit: Limit, facts: ReferenceFacts): bigint {
  if (limit.increment_from === undefined) return toMicros(limit.increment ?? 1);
  return toMicros(Number(readAmount(limit.increment_from, facts)));
}

const SECONDS = { minute: 60, hour: 3600, day: 86_400 };

function lengthMs(window: Limit["window"]): number {
  if (window === "month") return Number.NaN;
  return (typeof window === "number" ? window : { ...SECONDS, week: 604_800 }[window]) * 1000;
}

function isCounted(limit: Limit, atMs: number, nowMs: number): boolean {
  if (limit.algorithm === "sliding") return atMs > nowMs - lengthMs(limit.window) && atMs <= nowMs;
  const { startMs, endMs } = windowAround(limit.window, nowMs);
  return atMs >= startMs && atMs < endMs;
}

/** L3: the fixed window, aligned to UTC, that holds a time. */
function windowAround(window: Limit["window"], nowMs: number): { startMs: number; endMs: number } {
  const now = new Date(nowMs);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (window === "month") return { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
  if (window === "week") {
    const monday = day - ((now.getUTCDay() + 6) % 7);
    return { startMs: Date.UTC(year, month, monday), endMs: Date.UTC(year, month, monday + 7) };
  }
  const startMs = Math.floor(nowMs / lengthMs(window)) * lengthMs(window);
  return { startMs, endMs: startMs + lengthMs(window) };
}

/** L5's message. */
function refusal(limit: Limit, asked: bigint, used: ReferenceCounters, nowMs: number): string {
  const max = toMicros(limit.max);
  const left = used.reduce((rest, charge) => rest - charge.micros, max);
  const names = new Map<unknown, string>([
    [60, "minute"],
    [3600, "hour"],
    [86_400, "day"],
  ]);
  const per =
    names.get(limit.window) ?? (typeof limit.window === "number" ? `${limit.window} s` : limit.window);
  const byAmount = limit.increment_from !== undefined || (limit.increment ?? 1) !== 1;
  const text = byAmount
    ? `Limit of ${fromMicros(max)} per ${per} reached (asked ${fromMicros(asked)}, left ${fromMicros(left < 0n ? 0n : left)})`
    : `Rate limit of ${fromMicros(max)} per ${per} reached`;
  if (asked > max || max === 0n) return `${text}.`;
  return `${text}; retry in ${Math.ceil((retryAtMs(limit, asked, used, nowMs) - nowMs) / 1000)} s.`;
}

/** The first time at which what was used before leaves room for the call. */
function retryAtMs(limit: Limit, asked: bigint, used: ReferenceCounters, nowMs: number): number {
  if (limit.algorithm !== "sliding") return windowAround(limit.window, nowMs).endMs;
  const times = used
    .map((charge) => charge.atMs + lengthMs(limit.window))
    .sort((left, right) => left - right);
  const fits = (atMs: number): boolean =>
    used
      .filter((charge) => isCounted(limit, charge.atMs, atMs))
      .reduce((sum, { micros }) => sum + micros, asked) <= toMicros(limit.max);
  return times.find(fits) ?? Number.NaN;
}
