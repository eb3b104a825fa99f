import { hash } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { compilePolicy, err, type Limit, ok, type PolicyDocument, type Result } from "@portcullis/policy";
import { JsonLinesAudit } from "./audit/json-lines-audit.ts";
import type { Access } from "./call/call.ts";
import type { Audit, Counters } from "./call/ports.ts";
import type { Era, Grant, GrantId, OnChange, OrganisationId, PolicyId, ServerId } from "./call/records.ts";
import { failureText } from "./call/refusal.ts";
import { MemoryCounters } from "./counters/memory-counters.ts";
import { serveStdio } from "./front/stdio-front.ts";
import { openLedgerParts } from "./ledger-parts.ts";
import { assembleLine, SYSTEM_CLOCK } from "./line-parts.ts";
import { LiveObserver } from "./observe/observer.ts";
import { lockDataFolder, openDataFolder } from "./storage/data-folder.ts";
import { FolderKeys, makeRootKey } from "./storage/keys.ts";
import { addServer, type NewServer, requireServer, updateServer } from "./storage/server-rows.ts";
import { openState, type State } from "./storage/state.ts";

export interface RunOptions {
  /** Already validated. */
  readonly policy: PolicyDocument;
  /** Shown in the log; usually the file's name. */
  readonly policyName: string;
  readonly target: NewServer["target"];
  readonly era: "auto" | Era;
  readonly deadlineMs: number;
  readonly onChange: OnChange;
  /** Keeps pins, counters and the chained log; without it they live as long as the process. */
  readonly data: KeptFolder | undefined;
  readonly maxBodyBytes: number;
  readonly logLevel: string;
  /** The client. */
  readonly input: Readable;
  readonly output: Writable;
  /** Audit rows as JSON lines where there is no data folder. */
  readonly rows: Writable;
  /** Log lines and warnings. */
  readonly log: Writable;
}

/** A data folder, and how long the log in it is kept. */
export interface KeptFolder {
  readonly path: string;
  readonly auditRetentionDays: number;
}

/** Windows longer than this outlive most processes that hold their counters in memory. */
const LONG_WINDOW_S = 3_600;

/**
 * Stands between a client on stdio and one server, with the whole line in between. Resolves when the client closed
 * its side; the error is one line that says what to do.
 */
export async function runStdio(options: RunOptions): Promise<Result<void, string>> {
  await using cleanup = new AsyncDisposableStack();
  const observer = new LiveObserver(options.logLevel, options.log);
  const { data } = options;
  const kept = data === undefined ? openTransient(options) : openKept(data, observer, cleanup);
  if (!kept.ok) return kept;
  const { state, keys, audit, counters } = kept.value;
  const server = findOrAddServer(state, keys, options);
  if (!server.ok) return server;
  const assembled = cleanup.use(
    assembleLine({
      state,
      keys,
      audit,
      counters,
      observer,
      clock: SYSTEM_CLOCK,
      config: { maxBodyBytes: options.maxBodyBytes, allowedHosts: new Set(), allowedOrigins: new Set() },
    }),
  );
  const record = assembled.snapshot.server(server.value);
  if (record === undefined) return err("the server could not be registered");
  const reached = await assembled.upstreams.detectEra(record);
  if (!reached.ok)
    return err(`the server does not answer: ${failureText(reached.error, 0)}; start it by hand to see why`);
  const access = accessOf(options, state, () => assembled.snapshot.server(record.id) ?? record);
  await serveStdio(options.input, options.output, access, assembled.line);
  return ok(undefined);
}

interface Kept {
  readonly state: State;
  readonly keys: FolderKeys;
  readonly audit: Audit;
  readonly counters: Counters;
}

function openTransient({ policy, rows, log }: RunOptions): Result<Kept, string> {
  const state = openState(":memory:");
  if (!state.ok) return state;
  if (hasLongWindow(policy)) {
    log.write(
      "warning: limits with windows above an hour are forgotten when this process ends; keep them with --data DIR\n",
    );
  }
  const keys = new FolderKeys(makeRootKey());
  return ok({
    state: state.value,
    keys,
    audit: new JsonLinesAudit(rows),
    counters: new MemoryCounters(SYSTEM_CLOCK),
  });
}

function openKept(
  { path, auditRetentionDays }: KeptFolder,
  observer: LiveObserver,
  cleanup: AsyncDisposableStack,
): Result<Kept, string> {
  const folder = openDataFolder(path);
  if (!folder.ok) return folder;
  const lock = lockDataFolder(folder.value);
  if (!lock.ok) return lock;
  cleanup.defer(() => lock.value.release());
  const state = openState(folder.value.stateFile);
  if (!state.ok) return state;
  cleanup.defer(() => state.value.db.close());
  const { organisation } = state.value;
  const settings = { durable: false, auditRetentionDays };
  const parts = openLedgerParts(folder.value, organisation, settings, observer, cleanup);
  if (!parts.ok) return parts;
  const { ledger, counters } = parts.value;
  return ok({ state: state.value, keys: folder.value.keys, audit: ledger, counters });
}

/** The same command or URL is the same server every time, so that its pins hold from one run to the next. */
function findOrAddServer(state: State, keys: FolderKeys, options: RunOptions): Result<ServerId, string> {
  const { target, era, deadlineMs, onChange } = options;
  const identity = JSON.stringify(identityOf(target));
  const name = `run-${hash("sha256", identity, "hex").slice(0, 16)}`;
  const known = requireServer(state, name);
  if (known.ok) {
    const { id } = known.value;
    const updated = updateServer(state, keys.credentialKey, id, { target, era, deadlineMs, onChange });
    return updated.ok ? ok(id) : updated;
  }
  const added = addServer(
    state,
    keys.credentialKey,
    { name, target, era, deadlineMs, onChange },
    SYSTEM_CLOCK.nowMs(),
  );
  return added.ok ? ok(added.value.id) : added;
}

/** The same words mean another server in another folder. */
function identityOf(target: NewServer["target"]): unknown {
  if (target.kind === "http") return target.url;
  const { command, workingDirectory } = target;
  return workingDirectory === undefined ? command : [command, workingDirectory];
}

/** A client that could start this process has no token: it is the one principal of this process. */
function accessOf(options: RunOptions, state: State, server: () => Access["server"]): () => Access {
  const grant: Grant = {
    id: "grt_run0000000000000" as GrantId,
    organisation: state.organisation as OrganisationId,
    label: "run",
    expiresAtMs: Number.POSITIVE_INFINITY,
    access: new Map(),
  };
  const policy = {
    id: "pol_run0000000000000" as PolicyId,
    name: options.policyName,
    version: 1,
    compiled: compilePolicy(options.policy),
  };
  return () => ({ grant, digest: undefined, server: server(), policy, mode: "enforce" });
}

function hasLongWindow({ all_tools, tools }: PolicyDocument): boolean {
  const entries = Object.values(tools ?? {});
  const limits: readonly Pick<Limit, "window">[] = [
    ...(all_tools?.limits ?? []),
    ...entries.flatMap((entry) => entry.limits ?? []),
    ...entries.flatMap((entry) => (entry.rate_limit === undefined ? [] : [entry.rate_limit])),
  ];
  return limits.some(({ window }) =>
    typeof window === "number" ? window > LONG_WINDOW_S : window !== "minute" && window !== "hour",
  );
}
