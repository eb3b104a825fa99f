import type { Reply } from "../call/call.ts";
import { writeTogether } from "../call/turn.ts";
import { encodeEvent, type SseEvent } from "../mcp/sse.ts";
import { ONE_WRITE_BYTES, type Outgoing } from "./outgoing.ts";

/** A client that reads nothing for this long is cut off: 30 s at most with what comes before it is known (faults F9). */
const READER_STALL_MS = 28_000;
/** What may wait for a slow client besides the event at which it became slow, before it is cut off (faults F9). */
const MAX_BUFFERED_BYTES = 1024 * 1024;

const STREAM_HEADERS = [
  "content-type",
  "text/event-stream",
  "cache-control",
  "no-cache, no-transform",
  // 2026-07-28 transports: tells reverse proxies not to hold events back.
  "x-accel-buffering",
  "no",
];

/** The answer side of one HTTP request. */
export class HttpReply implements Reply {
  readonly #response: Outgoing;
  readonly #stallMs: number;
  #isStreaming = false;
  #isOver = false;
  #stall: NodeJS.Timeout | undefined;
  #mostWaiting = 0;
  #closeListener: (() => void) | undefined;
  #drainListener: (() => void) | undefined;

  /** `onOver` is told once, when nothing more can be sent. */
  constructor(response: Outgoing, onOver: () => void, stallMs = READER_STALL_MS) {
    this.#response = response;
    this.#stallMs = stallMs;
    response.on("close", () => {
      onOver();
      this.#onClose();
    });
    // An aborted socket reports here first; `close` follows and is what counts.
    response.on("error", ignore);
  }

  get closed(): boolean {
    return this.#isOver;
  }

  get streaming(): boolean {
    return this.#isStreaming;
  }

  whole(status: number, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    this.#response.writeHead(status, [...headers, "content-length", String(length)]);
    // The system takes a short answer at once; a long one waits here for as long as its reader takes. Node looks twice
    // before it says that nothing was read.
    if (length > ONE_WRITE_BYTES) this.#response.setTimeout(this.#stallMs / 2);
    const text = body === undefined ? undefined : asOnePiece(body);
    writeTogether(() => {
      if (body === undefined) this.#response.end();
      else if (text === undefined) this.#response.end(body, "utf8");
      else this.#response.end(text, "latin1");
    });
  }

  startStream(headers: readonly string[]): void {
    if (this.#isOver || this.#isStreaming) return;
    this.#isStreaming = true;
    this.#response.writeHead(200, [...STREAM_HEADERS, ...headers]);
    // The client learns at once that its stream is open, however long the first event takes.
    this.#response.flushHeaders();
    this.#response.on("drain", () => this.#onDrain());
  }

  event(event: SseEvent): boolean {
    if (this.#isOver || !this.#isStreaming) return true;
    if (this.#response.write(encodeEvent(event))) return true;
    // One event alone may be larger than what may wait; its client is not slow yet.
    if (this.#stall === undefined) {
      this.#stall = setTimeout(() => this.#response.destroy(), this.#stallMs);
      this.#mostWaiting = this.#response.writableLength + MAX_BUFFERED_BYTES;
    }
    if (this.#response.writableLength > this.#mostWaiting) this.#response.destroy();
    return false;
  }

  end(): void {
    if (this.#isOver || !this.#isStreaming) return;
    this.#isOver = true;
    this.#response.end();
  }

  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  #onDrain(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#drainListener?.();
  }

  #onClose(): void {
    clearTimeout(this.#stall);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closeListener?.();
  }
}

function ignore(): void {}

/**
 * Node joins its head with a text and writes both at once; bytes are a second piece, and two pieces cost a fifth more
 * than the whole answer. Latin-1 keeps every byte as it is, and takes the least to write.
 */
function asOnePiece(body: Buffer | string): string | undefined {
  if (body.length > ONE_WRITE_BYTES) return undefined;
  return (typeof body === "string" ? Buffer.from(body) : body).toString("latin1");
}
