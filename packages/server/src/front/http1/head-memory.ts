import { timingSafeEqual } from "node:crypto";
import type { HeadMemo } from "../../call/agent-request.ts";
import { HeadPattern, type Place } from "../../mcp/head-pattern.ts";
import {
  headText,
  LINE_END,
  lengthOf,
  MAX_HEAD_BYTES,
  type PlainHead,
  readPlainHead,
} from "./request-head.ts";

/** Fields that differ between the requests of one agent. None says who it is, or decides what is read of the rest. */
const VARYING: ReadonlySet<string> = new Set([
  "content-length",
  "mcp-method",
  "mcp-name",
  "traceparent",
  "tracestate",
]);
const AUTHORIZATION = "authorization";

/** The token differs as well, but must not: it is looked at by itself. */
function isVarying(lower: string): boolean {
  return lower === AUTHORIZATION || VARYING.has(lower) || lower.startsWith("mcp-param-");
}

/**
 * Remembers the last head of one connection. The heads of an agent are the same but for a few fields, and what the same
 * bytes were found to be, they are: nothing else is read anew, and `memo` is the same object (ADR 22).
 */
export class HeadMemory {
  #known: KnownHead | undefined;

  /** The plain head with which `bytes` begin, as {@link readPlainHead} reads it. */
  read(bytes: Buffer): PlainHead | undefined {
    const again = this.#known?.read(bytes);
    if (again !== undefined) return again;
    const text = headText(bytes);
    const head = text === undefined ? undefined : readPlainHead(text);
    if (head !== undefined) this.#known = new KnownHead(head, `${text}${LINE_END}`, bytes);
    return head;
  }
}

class KnownHead {
  readonly #head: PlainHead;
  readonly #pattern: HeadPattern;
  /** The value of `Authorization`, and the spaces around it. */
  readonly #secret: Buffer;

  constructor(head: PlainHead, text: string, bytes: Buffer) {
    this.#head = head;
    this.#pattern = new HeadPattern(text, head.rawHeaders, isVarying);
    const at = 2 * this.#pattern.places.findIndex(({ lower }) => lower === AUTHORIZATION);
    const found = this.#pattern.find(bytes) ?? [];
    this.#secret = at < 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(found[at], found[at + 1]));
  }

  /** Undefined where anything else is different. */
  read(bytes: Buffer): PlainHead | undefined {
    const found = this.#pattern.find(bytes);
    const headBytes = found?.at(-1) ?? 0;
    if (found === undefined || headBytes > MAX_HEAD_BYTES) return undefined;
    const rawHeaders = this.#head.rawHeaders.slice();
    let bodyBytes: number | undefined;
    let at = 0;
    for (const { lower, index } of this.#pattern.places) {
      const from = found[at];
      const to = found[at + 1];
      at += 2;
      if (lower === AUTHORIZATION) {
        if (!this.#isSecret(bytes.subarray(from, to))) return undefined;
        continue;
      }
      const value = bytes.toString("latin1", from, to).trim();
      if (lower === "content-length") bodyBytes = lengthOf(value);
      rawHeaders[index] = value;
    }
    if (bodyBytes === undefined) return undefined;
    return new HeadAgain(this.#head, this.#pattern.places, { rawHeaders, bodyBytes, headBytes });
  }

  /** In a time that does not tell where they differ: behind a proxy the last head may have been another agent's. */
  #isSecret(bytes: Buffer): boolean {
    return bytes.length === this.#secret.length && timingSafeEqual(bytes, this.#secret);
  }
}

/** A head like another; few ask for its fields by name. */
class HeadAgain implements PlainHead {
  readonly #first: PlainHead;
  readonly #places: readonly Place[];
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  readonly headBytes: number;
  readonly memo: HeadMemo;

  constructor(
    first: PlainHead,
    places: readonly Place[],
    { rawHeaders, bodyBytes, headBytes }: Pick<PlainHead, "rawHeaders" | "bodyBytes" | "headBytes">,
  ) {
    this.#first = first;
    this.#places = places;
    this.url = first.url;
    this.rawHeaders = rawHeaders;
    this.bodyBytes = bodyBytes;
    this.headBytes = headBytes;
    this.memo = first.memo;
  }

  get headers(): Readonly<Record<string, string>> {
    const headers = { ...this.#first.headers };
    for (const { lower, index } of this.#places) headers[lower] = this.rawHeaders[index] ?? "";
    return headers;
  }
}
