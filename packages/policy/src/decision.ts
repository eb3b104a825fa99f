import type { Algorithm, Scope } from "./document.ts";
import type { JsonValue } from "./json.ts";

/** What policy says to a call: run it, refuse it, or wait for a person (R1). */
export type Effect = "allow" | "deny" | "hold";

/** Policy's answer, with the rule that decided and what the agent is told (R1). */
export interface Decision {
  readonly effect: Effect;
  /** RFC 6901 pointer of the deciding rule, a word in brackets such as `(hidden)`, or `""` for a plain allow. */
  readonly rule: string;
  /** `""` on a plain allow; on a deny the text after `[POLICY DENIED] `; on a hold the reason. */
  readonly message: string;
  /** What must be reserved, all or none, before the call may run; empty unless `effect` is `allow` (L5 order). */
  readonly reservations: readonly Reservation[];
  /** Terms of the approval; only on a hold. */
  readonly approval?: ApprovalTerms;
  /** Every predicate read, in order; only when asked for. Comes from the same pass as the decision. */
  readonly trace?: readonly TraceStep[];
}

export interface ApprovalTerms {
  readonly timeoutMs: number;
  readonly approvers: number;
  readonly excludeRequester: boolean;
}

/** One limit's charge for one call. Amounts are integers of one millionth (L2). */
export interface Reservation {
  /** Pointer of the limit, the rule of a denial. */
  readonly pointer: string;
  readonly limit: CompiledLimit;
  /** 0 … 9e15, exact. */
  readonly amountMicros: number;
}

/** A limit in the form counters use. Shared by every call of one compiled policy. */
export interface CompiledLimit {
  readonly counter: string;
  /** Seconds, or a calendar window in UTC. `"minute"`, `"hour"`, `"day"` are compiled to seconds (L1: the same counter). */
  readonly window: number | "week" | "month";
  readonly scope: Scope;
  readonly algorithm: Algorithm;
  /** 0 … 9e15. */
  readonly maxMicros: number;
  /** True when the amount is read from the arguments (`increment_from`) or `increment` is not 1: messages speak of amounts (L5). */
  readonly byAmount: boolean;
  readonly refundOnError: boolean;
}

/** A predicate that was read, with its three-valued result (C1). */
export interface TraceStep {
  readonly rule: string;
  readonly result: "true" | "false" | "unknown";
  /** Why it is unknown: path and kind, never the value (R5). */
  readonly unknown?: string;
}

/** What evaluation knows about a call. Time and principal are arguments: evaluation reads no clock (M7). */
export interface CallFacts {
  readonly tool: string;
  /** `params.arguments`; absent arguments are `{}` (C3). */
  readonly args?: JsonValue | undefined;
  readonly nowMs: number;
  /** Missing without a grant (C3). */
  readonly grantLabel?: string | undefined;
}
