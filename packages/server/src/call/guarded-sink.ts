import type { SseEvent } from "../mcp/sse.ts";
import type { Relay } from "./answer.ts";
import type { Observer, UpstreamFailure, UpstreamSink } from "./ports.ts";

/**
 * Keeps a fault in the way of an answer, a bug or a broken disk, inside its own call: whoever waits for the answer is
 * told, and neither the server's other calls nor the process pay for it (threat 65).
 */
export class GuardedSink implements UpstreamSink {
  readonly #relay: Relay;
  readonly #observer: Pick<Observer, "warn">;

  constructor(relay: Relay, observer: Pick<Observer, "warn">) {
    this.#relay = relay;
    this.#observer = observer;
  }

  onAnswer(status: number, body: Buffer, session: string | undefined): void {
    try {
      this.#relay.onAnswer(status, body, session);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  onStream(session: string | undefined): void {
    try {
      this.#relay.onStream(session);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  onEvent(event: SseEvent): void {
    try {
      this.#relay.onEvent(event);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  onEnd(): void {
    try {
      this.#relay.onEnd();
    } catch (fault) {
      this.#fail(fault);
    }
  }

  onFail(failure: UpstreamFailure): void {
    try {
      this.#relay.onFail(failure);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  #fail(fault: unknown): void {
    this.#relay.failClosed();
    const { requestId } = this.#relay.call.call.arrival;
    this.#observer.warn("line_fault", {
      request: requestId,
      fault: fault instanceof Error ? fault.name : "unknown",
    });
  }
}
