import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { isFieldValue } from "../../mcp/headers.ts";
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
    if (!headers.every(isFieldValue)) throw new TypeError("a header cannot be sent");
    let lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
    let hasLength = false;
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] ?? "";
      const value = headers[at + 1] ?? "";
      if (name === "content-length") hasLength = true;
      if (name === "connection" && value === "close") this.#isLast = true;
      lines += `${name}: ${value}\r\n`;
    }
    this.#isChunked = !hasLength;
    const after = this.#isLast ? "" : this.#keepAlive;
    const coding = hasLength ? "" : "Transfer-Encoding: chunked\r\n";
    this.#head = `${lines}Date: ${httpDate()}\r\n${after}${coding}\r\n`;
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

let dateSecond = 0;
let date = "";

/** RFC 9110 section 6.6.1, spelled once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
