import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/** Reads a file that another process appends to. */
export class GrowingFile {
  readonly #file: string;
  #position: number;

  /** From its end, as it is now. */
  constructor(file: string) {
    this.#file = file;
    this.#position = statSync(file).size;
  }

  /** What was appended since the last call. */
  fresh(): Buffer {
    const fd = openSync(this.#file, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(fd).size - this.#position);
      readSync(fd, bytes, 0, bytes.length, this.#position);
      this.#position += bytes.length;
      return bytes;
    } finally {
      closeSync(fd);
    }
  }
}
