import { isFraming, parseHead, parseLine, type ResponseFraming } from "./response-head.ts";
import { ResponseMemory } from "./response-memory.ts";

/** What becomes of a response, in order. Nothing is told after `onEnd`, a fault or `stop`. */
export interface ResponseParts {
  /** Also for interim responses (1xx), after which the real one follows. `raw`: name, value, name, value. */
  onHead(status: number, raw: readonly string[]): void;
  /** Only to be read at once: the bytes are those that were pushed. */
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

/** `garbage`: not HTTP/1.x as RFC 9112 has it, or not one thing only. `cut`: it ended before its own end. */
export type ReadFault = "garbage" | "cut";

type State = "head" | "fixed" | "until-close" | "size" | "chunk" | "chunk-end" | "trailers" | "done";

/** As `node:http` reads at most. */
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_SIZE_LINE_BYTES = 256;
/** RFC 9112 section 7.1.1: extensions say nothing here; those that are none are garbage. No white space, no escapes. */
const CHUNK_SIZE =
  /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))?)*$/;
const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from("\r\n");
const BLANK_LINE = Buffer.from("\r\n\r\n");
const VERSIONS: readonly string[] = ["HTTP/1.1 ", "HTTP/1.0 "];

function mayBeResponse(beginning: string): boolean {
  return VERSIONS.some((version) => beginning.startsWith(version) || version.startsWith(beginning));
}

/**
 * Reads one HTTP/1.x response after another (RFC 9112), wherever the pieces are cut. Stricter than common parsers:
 * whatever two readers could read in two ways is garbage (two lengths, a length beside chunks, folded or bare line
 * ends, control characters, an upgrade or a 100 that nobody asked for). Pure but for its callbacks.
 */
export class ResponseReader {
  readonly #parts: ResponseParts;
  readonly #memory = new ResponseMemory();
  #state: State = "head";
  /** A copy of the beginning of a head or line whose end has not come: what is pushed is not there for long. */
  #kept: Buffer = EMPTY;
  /** Bytes of the body or chunk that are still to come. */
  #left = 0;
  #trailerBytes = 0;
  #fault: ReadFault | undefined;
  #isStopped = false;
  #isPersistent = false;
  #keepAliveS: number | undefined;

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** After `onEnd`: whether the server keeps the connection (RFC 9112 section 9.3). */
  get isPersistent(): boolean {
    return this.#isPersistent;
  }

  /** How long the server says that it keeps an idle connection, in seconds (`Keep-Alive: timeout=…`). */
  get keepAliveS(): number | undefined {
    return this.#keepAliveS;
  }

  /** For the next response on the same connection. */
  reset(): void {
    this.#state = "head";
    this.#kept = EMPTY;
    this.#fault = undefined;
    this.#isStopped = false;
  }

  /** Nothing more is told of this response. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A fault, once there is one. Bytes after the end of the response are one too: nobody asked for them. */
  push(bytes: Buffer): ReadFault | undefined {
    let rest = bytes;
    if (this.#kept.length > 0) {
      rest = Buffer.concat([this.#kept, bytes]);
      this.#kept = EMPTY;
    }
    while (rest.length > 0 && this.#fault === undefined && !this.#isStopped) {
      if (this.#state === "done") this.#fault = "garbage";
      else rest = this.#step(rest);
    }
    return this.#fault;
  }

  /** The server closed its side: the end of a body without a length, or a cut. */
  close(): ReadFault | undefined {
    if (this.#fault !== undefined || this.#isStopped || this.#state === "done") return this.#fault;
    if (this.#state === "until-close") this.#end();
    else this.#fault = "cut";
    return this.#fault;
  }

  /** Reads what it can of the current part; what is left belongs to the next. */
  #step(bytes: Buffer): Buffer {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes);
      case "fixed":
        return this.#readFixed(bytes, "done");
      case "chunk":
        return this.#readFixed(bytes, "chunk-end");
      case "until-close":
        this.#parts.onBody(bytes);
        return EMPTY;
      case "size":
        return this.#readLine(bytes, MAX_SIZE_LINE_BYTES, (line) => this.#beginChunk(line));
      case "chunk-end":
        return this.#readLine(bytes, 0, () => {
          this.#state = "size";
        });
      case "trailers":
        return this.#readLine(bytes, MAX_HEAD_BYTES, (line) => this.#readTrailer(line));
      default:
        return bytes;
    }
  }

  #readHead(bytes: Buffer): Buffer {
    const known = this.#memory.read(bytes);
    if (known !== undefined && known.headBytes <= MAX_HEAD_BYTES) {
      this.#takeHead(known.head);
      return bytes.subarray(known.headBytes);
    }
    const end = bytes.indexOf(BLANK_LINE);
    if (end === -1 ? bytes.length > MAX_HEAD_BYTES : end > MAX_HEAD_BYTES) return this.#fail();
    const text = bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
    // What does not begin like a response never becomes one, however long one waits (HTTP/0.9, another protocol).
    if (!mayBeResponse(text)) return this.#fail();
    if (end === -1) {
      this.#kept = Buffer.from(bytes);
      return EMPTY;
    }
    const head = parseHead(text);
    if (head === undefined) return this.#fail();
    this.#memory.keep(head, text);
    this.#takeHead(head);
    return bytes.subarray(end + BLANK_LINE.length);
  }

  #takeHead(head: ResponseFraming): void {
    this.#isPersistent = head.isPersistent;
    this.#keepAliveS = head.keepAliveS;
    this.#parts.onHead(head.status, head.raw);
    // Interim: the real response follows.
    if (head.status >= 200) this.#beginBody(head);
  }

  /** RFC 9112 section 6.3. */
  #beginBody({ status, isChunked, length }: ResponseFraming): void {
    if (this.#isStopped) return;
    if (status === 204 || status === 304 || length === 0) this.#end();
    else if (isChunked) this.#state = "size";
    else if (length === undefined) {
      this.#isPersistent = false;
      this.#state = "until-close";
    } else {
      this.#left = length;
      this.#state = "fixed";
    }
  }

  #readFixed(bytes: Buffer, next: "done" | "chunk-end"): Buffer {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#parts.onBody(part);
    if (this.#left === 0 && !this.#isStopped) {
      if (next === "done") this.#end();
      else this.#state = next;
    }
    return bytes.subarray(part.length);
  }

  #beginChunk(line: string): void {
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) this.#fault = "garbage";
    this.#left = Number.parseInt(size ?? "0", 16);
    this.#trailerBytes = 0;
    this.#state = this.#left === 0 ? "trailers" : "chunk";
  }

  #readTrailer(line: string): void {
    this.#trailerBytes += line.length;
    if (line === "") return this.#end();
    const field = parseLine(line);
    const isFine = field !== undefined && !isFraming(field.name) && this.#trailerBytes <= MAX_HEAD_BYTES;
    if (!isFine) this.#fault = "garbage";
  }

  #readLine(bytes: Buffer, maxBytes: number, take: (line: string) => void): Buffer {
    const end = bytes.indexOf(CRLF);
    if (end === -1 ? bytes.length > maxBytes + 1 : end > maxBytes) return this.#fail();
    if (end === -1) {
      this.#kept = Buffer.from(bytes);
      return EMPTY;
    }
    take(bytes.toString("latin1", 0, end));
    return bytes.subarray(end + CRLF.length);
  }

  #end(): void {
    this.#state = "done";
    this.#parts.onEnd();
  }

  #fail(): Buffer {
    this.#fault = "garbage";
    return EMPTY;
  }
}
