import type { UpstreamFailure } from "../../call/ports.ts";
import type { Delivery } from "./delivery.ts";
import type { InFlightCall } from "./in-flight-calls.ts";
import type { Receipt } from "./wire.ts";

const EMPTY = Buffer.alloc(0);

// Why not a byte of a message was written.
/** It is no message, or too deep to be written again: the line sends no such thing. */
export const UNUSABLE: UpstreamFailure = { kind: "unreachable", sent: false };
/** The wire takes nothing any more. */
export const CLOSED: UpstreamFailure = { kind: "unreachable", sent: false };
export const BUSY: UpstreamFailure = { kind: "busy", sent: false };

/** What a request is told whose deadline went by. */
export const LATE: UpstreamFailure = { kind: "deadline", sent: true };

/** For the gateway's own messages, whose fate changes nothing. */
export const UNWATCHED: Receipt = { onTaken() {}, onRead() {}, onRefused() {}, onFailed() {} };

/** For a message that has no answer but `202 Accepted`. */
export function oneWayReceipt(delivery: Delivery): Receipt {
  // Callbacks never come before `open` returned.
  return {
    onTaken: () => queueMicrotask(() => delivery.answer(202, EMPTY)),
    onRead: () => {},
    onRefused: (status) => queueMicrotask(() => delivery.refuse(status)),
    onFailed: (failure) => queueMicrotask(() => delivery.fail(failure)),
  };
}

/** For a request, which ends here when it does not reach the server. `end` forgets it; false when it was over before. */
export function requestReceipt(call: InFlightCall, end: (call: InFlightCall) => boolean): Receipt {
  return {
    onTaken: () => {},
    onRead: () => {
      call.isRead = true;
    },
    onRefused: (status) => {
      if (end(call)) queueMicrotask(() => call.delivery.refuse(status));
    },
    onFailed: (failure) => {
      if (end(call)) queueMicrotask(() => call.delivery.fail(failure));
    },
  };
}
