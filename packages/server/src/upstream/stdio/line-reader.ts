const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_CAPACITY_BYTES = 16 * 1024;
/** What may be skipped of one endless line, in multiples of the longest line (faults F7). */
const SKIP_FACTOR = 8;

/** Takes what a {@link LineReader} finds. */
export interface LineSink {
  /** One line without its end. Valid only during the call: the bytes may be overwritten afterwards. */
  onLine(line: Buffer): void;
  /** A line exceeded the cap; its bytes are skipped. Once per such line. */
  onOversizedLine(): void;
  /** A line exceeded the cap many times over and still goes on. */
  onEndlessLine(): void;
}

/**
 * Cuts a byte stream into lines at `\n` (stdio transport: messages are delimited by newlines), whatever the
 * chunks. Holds at most `maxLineBytes`, in one buffer, so that a trickle of single bytes costs no more.
 */
export class LineReader {
  readonly #maxLineBytes: number;
  readonly #sink: LineSink;
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  /** Bytes of the current line that were skipped; undefined while the line still fits. */
  #skippedBytes: number | undefined;

  constructor(maxLineBytes: number, sink: LineSink) {
    this.#maxLineBytes = maxLineBytes;
    this.#sink = sink;
  }

  /** Reads on. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#finishLine(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
  }

  #finishLine(rest: Buffer): void {
    if (this.#skippedBytes === undefined && this.#heldBytes === 0) {
      if (rest.length > this.#maxLineBytes) this.#sink.onOversizedLine();
      else this.#emit(rest);
      return;
    }
    this.#hold(rest);
    const isSkipped = this.#skippedBytes !== undefined;
    const line = this.#held.subarray(0, this.#heldBytes);
    this.#heldBytes = 0;
    this.#skippedBytes = undefined;
    if (!isSkipped) this.#emit(line);
    if (this.#held.length > FIRST_CAPACITY_BYTES) this.#held = Buffer.alloc(0);
  }

  #emit(line: Buffer): void {
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    if (end > 0) this.#sink.onLine(line.subarray(0, end));
  }

  #hold(part: Buffer): void {
    const bytes = this.#heldBytes + part.length;
    if (this.#skippedBytes !== undefined) this.#skip(this.#skippedBytes, part.length);
    else if (bytes > this.#maxLineBytes) this.#beginSkip(bytes);
    else this.#append(part, bytes);
  }

  #append(part: Buffer, bytes: number): void {
    if (bytes > this.#held.length) {
      const grown = Buffer.alloc(Math.max(bytes, 2 * this.#held.length, FIRST_CAPACITY_BYTES));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    part.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  #beginSkip(bytes: number): void {
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
    this.#skippedBytes = bytes;
    this.#sink.onOversizedLine();
  }

  #skip(before: number, bytes: number): void {
    const limit = SKIP_FACTOR * this.#maxLineBytes;
    this.#skippedBytes = before + bytes;
    if (before <= limit && before + bytes > limit) this.#sink.onEndlessLine();
  }
}
