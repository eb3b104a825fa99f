import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { isFieldValue, onePiece } from "../../mcp/headers.ts";
import { ONE_WRITE_BYTES, type Outgoing } from "../outgoing.ts";

/** The answer to a plain request, with the bytes that `node:http` would write. */
export class PlainResponse implements Outgoing {
  readonly #socket: Socket;
  readonly #keepAlive: string;
  readonly #onOver: (isLast: boolean) => void;
  #head = "";
  #isChunked = false;
  #isLast = false;
  #isOver = false;
  #hasTimeout = false;
  #closed: (() => void) | undefined;
  #drained: (() => void) | undefined;

  /**
   * `keepAlive`: {@link keepAliveLines}. `onOver` is told once, when the answer is with the system; the connection ends
   * after one that is the last.
   */
  constructor(socket: Socket, keepAlive: string, onOver: (isLast: boolean) => void) {
    this.#socket = socket;
    this.#keepAlive = keepAlive;
    this.#onOver = onOver;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  /** An answer has begun: nothing else may be written in its place. */
  get hasBegun(): boolean {
    return this.#head !== "";
  }

  writeHead(status: number, headers: readonly string[]): void {
    const { lines, hasLength, isLast } = openingOf(status, headers);
    this.#isChunked = !hasLength;
    this.#isLast = isLast;
    const after = isLast ? "" : this.#keepAlive;
    this.#head = hasLength
      ? `${lines}${headers.at(-1)}${dateLine()}${after}\r\n`
      : `${lines}${dateLine()}${after}Transfer-Encoding: chunked\r\n\r\n`;
  }

  flushHeaders(): void {
    this.#socket.write(this.#head, "latin1");
  }

  write(chunk: string | Uint8Array): boolean {
    const size = Buffer.byteLength(chunk);
    const length = `${size.toString(16)}\r\n`;
    if (typeof chunk === "string" && size <= ONE_WRITE_BYTES)
      return this.#socket.write(`${length}${chunk}\r\n`);
    this.#socket.cork();
    this.#socket.write(length);
    this.#socket.write(chunk);
    const isTaken = this.#socket.write("\r\n");
    this.#socket.uncork();
    return isTaken;
  }

  end(chunk?: string | Uint8Array, encoding?: BufferEncoding): void {
    if (this.#isOver) return;
    if (this.#isChunked) this.#socket.write("0\r\n\r\n");
    else if (typeof chunk === "string") this.#socket.write(this.#head + chunk, encoding);
    else this.#writeBytes(chunk);
    // The system takes most answers at once.
    if (this.#socket.writableLength === 0) this.#finish();
    else this.#socket.write("", () => this.#finish());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  setTimeout(ms: number): void {
    this.#hasTimeout = true;
    this.#socket.setTimeout(ms);
  }

  on(event: "close" | "drain" | "error", listener: () => void): void {
    if (event === "close") this.#closed = listener;
    if (event === "drain") this.#drained = listener;
  }

  /** The connection takes bytes again. */
  drained(): void {
    this.#drained?.();
  }

  /** Nothing more can be sent: the connection is gone, or about to go. */
  lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closed?.();
  }

  #writeBytes(bytes: Uint8Array | undefined): void {
    this.#socket.cork();
    this.#socket.write(this.#head, "latin1");
    if (bytes !== undefined) this.#socket.write(bytes);
    this.#socket.uncork();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#hasTimeout) this.#socket.setTimeout(0);
    this.#closed?.();
    this.#onOver(this.#isLast);
  }
}

/** What an answer says whose connection is kept for so long. */
export function keepAliveLines(keepAliveMs: number): string {
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`;
}

/** How an answer begins. */
interface Opening {
  readonly status: number;
  readonly headers: readonly string[];
  /** To where the value of `Content-Length` stands, if it has one. */
  readonly lines: string;
  readonly hasLength: boolean;
  readonly isLast: boolean;
}

/** Most answers begin like the one before, whoever it was for. */
let lastOpening: Opening | undefined;

/** Throws for a name or a value that could end its line. A length stands last. */
function openingOf(status: number, headers: readonly string[]): Opening {
  if (lastOpening !== undefined && isLike(lastOpening, status, headers)) return lastOpening;
  if (!headers.every(isFieldValue)) throw new TypeError("a header cannot be sent");
  const hasLength = headers.at(-2) === "content-length";
  let lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}`;
  let isLast = false;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const isLength = hasLength && at === headers.length - 2;
    if (name === "content-length" && !isLength) throw new TypeError("a length stands last");
    const value = isLength ? "" : (headers[at + 1] ?? "");
    if (name === "connection" && value === "close") isLast = true;
    lines += `\r\n${name}: ${value}`;
  }
  lastOpening = { status, headers, lines: onePiece(lines), hasLength, isLast };
  return lastOpening;
}

/** The value of a length, which stands last, may differ. */
function isLike(one: Opening, status: number, headers: readonly string[]): boolean {
  if (one.status !== status || one.headers.length !== headers.length) return false;
  const end = one.hasLength ? headers.length - 1 : headers.length;
  for (let at = 0; at < end; at += 1) if (one.headers[at] !== headers[at]) return false;
  return end === headers.length || isFieldValue(headers[end] ?? "");
}

let dateSecond = 0;
let date = "";

/** RFC 9110 section 6.6.1, spelled once a second. */
function dateLine(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = onePiece(`\r\nDate: ${new Date(second * 1000).toUTCString()}\r\n`);
  }
  return date;
}
