import { type Kind, kindOf, type Unknown } from "./condition-truth.ts";
import type { CompiledLimit } from "./decision.ts";

/** Text of an internal error (R2). */
export const INTERNAL_ERROR_MESSAGE = "Internal policy error.";

/** Text of a hold whose rule gives no reason. */
export const HOLD_MESSAGE = "Needs a person's approval.";

/** Text of a call by a grant that has no policy (section 6, step 1). */
export const NO_POLICY_MESSAGE = "No policy is attached to this grant.";

/** Text for a tool that is hidden or unknown: the two cannot be told apart (R4). */
export function unknownToolMessage(tool: string): string {
  return `Unknown tool: ${tool}`;
}

/** Text of `(default deny)` (R5). `what` is the kind of thing, as a sentence begins. */
export function notPermittedMessage(
  what: "Tool" | "Resource" | "Prompt" | "Server request",
  name: string,
): string {
  return `${what} "${name}" is not permitted by policy.`;
}

/** Text of `action: "deny"` without a reason (R5). */
export function deniedToolMessage(tool: string): string {
  return `Tool "${tool}" is denied by policy.`;
}

/** Text of a rule without words of its own (R5). */
export function deniedByRuleMessage(pointer: string): string {
  return `Denied by rule ${pointer}.`;
}

/** Appends why the rule could not tell, when it could not (R5). */
export function withUnknown(message: string, unknown: string | undefined): string {
  return unknown === undefined ? message : `${message} (${unknown})`;
}

/** Why a condition is unknown: path and kind, never the value (R5). */
export function toUnknownText({ path, value, expected }: Unknown): string {
  if (value === undefined) return `${path} is missing`;
  const kind = kindOf(value);
  if (kind === "null") return `${path} is null`;
  if (expected.kinds.includes(kind)) return `${path} ${expected.otherwise}`;
  return `${path} is ${WITH_ARTICLE[kind]}, not ${expected.kinds.map((wanted) => WITH_ARTICLE[wanted]).join(" or ")}`;
}

/** What a limit's message speaks of. Amounts in millionths. */
export interface LimitExcess {
  readonly askedMicros: number;
  readonly leftMicros: number;
  /** Absent when waiting cannot help: the call alone exceeds the limit. */
  readonly retryAfterMs?: number | undefined;
}

const NAMED: { readonly [seconds: number]: string } = { 60: "minute", 3600: "hour", 86400: "day" };

/** Text of a limit that would be exceeded (L5). */
export function limitMessage(limit: CompiledLimit, excess: LimitExcess): string {
  // L1: `"minute"` and 60 are the same window, so they have the same name.
  const per = typeof limit.window === "number" ? (NAMED[limit.window] ?? `${limit.window} s`) : limit.window;
  const head = `${limit.byAmount ? "Limit" : "Rate limit"} of ${toDecimal(limit.maxMicros)} per ${per} reached`;
  const amounts = limit.byAmount
    ? ` (asked ${toDecimal(excess.askedMicros)}, left ${toDecimal(excess.leftMicros)})`
    : "";
  const retry =
    excess.retryAfterMs === undefined ? "" : `; retry in ${Math.ceil(excess.retryAfterMs / 1000)} s`;
  return `${head}${amounts}${retry}.`;
}

const WITH_ARTICLE: { readonly [kind in Kind]: string } = {
  string: "a string",
  number: "a number",
  boolean: "a boolean",
  array: "an array",
  object: "an object",
  null: "null",
};

/** Millionths as a decimal without trailing zeros, exact (L2). */
function toDecimal(micros: number): string {
  const whole = Math.floor(micros / 1e6);
  const fraction = String(micros % 1e6)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return fraction === "" ? String(whole) : `${whole}.${fraction}`;
}
