/** Cuts a byte stream into lines of at most `maxBytes`; a longer one is given as undefined, once. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: Buffer | undefined) => void;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number, onLine: (line: Buffer | undefined) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#add(chunk.subarray(start, end));
      this.#emit();
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  #add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size <= this.#maxBytes) this.#parts.push(part);
    else this.#parts = [];
  }

  #emit(): void {
    const line = this.#size <= this.#maxBytes ? trimReturn(Buffer.concat(this.#parts)) : undefined;
    this.#parts = [];
    this.#size = 0;
    // An empty line is no message.
    if (line === undefined || line.length > 0) this.#onLine(line);
  }
}

function trimReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}
