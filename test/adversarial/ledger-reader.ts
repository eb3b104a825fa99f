import { existsSync, readFileSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import {
  Database,
  type DataFolder,
  exportRows,
  type LogRow,
  readEntries,
  type Verification,
  verifyLedger,
} from "@portcullis/server";
import { GrowingFile } from "./growing-file.ts";

/** Audit rows, as they come. */
export interface RowSource extends Disposable {
  /** Rows that were committed since the last call. */
  fresh(): readonly LogRow[];
  /** Undefined where there is no chain to verify. */
  verify(): Verification | undefined;
}

/** Reads the audit log as it grows, beside the gateway that writes it. */
export class LedgerReader implements RowSource {
  readonly #folder: DataFolder;
  #db: Database | undefined;
  #afterSeq = 0;

  constructor(folder: DataFolder) {
    this.#folder = folder;
  }

  fresh(): readonly LogRow[] {
    const rows = this.after(this.#afterSeq);
    this.#afterSeq = rows.at(-1)?.seq ?? this.#afterSeq;
    return rows;
  }

  /** Every row after the entry numbered `seq`, with its outcome as far as it is known. */
  after(seq: number): readonly LogRow[] {
    return [...exportRows(this.#opened(), { afterSeq: seq })];
  }

  /** The bodies of the calls after the entry numbered `seq`, as they are kept. */
  intents(seq: number): readonly string[] {
    const entries = [...readEntries(this.#opened(), seq)];
    return entries.filter(({ entry }) => entry.kind === "intent").map(({ body }) => body);
  }

  /** The number of the newest entry. */
  newest(): number {
    const row = this.#opened().get("SELECT coalesce(max(seq), 0) AS seq FROM block");
    return Number(row?.["seq"]);
  }

  #opened(): Database {
    this.#db ??= new Database(this.#folder.ledgerFile, { readOnly: true });
    return this.#db;
  }

  verify(): Verification {
    const { ledgerFile, auditPublicKeyFile, checkpointsFile } = this.#folder;
    return verifyLedger({
      ledgerFile,
      publicKey: readFileSync(auditPublicKeyFile, "utf8"),
      checkpoints: () => (existsSync(checkpointsFile) ? readFileSync(checkpointsFile, "utf8") : ""),
    });
  }

  [Symbol.dispose](): void {
    this.#db?.close();
  }
}

/** Rows that a process without a data folder writes to a file as JSON lines. */
export class WrittenRows implements RowSource {
  readonly #file: GrowingFile;
  readonly #decoder = new StringDecoder("utf8");
  #text = "";

  constructor(file: string) {
    this.#file = new GrowingFile(file);
  }

  fresh(): readonly LogRow[] {
    this.#text += this.#decoder.write(this.#file.fresh());
    // Where any reader of lines cuts; each piece must be a whole row.
    const lines = this.#text.split(/[\n\v\f\r\u0085\u2028\u2029]/);
    this.#text = lines.pop() ?? "";
    return lines.map((line) => JSON.parse(line) as LogRow).filter((row) => !Object.hasOwn(row, "of"));
  }

  verify(): undefined {}

  [Symbol.dispose](): void {}
}
