import type { UpstreamFailure, UpstreamSink } from "../../call/ports.ts";

/** What is held for a reader that paused, and one message more, which may be larger by itself (faults F9). */
export const MAX_HELD_BYTES = 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * One exchange's way back to its sink: starts the stream when it is needed, holds events while the sink is paused
 * and keeps the order of the port: nothing after the end, the failure or the cancel.
 */
export class Delivery {
  readonly #sink: UpstreamSink;
  readonly #session: string | undefined;
  readonly #onOverflow: () => void;
  #isStreaming = false;
  #isPaused = false;
  #isDone = false;
  /** The end was reached while events were still held. */
  #isEnding = false;
  #held: string[] = [];
  #heldBytes = 0;

  /** `onOverflow` is called when a paused sink leaves too much behind; it has failed by then. */
  constructor(sink: UpstreamSink, session: string | undefined, onOverflow: () => void) {
    this.#sink = sink;
    this.#session = session;
    this.#onOverflow = onOverflow;
  }

  /** True once nothing more will reach the sink. */
  get isDone(): boolean {
    return this.#isDone;
  }

  get isPaused(): boolean {
    return this.#isPaused && !this.#isDone;
  }

  /** Begins the stream, once. */
  stream(): void {
    if (this.#isDone || this.#isStreaming) return;
    this.#isStreaming = true;
    this.#sink.onStream(this.#session);
  }

  /** One message on the stream, which it begins. */
  event(data: string): void {
    if (this.#isDone || this.#isEnding) return;
    this.stream();
    if (this.isPaused) this.#hold(data);
    else if (!this.#isDone) this.#sink.onEvent({ data });
  }

  /** The response: the last event of a stream that has begun, else the whole answer. */
  response(text: string): void {
    if (this.#isStreaming) {
      this.event(text);
      this.end();
    } else {
      this.answer(200, Buffer.from(text));
    }
  }

  /** An answer that is no stream. */
  answer(status: number, body: Buffer): void {
    if (this.#finish()) this.#sink.onAnswer(status, body, this.#session);
  }

  /** The server did not take the request and said so with an HTTP status. */
  refuse(status: number): void {
    // A stream that began can only be cut; a server that sends on it what it refuses contradicts itself.
    if (this.#isStreaming) this.fail({ kind: "garbage", sent: true, httpStatus: status });
    else if (this.#finish()) this.#sink.onAnswer(status, EMPTY, undefined);
  }

  /** Ends the stream, after what is still held. */
  end(): void {
    if (this.#held.length > 0) {
      this.#isEnding = true;
      return;
    }
    this.stream();
    if (this.#finish()) this.#sink.onEnd();
  }

  fail(failure: UpstreamFailure): void {
    if (this.#finish()) this.#sink.onFail(failure);
  }

  /** Stops without a word: the sink wants no more. */
  drop(): void {
    this.#finish();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    // The sink may pause again at any event.
    while (!this.#isPaused && !this.#isDone) {
      const data = this.#held.shift();
      if (data === undefined) break;
      this.#heldBytes -= Buffer.byteLength(data);
      this.#sink.onEvent({ data });
    }
    if (this.#isEnding && this.#held.length === 0) this.end();
  }

  #hold(data: string): void {
    if (this.#heldBytes > MAX_HELD_BYTES) {
      this.fail({ kind: "too-large", sent: true });
      this.#onOverflow();
      return;
    }
    this.#held.push(data);
    this.#heldBytes += Buffer.byteLength(data);
  }

  /** False when it was over before. */
  #finish(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    this.#held = [];
    this.#heldBytes = 0;
    return true;
  }
}
