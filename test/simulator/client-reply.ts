import type { Reply } from "../../packages/server/src/call/call.ts";
import type { SseEvent } from "../../packages/server/src/mcp/sse.ts";

/** What the client saw of one answer. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly session: string | undefined;
  readonly isStream: boolean;
}

/** The client's end of one request. It is answered at most once, or the simulation stops. */
export class ClientReply implements Reply {
  readonly #onAnswer: (seen: Seen) => void;
  readonly #isAlive: () => boolean;
  #isOver = false;
  #isStreaming = false;
  #text = "";
  #session: string | undefined;
  #closeListener: (() => void) | undefined;

  /** A process that is dead answers nobody. */
  constructor(onAnswer: (seen: Seen) => void, isAlive: () => boolean) {
    this.#onAnswer = onAnswer;
    this.#isAlive = isAlive;
  }

  get closed(): boolean {
    return this.#isOver;
  }

  get streaming(): boolean {
    return this.#isStreaming;
  }

  whole(status: number, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.#isOver || !this.#isAlive()) return;
    this.#isOver = true;
    const text = body?.toString() ?? "";
    this.#onAnswer({ status, text, session: sessionIn(headers), isStream: false });
  }

  startStream(headers: readonly string[]): void {
    if (this.#isOver || this.#isStreaming || !this.#isAlive()) return;
    this.#isStreaming = true;
    this.#session = sessionIn(headers);
  }

  event(event: SseEvent): boolean {
    if (this.#isAlive() && !this.#isOver) this.#text += event.data ?? "";
    return true;
  }

  end(): void {
    if (this.#isOver || !this.#isStreaming || !this.#isAlive()) return;
    this.#isOver = true;
    this.#onAnswer({ status: 200, text: this.#text, session: this.#session, isStream: true });
  }

  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  onDrain(): void {}

  /** The client hangs up. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closeListener?.();
  }
}

function sessionIn(headers: readonly string[]): string | undefined {
  const at = headers.indexOf("mcp-session-id");
  return at === -1 ? undefined : headers[at + 1];
}
