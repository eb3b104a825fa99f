import type { Writable } from "node:stream";
import type { Reply, Verb } from "../call/call.ts";
import type { SseEvent } from "../mcp/sse.ts";

/** The one way out that all answers on stdio share. */
export class LineOutput {
  readonly #output: Writable;
  readonly #waiting = new Set<() => void>();

  constructor(output: Writable) {
    this.#output = output;
    output.on("drain", () => {
      const waiting = [...this.#waiting];
      // Before they go on: who has to wait again asks for the next `drain` in that very call.
      this.#waiting.clear();
      for (const resume of waiting) resume();
    });
  }

  /** Writes one message as one line; pretty-printed JSON of an upstream is put on one. False: wait for `onDrain`. */
  write(text: string): boolean {
    const line = /[\n\r]/.test(text) ? JSON.stringify(JSON.parse(text)) : text;
    // Some readers end a line at these too, and would see a second message that nobody judged.
    return this.#output.write(`${line.replace(/[\u0085\u2028\u2029]/g, escapeUnit)}\n`);
  }

  onDrain(listener: () => void): void {
    this.#waiting.add(listener);
  }
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Where a stream ended, and when its server wants to be asked for the rest. */
export interface StreamEnd {
  /** Where there was no stream: what the server, or the gateway for it, answered instead. */
  readonly status: number | undefined;
  /** It carried something: a message, or a place to resume from. */
  readonly carried: boolean;
  readonly lastEventId: string | undefined;
  readonly retryMs: number | undefined;
  /** The call that is unanswered: told lost with this. Undefined for a stream of the server's own. */
  readonly lose: (() => void) | undefined;
}

/** What a front wants to know of the stream that answers a message. */
export interface StreamListener {
  /** It began, or there will be none. */
  readonly onHead?: () => void;
  /** It ended, and there may be more of it: of an unanswered call, or of the server's own (GET). */
  readonly onEnd: (end: StreamEnd) => void;
}

/** Answers as lines: a status has no meaning here, and a body without content says nothing. */
export class LineReply implements Reply {
  readonly #output: LineOutput;
  readonly #verb: Verb;
  readonly #listener: StreamListener;
  #carried = false;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  #isStreaming = false;
  #isOver = false;
  #resume: (() => void) | undefined;
  #closeListener: (() => void) | undefined;

  constructor(output: LineOutput, verb: Verb, listener: StreamListener) {
    this.#output = output;
    this.#verb = verb;
    this.#listener = listener;
  }

  get closed(): boolean {
    return this.#isOver;
  }

  get streaming(): boolean {
    return this.#isStreaming;
  }

  whole(status: number, _headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onHead?.();
    // The client did not ask for the server's own stream, so it is not told that there is none.
    if (this.#verb === "GET") this.#tell(status, undefined);
    else if (body !== undefined && body.length > 0) this.#output.write(body.toString());
  }

  startStream(): void {
    this.#isStreaming = true;
    this.#listener.onHead?.();
  }

  event(event: SseEvent): boolean {
    const { data } = event;
    if (event.id !== undefined) this.#lastEventId = event.id;
    if (event.id !== undefined || data !== undefined) this.#carried = true;
    if (event.retryMs !== undefined) this.#retryMs = event.retryMs;
    if (this.#isOver || data === undefined || data === "" || this.#output.write(data)) return true;
    if (this.#resume !== undefined) this.#output.onDrain(this.#resume);
    return false;
  }

  /** A call that may still be answered keeps its reply open: the answer, or that it is lost, ends it. */
  end(lose?: () => void): void {
    if (this.#isOver) return;
    if (lose === undefined) this.#isOver = true;
    if (lose !== undefined || this.#verb === "GET") this.#tell(undefined, lose);
  }

  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#resume = listener;
  }

  #tell(status: number | undefined, lose: (() => void) | undefined): void {
    const [carried, lastEventId, retryMs] = [this.#carried, this.#lastEventId, this.#retryMs];
    this.#listener.onEnd({ status, carried, lastEventId, retryMs, lose });
  }

  /** The client is gone. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closeListener?.();
  }
}
