import { isUtf8 } from "node:buffer";
import { err, ok, type Result } from "@portcullis/policy";

/**
 * One server-sent event, as data. Absent fields were not sent. `keepAlive` stands for comment lines, whose text is
 * not kept: nothing of a stream is ever copied through as bytes (threat 41).
 */
export interface SseEvent {
  readonly data?: string | undefined;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly retryMs?: number | undefined;
  readonly keepAlive?: true | undefined;
}

/** Why a stream is no longer read. */
export type SseFault = "event-too-large" | "not-utf8";

/** Largest event by default, in bytes of its lines: the largest answer that is collected. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024;

/**
 * Reads a `text/event-stream` piece by piece (WHATWG HTML section 9.2.6), wherever the pieces are cut: inside a
 * character, between CR and LF, inside a field name. Stricter in two things: invalid UTF-8 and an event above
 * `maxEventBytes` are faults, after which nothing more is read.
 */
export class SseReader {
  readonly #maxEventBytes: number;
  /** The unfinished line, grown by doubling, so that a trickle of single bytes stays linear. */
  #line = Buffer.alloc(0);
  #lineBytes = 0;
  #eventBytes = 0;
  #afterCr = false;
  #isFirstLine = true;
  #fault: SseFault | undefined;
  #fields = new Fields();

  constructor(maxEventBytes: number = MAX_EVENT_BYTES) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** True between the first byte of an event and the blank line that ends it; a silent stream is not stalled else. */
  get isInsideEvent(): boolean {
    return this.#eventBytes > 0 || this.#lineBytes > 0;
  }

  /** The events that `chunk` completes, in order. After a fault every call returns that fault. Never throws. */
  push(chunk: Buffer): Result<readonly SseEvent[], SseFault> {
    const events: SseEvent[] = [];
    let at = 0;
    while (at < chunk.length && this.#fault === undefined) {
      if (this.#afterCr) {
        this.#afterCr = false;
        // The LF of a CRLF that ended the line already.
        if (chunk[at] === LF) {
          at += 1;
          continue;
        }
      }
      const end = findLineEnd(chunk, at);
      if (end === chunk.length) {
        this.#keep(chunk.subarray(at));
        break;
      }
      this.#endLine(chunk.subarray(at, end), events);
      this.#afterCr = chunk[end] === CR;
      at = end + 1;
    }
    return this.#fault === undefined ? ok(events) : err(this.#fault);
  }

  #keep(piece: Buffer): void {
    const size = this.#lineBytes + piece.length;
    if (this.#eventBytes + size > this.#maxEventBytes) {
      this.#stop("event-too-large");
      return;
    }
    // Of a comment only the first byte matters: a flood of long ones costs no memory (faults F7).
    if ((this.#lineBytes === 0 ? piece : this.#line)[0] !== COLON) this.#append(piece, size);
    else if (this.#lineBytes === 0) this.#append(piece.subarray(0, 1), 1);
    this.#lineBytes = size;
  }

  #append(piece: Buffer, size: number): void {
    if (size > this.#line.length) {
      const grown = Buffer.allocUnsafe(Math.max(size, 2 * this.#line.length));
      this.#line.copy(grown, 0, 0, this.#lineBytes);
      this.#line = grown;
    }
    piece.copy(this.#line, this.#lineBytes);
  }

  #endLine(rest: Buffer, events: SseEvent[]): void {
    let line = rest;
    if (this.#lineBytes > 0) {
      this.#keep(rest);
      if (this.#fault !== undefined) return;
      line = this.#line.subarray(0, this.#lineBytes);
    }
    this.#readLine(line, events);
    this.#lineBytes = 0;
    // A large line is given back at once: a held stream keeps nothing.
    if (this.#line.length > KEPT_LINE_BYTES) this.#line = Buffer.alloc(0);
  }

  #readLine(bytes: Buffer, events: SseEvent[]): void {
    const line = this.#isFirstLine && bytes.indexOf(BOM) === 0 ? bytes.subarray(BOM.length) : bytes;
    this.#isFirstLine = false;
    if (line.length === 0) {
      this.#eventBytes = 0;
      const event = this.#fields.take();
      if (event !== undefined) events.push(event);
      return;
    }
    if (line[0] === COLON) {
      // Many comments in one piece are one sign of life.
      if (events.at(-1)?.keepAlive === undefined) events.push({ keepAlive: true });
      return;
    }
    this.#eventBytes += line.length + 1;
    if (this.#eventBytes > this.#maxEventBytes) this.#stop("event-too-large");
    else if (!isUtf8(line)) this.#stop("not-utf8");
    else this.#fields.read(line.toString("utf8"));
  }

  #stop(fault: SseFault): void {
    this.#fault = fault;
    this.#line = Buffer.alloc(0);
    this.#lineBytes = 0;
    this.#fields = new Fields();
  }
}

/** The event as bytes of a stream. Line breaks in `data` become several `data:` lines, in other fields they cannot be. */
export function encodeEvent(event: SseEvent): string {
  let text = event.keepAlive === true ? ":\n" : "";
  // An `id` or `event` with a line break could forge fields, and one with NUL is ignored by readers: left out.
  if (event.event !== undefined && isOneLine(event.event)) text += `event: ${event.event}\n`;
  if (event.id !== undefined && isOneLine(event.id)) text += `id: ${event.id}\n`;
  if (event.retryMs !== undefined && isRetry(event.retryMs)) text += `retry: ${event.retryMs}\n`;
  if (event.data !== undefined) text += `data: ${event.data.replace(/\r\n|\r|\n/g, "\ndata: ")}\n`;
  return text === "" ? "" : `${text}\n`;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const KEPT_LINE_BYTES = 4096;

/** The fields of the event that is being read. Events of an `id` or `retry` alone are kept, for they must travel on. */
class Fields {
  #data: string[] | undefined;
  #event: string | undefined;
  #id: string | undefined;
  #retryMs: number | undefined;

  read(line: string): void {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      if (this.#data === undefined) this.#data = [value];
      else this.#data.push(value);
    } else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\u0000")) this.#id = value;
    else if (name === "retry" && /^[0-9]{1,15}$/.test(value)) this.#retryMs = Number(value);
  }

  take(): SseEvent | undefined {
    const event: SseEvent = {
      ...(this.#data === undefined ? {} : { data: this.#data.join("\n") }),
      ...(this.#event === undefined ? {} : { event: this.#event }),
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(this.#retryMs === undefined ? {} : { retryMs: this.#retryMs }),
    };
    this.#data = undefined;
    this.#event = undefined;
    this.#id = undefined;
    this.#retryMs = undefined;
    // An event type alone carries nothing.
    return event.data === undefined && event.id === undefined && event.retryMs === undefined
      ? undefined
      : event;
  }
}

function findLineEnd(chunk: Buffer, from: number): number {
  const lf = chunk.indexOf(LF, from);
  const end = lf === -1 ? chunk.length : lf;
  // Only what precedes the LF is searched, so that a chunk of many lines is not searched to its end for each.
  const cr = chunk.subarray(from, end).indexOf(CR);
  return cr === -1 ? end : from + cr;
}

function isOneLine(text: string): boolean {
  return !/[\r\n\u0000]/.test(text);
}

function isRetry(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
