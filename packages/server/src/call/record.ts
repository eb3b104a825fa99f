import type { IntendedCall } from "./call.ts";
import type { OutcomeStatus, Ports } from "./ports.ts";
import { type Ending, refundOf } from "./settle.ts";

/** Stages settle and record of one sent call: settles its charges and records its outcome, once. */
export class Recording {
  readonly #call: IntendedCall;
  readonly #ports: Ports;
  /** Of the answer so far. */
  bytes = 0;
  #isRecorded = false;

  constructor(call: IntendedCall, ports: Ports) {
    this.#call = call;
    this.#ports = ports;
  }

  /** Later calls change nothing: the first known end is the outcome. */
  record(status: OutcomeStatus, ending: Ending, httpStatus: number | undefined): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    const { counters, audit, clock, observer } = this.#ports;
    const { charges, seq, call } = this.#call;
    const refund = charges.length === 0 ? "none" : refundOf(ending);
    if (refund === "all") counters.refund(charges);
    if (refund === "on-error") counters.refund(charges.filter((charge) => charge.refundOnError));
    const latencyMs = clock.monotonicMs() - call.arrival.startedMs;
    audit.record({ of: seq, time: clock.nowMs(), status, httpStatus, latencyMs, bytes: this.bytes });
    observer.answered(call.arrival.access.server, status, latencyMs);
  }
}
