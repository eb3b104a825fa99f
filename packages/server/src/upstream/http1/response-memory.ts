import { HeadPattern } from "../../mcp/head-pattern.ts";
import { isFraming, parseLength, type ResponseFraming } from "./response-head.ts";

const LENGTH = "content-length";
const BLANK_LINE = "\r\n\r\n";

/** Fields that differ between the answers of one server, and say nothing of how the rest is read but for the length. */
function isVarying(lower: string): boolean {
  return lower === LENGTH || !(isFraming(lower) || lower.startsWith("mcp-"));
}

/**
 * Remembers the last head of one connection to a server. Most are the same but for a length and a date; what the same
 * bytes were found to be, they are (ADR 22).
 */
export class ResponseMemory {
  #last: { readonly head: ResponseFraming; readonly pattern: HeadPattern } | undefined;

  /** `text` is the head without its blank line. */
  keep(head: ResponseFraming, text: string): void {
    // An interim one comes seldom, and before one that comes again.
    if (head.status >= 200)
      this.#last = { head, pattern: new HeadPattern(text + BLANK_LINE, head.raw, isVarying) };
  }

  /** The head with which `bytes` begin, as `parseHead` reads it; undefined where that has to be asked. */
  read(bytes: Buffer): { readonly head: ResponseFraming; readonly headBytes: number } | undefined {
    const found = this.#last?.pattern.find(bytes);
    if (this.#last === undefined || found === undefined) return undefined;
    const { head, pattern } = this.#last;
    const raw = head.raw.slice();
    let { length } = head;
    let at = 0;
    for (const { lower, index } of pattern.places) {
      const value = bytes.toString("latin1", found[at], found[at + 1]).trim();
      at += 2;
      raw[index] = value;
      if (lower !== LENGTH) continue;
      length = parseLength(value);
      if (length === undefined) return undefined;
    }
    return { head: { ...head, raw, length }, headBytes: found.at(-1) ?? 0 };
  }
}
