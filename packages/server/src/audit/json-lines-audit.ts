import type { Writable } from "node:stream";
import type { Audit, IntentEntry, OutcomeEntry } from "../call/ports.ts";
import { toLogRow } from "./export.ts";

/**
 * The log of a process without a data folder: one JSON line per request as it is decided, in the shape of
 * `log export`, and one `{of, status, latencyMs}` line when a sent call ends. Not chained: there is nothing to keep
 * a chain in.
 */
export class JsonLinesAudit implements Audit {
  readonly #output: Writable;
  #seq = 0;
  #isBroken = false;

  constructor(output: Writable) {
    this.#output = output;
    output.on("error", () => {
      this.#isBroken = true;
    });
  }

  /** Resolves when the line is written; undefined when it could not be. */
  intend(entry: IntentEntry): Promise<number | undefined> {
    if (this.#isBroken) return Promise.resolve(undefined);
    this.#seq += 1;
    const seq = this.#seq;
    const { policyName, policyVersion, tool, ...rest } = entry;
    const row = toLogRow(
      seq,
      {
        ...rest,
        ...(policyName === undefined ? {} : { policyName }),
        ...(policyVersion === undefined ? {} : { policyVersion }),
        ...(tool === undefined ? {} : { tool }),
      },
      undefined,
    );
    const line = toLine(entry.fate === "sent" ? { ...row, status: null } : row);
    return new Promise((resolve) => {
      this.#output.write(`${line}\n`, (cause) => resolve(cause ? undefined : seq));
    });
  }

  record({ of, status, latencyMs }: OutcomeEntry): void {
    if (this.#isBroken) return;
    this.#output.write(`${JSON.stringify({ of, status, latencyMs: Math.round(latencyMs * 1000) / 1000 })}\n`);
  }
}

/** Control and format characters and the separators of lines, at some of which readers cut a line in two. */
const HOSTILE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A stranger chooses names: none of them may look like another row, or act on a terminal (threat 73). */
function toLine(row: object): string {
  return JSON.stringify(row).replace(HOSTILE, escapeUnits);
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
}
