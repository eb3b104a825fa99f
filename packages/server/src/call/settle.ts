import type { UpstreamFailure } from "./ports.ts";

/** HTTP statuses with which an upstream proves that the tool did not run (policy-spec L6). */
const NOT_RUN_HTTP: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 413, 415, 429]);
/** JSON-RPC errors with which an upstream proves that the tool did not run (policy-spec L6). */
const NOT_RUN_RPC: ReadonlySet<number> = new Set([-32700, -32600, -32601, -32602, -32020, -32021, -32022]);

/** How a sent call ended, as far as refunds care. */
export type Ending =
  | { readonly kind: "failure"; readonly failure: UpstreamFailure }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "rpc-error"; readonly code: number }
  | { readonly kind: "tool-error" }
  | { readonly kind: "other" };

/** Which charges go back: all, those whose limit says `refund_on_error`, or none (L6). */
export type Refund = "all" | "on-error" | "none";

/** Everything stays charged but what provably did not run. */
export function refundOf(ending: Ending): Refund {
  switch (ending.kind) {
    case "failure":
      return ending.failure.sent ? "none" : "all";
    case "http":
      return NOT_RUN_HTTP.has(ending.status) ? "all" : "none";
    case "rpc-error":
      return NOT_RUN_RPC.has(ending.code) ? "all" : "none";
    case "tool-error":
      return "on-error";
    case "other":
      return "none";
    default:
      return unreachable(ending);
  }
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled ending ${String(value)}`);
}
