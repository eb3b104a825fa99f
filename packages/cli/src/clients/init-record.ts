import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { err, type JsonObject, ok, type Result } from "@portcullis/policy";
import { type DataFolder, openCredential, sealCredential } from "@portcullis/server";

/** What `init` did to the files of clients, so that `restore` can undo it. Kept in the data folder. */
export interface InitRecord {
  readonly version: 1;
  readonly files: readonly RecordedFile[];
  /** In the order in which they were rewritten. */
  readonly entries: readonly RecordedEntry[];
}

export interface RecordedFile {
  /** Where its client looks for it. */
  readonly path: string;
  /** Permission bits before. */
  readonly mode: number;
  /** The copy that was made of it. */
  readonly backup: string;
}

export interface RecordedEntry {
  /** Path of its file. */
  readonly file: string;
  readonly client: string;
  /** From the root of the document. */
  readonly path: readonly string[];
  /** Id of the server that it goes to. */
  readonly server: string;
  /** Id and label of its grant. */
  readonly grant: string;
  readonly label: string;
  /** {@link EntrySecrets}, sealed to the label. */
  readonly sealed: string;
}

/** What of an entry may hold secrets. */
export interface EntrySecrets {
  /** The whole entry as it was. */
  readonly original: JsonObject;
  /** The members that `init` wrote. */
  readonly members: JsonObject;
  /** The text that was replaced, and what replaced it. */
  readonly before: string;
  readonly after: string;
  readonly token: string;
}

const NAME = "clients.json";
const NOTHING: InitRecord = { version: 1, files: [], entries: [] };

/** Without a record nothing was done. The error is one line. */
export function readInitRecord({ path }: Pick<DataFolder, "path">): Result<InitRecord, string> {
  const file = join(path, NAME);
  try {
    const record: InitRecord = JSON.parse(readFileSync(file, "utf8"));
    return record.version === 1 && Array.isArray(record.files) && Array.isArray(record.entries)
      ? ok(record)
      : err(`\`${file}\` was written by another version of Portcullis`);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return ok(NOTHING);
    return err(
      `\`${file}\` cannot be read; restore it from a backup, or put the \`.bak\` files back by hand`,
    );
  }
}

/** Throws where the system refuses; then the record is as it was. */
export function writeInitRecord({ path }: Pick<DataFolder, "path">, record: InitRecord): void {
  const file = join(path, NAME);
  const draft = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(draft, `${JSON.stringify(record, undefined, 2)}\n`, {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cause;
  }
}

export function sealEntry({ keys }: Pick<DataFolder, "keys">, label: string, secrets: EntrySecrets): string {
  return sealCredential(keys.credentialKey, placeOf(label), JSON.stringify(secrets));
}

/** Undefined when another key sealed it. */
export function openEntry(
  { keys }: Pick<DataFolder, "keys">,
  { label, sealed }: Pick<RecordedEntry, "label" | "sealed">,
): EntrySecrets | undefined {
  const secret = openCredential(keys.credentialKey, placeOf(label), sealed);
  return secret === undefined ? undefined : (JSON.parse(secret.reveal()) as EntrySecrets);
}

function placeOf(label: string) {
  return { organisation: "", server: label, version: 1, purpose: "client-entry" } as const;
}
