import { readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { revokeGrant } from "@portcullis/server";
import { CLIENTS, unknownClient } from "../../clients/all-clients.ts";
import { readClientFile, writeClientFile } from "../../clients/client-file.ts";
import type { ClientKind, ClientPlace } from "../../clients/client-kind.ts";
import {
  type EntrySecrets,
  type InitRecord,
  openEntry,
  type RecordedEntry,
  readInitRecord,
  writeInitRecord,
} from "../../clients/init-record.ts";
import { placesOf } from "../../clients/places.ts";
import { secretsOf } from "../../clients/plain-secrets.ts";
import { readRawServer } from "../../clients/raw-server.ts";
import { unwriteEntry } from "../../clients/rewrite.ts";
import { shownDiff } from "../../clients/shown-diff.ts";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { reasonOf } from "../../read-input.ts";
import { type Workspace, withWorkspace } from "../../workspace.ts";

/** What becomes of one file. */
interface Restored {
  readonly path: string;
  /** Entries that are as they were before `init`. */
  readonly restored: readonly string[];
  /** Entries that are gone or go elsewhere by now, so that there is nothing to put back. */
  readonly gone: readonly string[];
  readonly problem: string | undefined;
  readonly diff: readonly string[];
}

/** `restore`: takes the entries that `init` wrote back out of the clients' files, and revokes their grants. */
export async function restore(context: Context): Promise<ExitCode> {
  const client = context.options.text("client");
  const unknown = unknownClient(client);
  if (unknown !== undefined) return refuse(context, unknown);
  return withWorkspace(context, { create: false }, (workspace) => {
    const record = readInitRecord(workspace.folder);
    if (!record.ok) return refuse(context, record.error);
    const chosen = record.value.entries.filter((entry) => client === undefined || entry.client === client);
    const paths = [...new Set(chosen.map(({ file }) => file))];
    let kept = record.value;
    const results = paths.map((path) => {
      const entries = chosen.filter(({ file }) => file === path);
      const { result, record: next } = restoreFile(context, workspace, kept, path, entries);
      kept = next;
      return result;
    });
    show(context, results);
    return results.some(({ problem }) => problem !== undefined) ? EXIT.checkFailed : EXIT.ok;
  });
}

function restoreFile(
  context: Context,
  workspace: Workspace,
  record: InitRecord,
  path: string,
  entries: readonly RecordedEntry[],
): { readonly result: Restored; readonly record: InitRecord } {
  const isDry = context.options.flag("dryRun");
  const undone = undoEntries(context, workspace, path, entries);
  if (undone.result.problem !== undefined || isDry) return { result: undone.result, record };
  const recorded = record.files.find((each) => each.path === path);
  const rest = record.entries.filter((each) => !entries.includes(each));
  const isDone = !rest.some(({ file }) => file === path);
  const next = {
    ...record,
    files: record.files.filter((each) => !(isDone && each === recorded)),
    entries: rest,
  };
  try {
    if (undone.file !== undefined) {
      const hasToken = !isDone && undone.file.mode === 0o600;
      const mode = hasToken || recorded === undefined ? undone.file.mode : recorded.mode;
      writeClientFile(undone.file, undone.text, mode);
      if (isDone && recorded !== undefined) dropBackup(recorded.backup, undone.text, undone.file.hasMark);
    }
  } catch (cause) {
    const problem = `it cannot be written: ${reasonOf(cause)}`;
    return { result: { ...undone.result, restored: [], problem }, record };
  }
  try {
    for (const { grant } of entries) revokeGrant(workspace.state, grant, context.io.nowMs());
    writeInitRecord(workspace.folder, next);
  } catch (cause) {
    const problem = `it is as it was before \`init\`, but its grants may still be in force (${reasonOf(cause)}); run \`restore\` again`;
    return { result: { ...undone.result, problem }, record };
  }
  return { result: undone.result, record: next };
}

/** The copy says nothing more when the file is the same again. */
function dropBackup(backup: string, text: string, hasMark: boolean): void {
  try {
    if (readFileSync(backup, "utf8") === (hasMark ? "\uFEFF" : "") + text) rmSync(backup);
  } catch {
    // Somebody took it away already.
  }
}

type ReadFile = Extract<NonNullable<ReturnType<typeof readClientFile>>, { ok: true }>["value"];

interface Undone {
  readonly result: Restored;
  /** Undefined where there is no file to write. */
  readonly file: ReadFile | undefined;
  readonly text: string;
}

function undoEntries(
  context: Context,
  workspace: Workspace,
  path: string,
  entries: readonly RecordedEntry[],
): Undone {
  const nothing = { path, restored: [], gone: [], problem: undefined, diff: [] };
  const failed = (problem: string): Undone => ({
    result: { ...nothing, problem },
    file: undefined,
    text: "",
  });
  const kind = CLIENTS.find(({ id }) => id === entries[0]?.client);
  if (kind === undefined) return failed("its client is not known");
  const read = readClientFile(placeAt(context, kind, path));
  const namesOf = (some: readonly RecordedEntry[]): readonly string[] =>
    some.map((entry) => entry.path.at(-1) ?? "");
  if (read === undefined)
    return { result: { ...nothing, gone: namesOf(entries) }, file: undefined, text: "" };
  if (!read.ok) return failed(read.error);
  if (read.value.fixed !== undefined) return failed(read.value.fixed);
  let { text } = read.value;
  const done: RecordedEntry[] = [];
  const secrets: EntrySecrets[] = [];
  // The last first: lines that two entries share were replaced one after the other.
  for (const entry of entries.toReversed()) {
    const opened = openEntry(workspace.folder, entry);
    if (opened === undefined) return failed("its record cannot be opened with the key of this data folder");
    const undone = unwriteEntry(kind, text, entry.path, opened);
    if (undone === undefined) continue;
    if (!undone.ok) return failed(undone.error);
    text = undone.value;
    secrets.push(opened);
    done.push(entry);
  }
  const gone = namesOf(entries.filter((entry) => !done.includes(entry)));
  const diff = shownDiff(read.value.text, text, secretValues(kind, secrets));
  return { result: { ...nothing, restored: namesOf(done), gone, diff }, file: read.value, text };
}

function secretValues(kind: ClientKind, secrets: readonly EntrySecrets[]): readonly string[] {
  return secrets.flatMap(({ original, token }) => {
    const raw = readRawServer(kind, original);
    return raw.ok ? [token, ...secretsOf(raw.value)] : [token];
  });
}

/** Where the file belongs to its client; a project's folder may be another one than today's. */
function placeAt(context: Context, kind: ClientKind, path: string): Pick<ClientPlace, "path" | "root"> {
  const places = placesOf(context.io);
  const here = kind.places(places).find((place) => place.path === path);
  return here ?? { path, root: dirname(path) };
}

function show({ out, json, options }: Context, results: readonly Restored[]): void {
  const isDry = options.flag("dryRun");
  if (json) {
    const files = results.map((each) => ({ ...each, problem: each.problem ?? null }));
    out.json({ applied: !isDry, files });
    return;
  }
  if (results.length === 0) out.line("No file of a client was rewritten by `init`. Nothing was changed.");
  for (const { path, restored, gone, problem, diff } of results) {
    const shown = toPrintable(path);
    if (problem !== undefined) {
      out.error(`${path}: ${problem}`);
      continue;
    }
    if (isDry) for (const line of diff) out.line(line);
    if (restored.length > 0)
      out.line(`${isDry ? "Would restore" : "Restored"} ${restored.map(toPrintable).join(", ")} in ${shown}`);
    if (gone.length > 0) out.line(`${gone.map(toPrintable).join(", ")} in ${shown}: gone already`);
  }
  if (isDry) out.note("Nothing was changed: --dry-run.");
}
