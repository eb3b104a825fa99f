import { closeSync, createReadStream, openSync, readSync } from "node:fs";

/** A whole note of a file, and where it lies in it. */
export interface PlacedNote {
  readonly text: string;
  /** Bytes from the beginning of the file, to the first of it and to the first behind it. */
  readonly start: number;
  readonly end: number;
}

/** Some 150 notes: taking them apart holds up no call for long. */
const PIECE_BYTES = 32 * 1024;
/** No note is as long: what has no end after so much is none, and is given out as it is. */
const MAX_NOTE_BYTES = 64 * 1024;
/** The last line of a note, as `latin1`: a character for each byte, so that places in text are places in the file. */
export const LAST_LINE = new RegExp(Buffer.from("\n— portcullis-audit \\S+\n").toString("latin1"), "g");

/** The notes of a file in the order in which they stand, a piece at a time. Rejects when it cannot be read. */
export async function* readNotePieces(file: string): AsyncGenerator<readonly PlacedNote[]> {
  const cutter = new NoteCutter();
  for await (const piece of createReadStream(file, { encoding: "latin1", highWaterMark: PIECE_BYTES }))
    yield cutter.cut(String(piece));
  yield cutter.end();
}

/** The same for who may wait. A file that is not there has none; throws when it cannot be read. */
export function* readNotesNow(file: string): Generator<string> {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return;
    throw cause;
  }
  try {
    const cutter = new NoteCutter();
    const buffer = Buffer.alloc(PIECE_BYTES);
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer))
      for (const { text } of cutter.cut(buffer.toString("latin1", 0, length))) yield text;
    for (const { text } of cutter.end()) yield text;
  } finally {
    closeSync(fd);
  }
}

/** Cuts text that comes in pieces into notes. */
class NoteCutter {
  #rest = "";
  #offset = 0;

  cut(piece: string): readonly PlacedNote[] {
    const text = this.#rest + piece;
    const notes: PlacedNote[] = [];
    let from = 0;
    for (const last of text.matchAll(LAST_LINE)) {
      const to = last.index + last[0].length;
      notes.push(this.#take(text.slice(from, to)));
      from = to;
    }
    this.#rest = text.slice(from);
    return this.#rest.length > MAX_NOTE_BYTES ? [...notes, ...this.end()] : notes;
  }

  /** What stands behind the last whole note is no note, and somebody may have to say so. */
  end(): readonly PlacedNote[] {
    const rest = this.#rest;
    this.#rest = "";
    const note = this.#take(rest);
    return rest.trim() === "" ? [] : [note];
  }

  #take(bytes: string): PlacedNote {
    const start = this.#offset;
    this.#offset += bytes.length;
    return { text: Buffer.from(bytes, "latin1").toString("utf8"), start, end: this.#offset };
  }
}
