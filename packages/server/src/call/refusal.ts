/**
 * Everything the gateway answers instead of an upstream server: one closed union. Reasons are rich inside and plain
 * outside; `wire.ts` has a line for each kind.
 */
import type { RequestId } from "../mcp/json-rpc.ts";
import type { UpstreamFailure } from "./ports.ts";
import type { Era } from "./records.ts";

export type Refusal =
  // before anybody is known
  | { readonly kind: "not-found" }
  | { readonly kind: "method-not-allowed"; readonly allow: string }
  | { readonly kind: "host-not-allowed" }
  | { readonly kind: "origin-not-allowed" }
  | { readonly kind: "bad-header"; readonly detail: string }
  | { readonly kind: "unsupported-media-type"; readonly detail: string }
  | { readonly kind: "token-in-url" }
  | { readonly kind: "unauthenticated" }
  | { readonly kind: "throttled"; readonly retryAfterS: number }
  // the message
  | { readonly kind: "body-too-large"; readonly maxBytes: number }
  | { readonly kind: "body-aborted" }
  | { readonly kind: "malformed"; readonly code: -32700 | -32600 | -32602; readonly reason: string }
  | { readonly kind: "header-mismatch"; readonly detail: string }
  | {
      readonly kind: "unsupported-version";
      readonly requested: string;
      readonly supported: readonly string[];
    }
  | { readonly kind: "unknown-method"; readonly method: string }
  | { readonly kind: "session-unknown" }
  | { readonly kind: "session-missing" }
  | { readonly kind: "era-mismatch"; readonly server: string; readonly speaks: Era }
  | { readonly kind: "handle-unknown"; readonly what: "cursor" | "task" | "requestState" }
  | { readonly kind: "capability-missing"; readonly extension: string }
  | { readonly kind: "duplicate-id" }
  // the verdict
  | { readonly kind: "unknown-tool"; readonly name: string }
  | { readonly kind: "denied"; readonly message: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: "held"; readonly message: string }
  // what the call needs
  | { readonly kind: "audit-unavailable" }
  | { readonly kind: "list-unavailable"; readonly server: string; readonly failure: UpstreamFailure }
  | {
      readonly kind: "upstream-failed";
      readonly server: string;
      readonly failure: UpstreamFailure;
      readonly deadlineMs: number;
    }
  | { readonly kind: "upstream-rejected"; readonly server: string; readonly httpStatus: number }
  | { readonly kind: "upstream-invalid"; readonly server: string; readonly reason: string }
  | { readonly kind: "input-denied"; readonly message: string }
  | { readonly kind: "internal" };

/** What a refusal needs to know of the request that it answers. */
export interface RefusalContext {
  readonly id: RequestId | undefined;
  readonly era: Era;
  /** `tools/call` is answered with a tool result, so that the model reads the reason (policy-spec R3). */
  readonly isToolCall: boolean;
}

/** Plain words for a failure; never an address or a header. */
export function failureText(failure: UpstreamFailure, deadlineMs: number): string {
  switch (failure.kind) {
    case "unreachable":
      return "it cannot be reached";
    case "refused-address":
      return "its address is not allowed here";
    case "tls":
      return "its TLS certificate is not valid";
    case "busy":
      return "too many calls are waiting for it; try again shortly";
    case "deadline":
      return deadlineMs > 0
        ? `it did not answer within ${Math.round(deadlineMs / 1000)} s`
        : "it did not answer in time";
    case "stalled":
      return "its answer stalled";
    case "cut":
      return "the connection was cut before the answer was complete";
    case "garbage":
      return "its answer is not valid";
    case "too-large":
      return "its answer is too large";
    case "exited":
      return "its process ended";
    case "redirect":
      return "it answered with a redirect, which is never followed";
    default:
      return unreachable(failure.kind);
  }
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled failure ${String(value)}`);
}
