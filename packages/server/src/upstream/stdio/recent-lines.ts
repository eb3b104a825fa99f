const MAX_LINES = 20;
const MAX_LINE_CHARS = 400;

/** The last lines of a text stream, at most about 8 KiB. Holds what a process said before it died. */
export class RecentLines {
  #lines: string[] = [];
  #open = "";

  /** Reads on; `text` may begin and end anywhere. */
  push(text: string): void {
    const parts = text.split("\n");
    for (const [index, part] of parts.entries()) {
      if (this.#open.length < MAX_LINE_CHARS) this.#open += part.slice(0, MAX_LINE_CHARS - this.#open.length);
      if (index < parts.length - 1) this.#close();
    }
  }

  /** Oldest first, as the process wrote them: escape before showing. */
  get lines(): readonly string[] {
    return this.#open === "" ? [...this.#lines] : [...this.#lines, this.#open];
  }

  #close(): void {
    if (this.#open !== "") this.#lines = [...this.#lines.slice(1 - MAX_LINES), this.#open];
    this.#open = "";
  }
}
