import { existsSync, rmSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "@portcullis/policy";
import {
  addServer,
  createGrant,
  findPolicy,
  listGrants,
  type Mode,
  publishPolicy,
  recordInstructions,
  recordObserved,
  requireServer,
  revokeGrant,
  type ServerRow,
} from "@portcullis/server";
import {
  backupPath,
  type ReadFile,
  readClientFile,
  writeBackup,
  writeClientFile,
} from "../../clients/client-file.ts";
import { gatewayMembers, type Way } from "../../clients/gateway-entry.ts";
import {
  type InitRecord,
  type RecordedEntry,
  readInitRecord,
  sealEntry,
  writeInitRecord,
} from "../../clients/init-record.ts";
import { changedText, rewriteEntry } from "../../clients/rewrite.ts";
import { reasonOf } from "../../read-input.ts";
import { isDatabaseError, type Workspace } from "../../workspace.ts";
import { freeName } from "./candidate.ts";
import type { Plan, PlannedEntry, PlannedFile, PlannedServer } from "./plan.ts";

/** Name of the policies that `init` publishes. */
export const POLICY_NAME = "recommended";

export interface ApplyOptions {
  readonly nowMs: number;
  readonly mode: Mode;
  readonly lifetimeMs: number;
  readonly deadlineMs: number;
  readonly dataDir: string;
  readonly urlOf: (serverId: string) => string;
}

/** What became of one file. */
export interface Applied {
  readonly file: PlannedFile;
  /** The copy of it as it was; undefined when it was not rewritten. */
  readonly backup: string | undefined;
  readonly grants: readonly string[];
  readonly problem: string | undefined;
  /** What the user has still to do. */
  readonly warnings: readonly string[];
}

/** Why no file was touched. */
export interface NotApplied {
  readonly message: string;
  /** Servers may have been registered by then. */
  readonly isPartial: boolean;
}

/** Carries the plan out, file by file: one that fails is as it was, and its grants are revoked. */
export function applyPlan(
  plan: Plan,
  workspace: Workspace,
  options: ApplyOptions,
): Result<readonly Applied[], NotApplied> {
  const record = readInitRecord(workspace.folder);
  if (!record.ok) return err({ message: record.error, isPartial: false });
  const ids = new Map<PlannedServer, ServerRow>();
  for (const server of plan.servers) {
    const row = guarded(() => importServer(server, workspace, options));
    if (!row.ok) return err({ message: row.error, isPartial: true });
    ids.set(server, row.value);
  }
  let kept = record.value;
  const applied = plan.files.map((file) => {
    const made = guarded(() => applyFile(file, ids, workspace, options, kept));
    if (!made.ok) return { file, backup: undefined, grants: [], problem: made.error, warnings: [] };
    const { backup, labels, warnings } = made.value;
    kept = made.value.record;
    return { file, backup, grants: labels, problem: undefined, warnings };
  });
  return ok(applied);
}

/** What was done before stays done, and is on record. */
function guarded<T>(step: () => Result<T, string>): Result<T, string> {
  try {
    return step();
  } catch (cause) {
    if (!isDatabaseError(cause)) throw cause;
    return err(`the data folder cannot be used: ${cause.message}`);
  }
}

/** Registers a server with the tools that were seen and shown, and publishes the policy for it. */
function importServer(
  { known, name, target, look, recommendation }: PlannedServer,
  { folder, state }: Workspace,
  { nowMs, deadlineMs }: ApplyOptions,
): Result<ServerRow, string> {
  const given = { name, target, era: "auto", deadlineMs, onChange: "block" } as const;
  const row =
    known === undefined
      ? addServer(state, folder.keys.credentialKey, given, nowMs)
      : requireServer(state, known.id);
  if (!row.ok) return row;
  const { id } = row.value;
  if (known === undefined) {
    if (look.instructions !== undefined) recordInstructions(state, id, look.instructions);
    recordObserved(state, id, look.tools, { complete: true }, nowMs);
  }
  // Somebody may have changed it since: a person's policy is never replaced.
  if (findPolicy(state, id, POLICY_NAME) !== undefined) return row;
  const { document, json } = recommendation;
  const version = { server: id, name: POLICY_NAME, document, source: json };
  const published = publishPolicy(state, { ...version, author: "portcullis init", note: "" }, nowMs);
  return published.ok ? row : published;
}

interface FileMade {
  readonly record: InitRecord;
  readonly backup: string;
  readonly labels: readonly string[];
  readonly warnings: readonly string[];
}

function applyFile(
  planned: PlannedFile,
  ids: ReadonlyMap<PlannedServer, ServerRow>,
  workspace: Workspace,
  options: ApplyOptions,
  record: InitRecord,
): Result<FileMade, string> {
  const { kind, place, file } = planned.file;
  const now = readClientFile(place);
  if (now === undefined || !now.ok || now.value.text !== file?.text || now.value.fixed !== undefined) {
    return err("it changed meanwhile; run `init` again");
  }
  const made = writeEntries(planned, ids, workspace, options, now.value.text);
  if (!made.ok) return made;
  const { next, backup, replaced } = nextRecord(record, place.path, now.value, made.value.entries);
  const isFirstCopy = !existsSync(backup);
  try {
    if (isFirstCopy) writeBackup(backup, now.value);
    // Before the file: an entry that is on record and not in the file is harmless, the other way round is lost.
    writeInitRecord(workspace.folder, next);
    const hasToken = planned.entries.some(({ way }) => way === "http");
    writeClientFile(now.value, made.value.text, hasToken ? 0o600 : now.value.mode);
  } catch (cause) {
    const left = [
      ...revokeEach(made.value.entries, workspace, options),
      ...attempt("its record is not as it was", () => writeInitRecord(workspace.folder, record)),
      ...(isFirstCopy
        ? attempt(`a copy is left in \`${backup}\``, () => rmSync(backup, { force: true }))
        : []),
    ];
    return err([`${kind.title}: it cannot be written: ${reasonOf(cause)}`, ...left].join("; "));
  }
  // INVARIANT: the file holds the new tokens from here on, so whatever fails now must not end their grants.
  // Somebody wrote an entry anew by hand: its old token is nowhere any more.
  const warnings = revokeEach(replaced, workspace, options);
  return ok({ record: next, backup, labels: made.value.entries.map(({ label }) => label), warnings });
}

/** Revokes grants whose tokens are in no file; one line for each that stays. */
function revokeEach(
  entries: readonly RecordedEntry[],
  { state }: Workspace,
  { nowMs }: ApplyOptions,
): readonly string[] {
  return entries.flatMap(({ grant, label }) =>
    attempt(`\`grant revoke ${label}\` is still to be done`, () => revokeGrant(state, grant, nowMs)),
  );
}

/** A step without which the rest is done all the same; what it leaves undone, with the reason. */
function attempt(undone: string, step: () => unknown): readonly string[] {
  try {
    step();
    return [];
  } catch (cause) {
    return [`${undone} (${reasonOf(cause)})`];
  }
}

/** The record with these entries in place of older ones of the same paths, and the name of the file's copy. */
function nextRecord(
  record: InitRecord,
  path: string,
  file: ReadFile,
  entries: readonly RecordedEntry[],
): { readonly next: InitRecord; readonly backup: string; readonly replaced: readonly RecordedEntry[] } {
  const known = record.files.find((each) => each.path === path);
  const backup = known !== undefined && existsSync(known.backup) ? known.backup : backupPath(file);
  const isReplaced = (old: RecordedEntry): boolean =>
    entries.some((each) => each.file === old.file && isDeepStrictEqual(each.path, old.path));
  const next: InitRecord = {
    version: 1,
    files: [
      ...record.files.filter((each) => each !== known),
      { path, mode: known?.mode ?? file.mode, backup },
    ],
    entries: [...record.entries.filter((old) => !isReplaced(old)), ...entries],
  };
  return { next, backup, replaced: record.entries.filter(isReplaced) };
}

interface EntriesMade {
  readonly text: string;
  readonly entries: readonly RecordedEntry[];
}

function writeEntries(
  planned: PlannedFile,
  ids: ReadonlyMap<PlannedServer, ServerRow>,
  workspace: Workspace,
  options: ApplyOptions,
  original: string,
): Result<EntriesMade, string> {
  let text = original;
  const entries: RecordedEntry[] = [];
  for (const entry of planned.entries) {
    const made = writeEntry(entry, ids, workspace, options, text);
    if (!made.ok) {
      revokeEach(entries, workspace, options);
      return made;
    }
    text = made.value.text;
    entries.push(made.value.entry);
  }
  return ok({ text, entries });
}

function writeEntry(
  { file, entry, server, way }: PlannedEntry,
  ids: ReadonlyMap<PlannedServer, ServerRow>,
  { folder, state }: Workspace,
  { nowMs, mode, lifetimeMs, urlOf, dataDir }: ApplyOptions,
  text: string,
): Result<{ readonly text: string; readonly entry: RecordedEntry }, string> {
  const row = ids.get(server);
  if (row === undefined) return err(`\`${server.name}\` is not registered`);
  const live = listGrants(state).filter(({ revokedAtMs }) => revokedAtMs === undefined);
  const label = freeName(`${file.kind.id}-${entry.name}`, new Set(live.map((grant) => grant.label)));
  const wanted = { label, server: row.id, policy: POLICY_NAME, mode, expiresAtMs: nowMs + lifetimeMs };
  const minted = createGrant(state, folder.keys, wanted, nowMs);
  if (!minted.ok) return minted;
  const { grant, token } = minted.value;
  const gate: Way = way === "http" ? { kind: way, url: urlOf(row.id), token } : { kind: way, label, dataDir };
  const members = gatewayMembers(file.kind, gate);
  const rewritten = rewriteEntry(file.kind, text, entry.path, members);
  if (!rewritten.ok) {
    revokeGrant(state, grant.id, nowMs);
    return rewritten;
  }
  const secrets = {
    original: entry.value,
    members,
    ...changedText(file.kind, entry.path, text, rewritten.value),
    token,
  };
  const recorded = {
    file: file.place.path,
    client: file.kind.id,
    path: entry.path,
    server: row.id,
    grant: grant.id,
    label,
    sealed: sealEntry(folder, label, secrets),
  };
  return ok({ text: rewritten.value, entry: recorded });
}
