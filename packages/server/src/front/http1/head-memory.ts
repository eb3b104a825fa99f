import { timingSafeEqual } from "node:crypto";
import { headText, LINE_END, lowerName, type PlainHead, plainLength, readPlainHead } from "./request-head.ts";

/** Fields that differ between the requests of one agent. None says who it is, or decides what is read of the rest. */
const VARYING: ReadonlySet<string> = new Set([
  "content-length",
  "mcp-method",
  "mcp-name",
  "traceparent",
  "tracestate",
]);
const AUTHORIZATION = "authorization";

/** A field whose value is looked at by itself. */
interface Place {
  /** Everything between the value before and this one. */
  readonly before: Buffer;
  readonly lower: string;
  /** Of the value, in `rawHeaders`. */
  readonly index: number;
}

/**
 * Remembers the last head of one connection. The heads of an agent are the same but for a few fields, and what the same
 * bytes were found to be, they are: nothing else is read anew, and `memo` is the same object (ADR 22).
 */
export class HeadMemory {
  #known: KnownHead | undefined;

  /** The plain head with which `bytes` begin, as {@link readPlainHead} reads it. */
  read(bytes: Buffer): PlainHead | undefined {
    const text = headText(bytes);
    if (text === undefined) return undefined;
    const again = this.#known?.read(text, bytes);
    if (again !== undefined) return again;
    const head = readPlainHead(text);
    if (head !== undefined) this.#known = new KnownHead(head, text);
    return head;
  }
}

class KnownHead {
  readonly #head: PlainHead;
  readonly #places: Place[] = [];
  /** What follows the last place. */
  readonly #rest: Buffer;
  /** The value of `Authorization`, and the spaces around it. */
  #secret: Buffer = Buffer.alloc(0);

  constructor(head: PlainHead, text: string) {
    this.#head = head;
    const { rawHeaders } = head;
    let done = 0;
    let line = text.indexOf(LINE_END) + LINE_END.length;
    for (let index = 1; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index - 1] ?? "";
      const lower = lowerName(name) ?? "";
      const from = line + name.length + 1;
      const end = text.indexOf(LINE_END, from);
      if (lower === AUTHORIZATION) this.#secret = Buffer.from(text.slice(from, end), "latin1");
      if (lower === AUTHORIZATION || VARYING.has(lower) || lower.startsWith("mcp-param-")) {
        this.#places.push({ before: Buffer.from(text.slice(done, from), "latin1"), lower, index });
        done = end;
      }
      line = end + LINE_END.length;
    }
    this.#rest = Buffer.from(text.slice(done), "latin1");
  }

  /** Undefined where anything else is different. */
  read(text: string, bytes: Buffer): PlainHead | undefined {
    const { url, memo } = this.#head;
    const rawHeaders = this.#head.rawHeaders.slice();
    const headers: Record<string, string> = { ...this.#head.headers };
    let done = 0;
    for (const { before, lower, index } of this.#places) {
      const from = done + before.length;
      if (!hasAt(bytes, done, from, before)) return undefined;
      done = endOfValue(text, from);
      if (lower === AUTHORIZATION) {
        if (!this.#isSecret(bytes.subarray(from, done))) return undefined;
        continue;
      }
      const value = text.slice(from, done).trim();
      headers[lower] = value;
      rawHeaders[index] = value;
    }
    if (text.length !== done + this.#rest.length || !hasAt(bytes, done, text.length, this.#rest))
      return undefined;
    const bodyBytes = plainLength(headers);
    if (bodyBytes === undefined) return undefined;
    return { url, rawHeaders, headers, bodyBytes, headBytes: text.length + LINE_END.length, memo };
  }

  /** In a time that does not tell where they differ: behind a proxy the last head may have been another agent's. */
  #isSecret(bytes: Buffer): boolean {
    return bytes.length === this.#secret.length && timingSafeEqual(bytes, this.#secret);
  }
}

function hasAt(bytes: Buffer, from: number, to: number, part: Buffer): boolean {
  return to <= bytes.length && part.compare(bytes, from, to) === 0;
}

/** The place of the first character that is not plain: the end of the line, in a head that is. */
function endOfValue(text: string, from: number): number {
  let end = from;
  for (let code = text.charCodeAt(end); code >= 0x20 && code <= 0x7e; code = text.charCodeAt(end)) end += 1;
  return end;
}
