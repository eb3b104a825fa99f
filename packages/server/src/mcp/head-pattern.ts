/** A value that may differ between two heads. */
export interface Place {
  /** Name of its field, in lower case. */
  readonly lower: string;
  /** Of the value, in the list of names and values. */
  readonly index: number;
}

const LINE_END = "\r\n";

/** Recognises a head of HTTP/1.1 that comes again, byte for byte but for the values of some fields. */
export class HeadPattern {
  readonly places: readonly Place[];
  /** What stands before each of the places, and after the last. */
  readonly #fixed: readonly Buffer[];

  /** `text` is a head that was read, with its blank line; `raw` has its fields: name, value, name, value. */
  constructor(text: string, raw: readonly string[], isVarying: (lower: string) => boolean) {
    const places: Place[] = [];
    const fixed: Buffer[] = [];
    let done = 0;
    let line = text.indexOf(LINE_END) + LINE_END.length;
    for (let index = 1; index < raw.length; index += 2) {
      const name = raw[index - 1] ?? "";
      const lower = name.toLowerCase();
      const from = line + name.length + 1;
      const end = text.indexOf(LINE_END, from);
      if (isVarying(lower)) {
        places.push({ lower, index });
        fixed.push(Buffer.from(text.slice(done, from), "latin1"));
        done = end;
      }
      line = end + LINE_END.length;
    }
    fixed.push(Buffer.from(text.slice(done), "latin1"));
    this.places = places;
    this.#fixed = fixed;
  }

  /**
   * Where the values are in the head with which `bytes` begin, each from and to, and then where the head ends.
   * Undefined for any other head, one that is not whole, and one with more in a value than visible ASCII and spaces.
   */
  find(bytes: Buffer): readonly number[] | undefined {
    const found: number[] = [];
    let done = 0;
    for (const part of this.#fixed) {
      if (found.length > 0) {
        done = endOfValue(bytes, done);
        found.push(done);
      }
      const end = done + part.length;
      if (end > bytes.length || !isAt(bytes, done, part)) return undefined;
      found.push(end);
      done = end;
    }
    return found;
  }
}

/** A call of native code costs as much as looking at so many bytes. */
const FEW_BYTES = 48;

function isAt(bytes: Buffer, from: number, part: Buffer): boolean {
  if (part.length > FEW_BYTES) return part.compare(bytes, from, from + part.length) === 0;
  for (let at = 0; at < part.length; at += 1) if (bytes[from + at] !== part[at]) return false;
  return true;
}

/** The place of the first byte that is neither a visible character nor a space. */
function endOfValue(bytes: Buffer, from: number): number {
  let end = from;
  for (let code = bytes[end] ?? 0; code >= 0x20 && code <= 0x7e; code = bytes[end] ?? 0) end += 1;
  return end;
}
