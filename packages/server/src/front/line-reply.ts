import type { Writable } from "node:stream";
import type { Reply } from "../call/call.ts";
import type { SseEvent } from "../mcp/sse.ts";

/** The one way out that all answers on stdio share. */
export class LineOutput {
  readonly #output: Writable;
  readonly #waiting = new Set<() => void>();

  constructor(output: Writable) {
    this.#output = output;
    output.on("drain", () => {
      for (const resume of [...this.#waiting]) resume();
      this.#waiting.clear();
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

/** Answers as lines: a status has no meaning here, and a body without content says nothing. */
export class LineReply implements Reply {
  readonly #output: LineOutput;
  #isStreaming = false;
  #isOver = false;
  #resume: (() => void) | undefined;
  #closeListener: (() => void) | undefined;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  get closed(): boolean {
    return this.#isOver;
  }

  get streaming(): boolean {
    return this.#isStreaming;
  }

  whole(_status: number, _headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (body !== undefined && body.length > 0) this.#output.write(body.toString());
  }

  startStream(): void {
    this.#isStreaming = true;
  }

  event(event: SseEvent): boolean {
    const { data } = event;
    if (this.#isOver || data === undefined || data === "" || this.#output.write(data)) return true;
    if (this.#resume !== undefined) this.#output.onDrain(this.#resume);
    return false;
  }

  end(): void {
    this.#isOver = true;
  }

  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#resume = listener;
  }

  /** The client is gone. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closeListener?.();
  }
}
