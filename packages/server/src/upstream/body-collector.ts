const EMPTY = Buffer.alloc(0);

/**
 * Collects a body into one Buffer. The usual body is one chunk and is handed on as it is; several are copied into
 * a buffer that doubles, so that a body sent byte by byte costs its own size and not a Buffer per byte (F7).
 */
export class BodyCollector {
  readonly #maxBytes: number;
  #buffer: Buffer = EMPTY;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** False when the body is now longer than `maxBytes`; the chunk was not taken. */
  push(chunk: Buffer): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes) return false;
    if (this.#length === 0) this.#buffer = chunk;
    else this.#append(chunk, length);
    this.#length = length;
    return true;
  }

  take(): Buffer {
    const body = this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length);
    this.#buffer = EMPTY;
    this.#length = 0;
    return body;
  }

  #append(chunk: Buffer, length: number): void {
    // The first chunk is the parser's: it is never written to, because its length is exactly what it holds.
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, Math.max(4096, 2 * length)));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
  }
}
