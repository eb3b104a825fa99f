import { closeSync, existsSync, openSync, statSync, writeSync } from "node:fs";
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Database, newestEntry, readNotesNow, sizeOfNote } from "@portcullis/server";
import { type Context, refuse } from "../context.ts";
import { resolvePath } from "../data-folder.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { withProgress } from "../progress.ts";
import { reasonOf } from "../read-input.ts";
import { type TarEntry, writeTar } from "../tar.ts";

/** Copying blocks; from this size on it may take longer than a second. */
const LARGE_BYTES = 64 * 1024 * 1024;
const CONFIG_FILES = ["config.json", "config.jsonc", "config.yaml", "config.yml", "clients.json"];

/** `backup FILE.tar [--with-key]`: `{"file","bytes","entries","withKey"}`. Works while the gateway runs. */
export async function backup(context: Context): Promise<ExitCode> {
  const { dataDir, io, out } = context;
  const target = resolvePath(io, context.args[0] ?? "");
  const withKey = context.options.flag("withKey");
  if (!existsSync(join(dataDir, "state.db"))) {
    return refuse(context, `\`${dataDir}\` is not a data folder of portcullis: name it with \`--data DIR\``);
  }
  if (existsSync(target)) return refuse(context, `\`${target}\` exists already: choose another name`);
  try {
    const entries = await withProgress(io, "writing the backup", writeBackup(context, target, withKey));
    const bytes = statSync(target).size;
    if (context.json) out.json({ file: target, bytes, entries, withKey });
    else out.line(`Wrote ${target} (${bytes} bytes): ${entries.join(", ")}`);
    if (!withKey)
      out.note("The key file is not in it: keep a copy of it elsewhere, or sealed credentials are lost.");
    return EXIT.ok;
  } catch (cause) {
    return refuse(context, `\`${target}\` cannot be written: ${reasonOf(cause)}`);
  }
}

/** Everything is prepared beside the target, so that it appears whole or not at all. */
async function writeBackup(context: Context, target: string, withKey: boolean): Promise<readonly string[]> {
  const folder = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    const entries = collect(context, folder, withKey);
    const draft = join(folder, "archive.tar");
    const file = await open(draft, "wx", 0o600);
    try {
      await writeTar(file, entries, context.io.nowMs());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
    return entries.map((entry) => entry.name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The ledger first, then its checkpoints, then the state: no checkpoint that a row speaks of is missing, and a row never
 * speaks of a policy or grant that the copy lacks.
 */
function collect(context: Context, folder: string, withKey: boolean): readonly TarEntry[] {
  const { dataDir } = context;
  const plain = (name: string): readonly TarEntry[] => {
    const path = join(dataDir, name);
    return existsSync(path) ? [{ name, path, mode: 0o600 }] : [];
  };
  const database = (name: string) =>
    existsSync(join(dataDir, name)) ? [copyDatabase(context, folder, name)] : [];
  const ledger = database("ledger.db");
  const checkpoints = copyCheckpoints(dataDir, folder, ledger[0]);
  const rest = [
    ...database("state.db"),
    ...database("contact.db"),
    ...CONFIG_FILES.flatMap(plain),
    ...(withKey ? plain("key") : []),
  ];
  return [...checkpoints, ...plain("audit.pub"), ...ledger, ...rest];
}

/** Without those that were made after the ledger was copied: they speak of rows that the copy lacks. */
function copyCheckpoints(dataDir: string, folder: string, ledger: TarEntry | undefined): readonly TarEntry[] {
  const name = "checkpoints.log";
  if (!existsSync(join(dataDir, name))) return [];
  const path = join(folder, name);
  const last = ledger === undefined ? 0 : lastEntry(ledger.path);
  const copy = openSync(path, "wx", 0o600);
  try {
    for (const note of readNotesNow(join(dataDir, name)))
      if (!(sizeOfNote(note) > last)) writeSync(copy, note);
  } finally {
    closeSync(copy);
  }
  return [{ name, path, mode: 0o600 }];
}

function lastEntry(ledgerFile: string): number {
  const database = new Database(ledgerFile, { readOnly: true });
  try {
    return newestEntry(database);
  } finally {
    database.close();
  }
}

/** One read transaction, whatever writers do meanwhile; unlike the online backup it never starts over. */
function copyDatabase({ dataDir, out }: Context, folder: string, name: string): TarEntry {
  const source = join(dataDir, name);
  if (statSync(source).size > LARGE_BYTES) out.note(`copying ${name} …`);
  const path = join(folder, name);
  const database = new DatabaseSync(source, { readOnly: true, timeout: 10_000 });
  try {
    database.prepare("VACUUM INTO ?").run(path);
  } finally {
    database.close();
  }
  return { name, path, mode: 0o600 };
}
