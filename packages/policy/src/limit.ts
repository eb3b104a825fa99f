import type { ReadOne } from "./condition-read.ts";
import { kindOf, type Reading } from "./condition-truth.ts";
import type { CompiledLimit, Reservation } from "./decision.ts";
import type { Limit } from "./document.ts";
import type { JsonValue } from "./json.ts";
import { type Path, parsePath } from "./path.ts";
import { err, ok, type Result } from "./result.ts";
import type { SharedReads } from "./shared-reads.ts";
import { validated } from "./validated.ts";
import { toWindow } from "./window.ts";

/** Largest amount and largest `max` (L1, L2): as millionths it is still an exact integer. */
export const MAX_AMOUNT = 9_000_000_000;

/** Two millionths that differ are different doubles below this: half a unit in the last place is 2.4e-7. */
const DISTINCT_BELOW = 2 ** 32;

/** What one limit takes from each call: always the same, or read from the arguments. */
export type LimitCharge =
  | { readonly kind: "constant"; readonly reservation: Reservation }
  | {
      readonly kind: "read";
      readonly pointer: string;
      /** The reservation, or as a text why there is no amount: path and kind, never the value (L2). */
      readonly reserve: (reading: Reading) => Reservation | string;
    };

/** Compiles a validated limit that stands at `pointer`. */
export function compileLimit(limit: Limit, pointer: string, reads: SharedReads): LimitCharge {
  const compiled = toCompiledLimit(limit);
  if (limit.increment_from === undefined) {
    const amountMicros = validated(toMicros(limit.increment ?? 1));
    return { kind: "constant", reservation: Object.freeze({ pointer, limit: compiled, amountMicros }) };
  }
  const path = validated(parsePath(limit.increment_from));
  const read = reads.one(path);
  return {
    kind: "read",
    pointer,
    reserve: (reading) => {
      const amount = readAmount(read, path, reading);
      return typeof amount === "number" ? { pointer, limit: compiled, amountMicros: amount } : amount;
    },
  };
}

/**
 * An amount as a whole number of millionths, exact: the value is the shortest decimal that reads back to it
 * (C7), and its digits are counted, not multiplied. The error completes the sentence "the amount …" (L2).
 */
export function toMicros(amount: number): Result<number, string> {
  const micros = microsOf(amount);
  return typeof micros === "number" ? ok(micros) : err(micros);
}

/** As a text why there are none. */
function microsOf(amount: number): number | string {
  if (amount < 0) return "is negative";
  if (!(amount <= MAX_AMOUNT)) return `is above ${MAX_AMOUNT}`;
  // `+ 0` turns -0 into 0.
  if (Number.isInteger(amount)) return amount * 1e6 + 0;
  // Below this, doubles stand closer together than millionths, so only one number of millionths reads back as the
  // amount; above it, several may, and the digits decide.
  const nearest = Math.round(amount * 1e6);
  if (amount < DISTINCT_BELOW && nearest / 1e6 === amount && nearest > 0) return nearest;
  const [whole = "", fraction = ""] = String(amount).split(".");
  // The exponent form begins below one millionth.
  if (fraction === "" || fraction.length > 6 || fraction.includes("e")) return "has more than 6 decimals";
  return Number(whole) * 1e6 + Number(fraction.padEnd(6, "0"));
}

function toCompiledLimit(limit: Limit): CompiledLimit {
  return Object.freeze({
    counter: limit.counter,
    window: toWindow(limit.window),
    scope: limit.scope ?? "grant",
    algorithm: limit.algorithm ?? "fixed",
    maxMicros: validated(toMicros(limit.max)),
    byAmount: limit.increment_from !== undefined || (limit.increment ?? 1) !== 1,
    refundOnError: limit.refund_on_error ?? false,
  });
}

/** Millionths, or as a text why there is no amount. */
function readAmount(read: ReadOne, path: Path, reading: Reading): number | string {
  const value: JsonValue | undefined = read(reading);
  if (value === undefined) return `${path.text} is missing`;
  if (typeof value === "number") {
    const micros = microsOf(value);
    return typeof micros === "number" ? micros : `${path.text} ${micros}`;
  }
  const kind = kindOf(value);
  if (kind === "null") return `${path.text} is null`;
  const article = kind === "array" || kind === "object" ? "an" : "a";
  return `${path.text} is ${article} ${kind}, not a number`;
}
