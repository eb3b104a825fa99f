import { compilePolicy, isJsonObject, validatePolicy } from "@portcullis/policy";
import type { Snapshot } from "../call/ports.ts";
import type {
  GoverningPolicy,
  Grant,
  OrganisationId,
  PinnedTool,
  PolicyId,
  Server,
} from "../call/records.ts";
import { turn } from "../call/turn.ts";
import { HEADER_ANNOTATION, type HeaderParam, readHeaderParams } from "../mcp/header-params.ts";
import { numberOf, type Row, textOf } from "../storage/database.ts";
import { type GrantRow, liveGrants, toGrantRow } from "../storage/grant-rows.ts";
import { toServerRow } from "../storage/server-rows.ts";
import type { State } from "../storage/state.ts";
import { listTools, type ToolRow } from "../storage/tool-rows.ts";

/** A row of `server`, `policy` or `grant_` that is to be read anew. */
interface Change {
  readonly kind: string;
  readonly id: string;
}

/** How often open streams learn of changes while no request asks (promise P4). */
const POLL_MS = 100;

export interface LiveSnapshotOptions {
  /** A stored version that does not compile keeps the one before it; somebody must know. */
  readonly onBadPolicy: (policy: string, version: number) => void;
}

/**
 * The rows of `state.db` as immutable compiled records. Reads `data_version` at most twice per event-loop turn, before
 * its commits and behind them, and applies only the changed rows, all of them at once: nobody sees half a change.
 */
export class LiveSnapshot implements Snapshot {
  readonly #state: State;
  readonly #options: LiveSnapshotOptions;
  readonly #servers = new Map<string, Server>();
  readonly #policies = new Map<PolicyId, GoverningPolicy>();
  readonly #grantsByDigest = new Map<string, Grant>();
  readonly #digestById = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  #version = -1;
  #seq = 0;
  #isCheckedThisTurn = false;
  #poll: NodeJS.Timeout | undefined;

  constructor(state: State, options: LiveSnapshotOptions) {
    this.#state = state;
    this.#options = options;
    this.#loadAll();
  }

  grantByDigest(digest: string): Grant | undefined {
    this.#checkOncePerTurn();
    return this.#grantsByDigest.get(digest);
  }

  isCurrent(grant: Grant, digest: string | undefined): boolean {
    this.#checkOncePerTurn();
    // A grant that an edited row replaced is still current: only the digest must lead to the same grant.
    return digest === undefined || this.#grantsByDigest.get(digest)?.id === grant.id;
  }

  server(id: string): Server | undefined {
    this.#checkOncePerTurn();
    return this.#servers.get(id);
  }

  servers(): readonly Server[] {
    this.#checkOncePerTurn();
    return [...this.#servers.values()];
  }

  policy(id: PolicyId): GoverningPolicy | undefined {
    this.#checkOncePerTurn();
    return this.#policies.get(id);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#poll ??= setInterval(() => this.#pollOnce(), POLL_MS).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    };
  }

  /** Looks for changes of other processes now. */
  refresh(): void {
    const version = this.#state.db.dataVersion();
    if (version === this.#version) return;
    this.#applyChanges();
    // INVARIANT: only after all changes are in place; a failed attempt is made again at the next look.
    this.#version = version;
  }

  /** False while the state cannot be read: every request is refused then. */
  isReadable(): boolean {
    try {
      this.refresh();
      return true;
    } catch {
      return false;
    }
  }

  /** After a write of this process, which `data_version` does not show. */
  reload(): void {
    this.#applyChanges();
  }

  close(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.#listeners.clear();
  }

  #pollOnce(): void {
    try {
      this.refresh();
    } catch {
      // The next request looks for itself, and is refused while the state cannot be read.
    }
  }

  /** With the commits: what is sent behind one is looked at once more. */
  readonly #forgetCheck = (): void => {
    this.#isCheckedThisTurn = false;
  };

  #checkOncePerTurn(): void {
    if (this.#isCheckedThisTurn) return;
    this.refresh();
    this.#isCheckedThisTurn = true;
    turn.commits.add(this.#forgetCheck);
  }

  #loadAll(): void {
    const { db } = this.#state;
    this.#version = db.dataVersion();
    db.reading(() => {
      this.#seq = numberOf(db.get("SELECT coalesce(max(seq), 0) AS seq FROM change") ?? {}, "seq");
      for (const row of db.all("SELECT id FROM server")) this.#loadServer(textOf(row, "id"));
      for (const row of db.all("SELECT id FROM policy")) this.#loadPolicy(textOf(row, "id"));
      for (const grant of liveGrants(this.#state)) this.#setGrant(grant);
    });
  }

  #applyChanges(): void {
    const { db } = this.#state;
    // One view for the list of changes and for what changed: a commit in between would be marked as seen unread.
    const hasChanged = db.reading(() => {
      const changes = db.all("SELECT seq, kind, id FROM change WHERE seq > ? ORDER BY seq", this.#seq);
      const [first, last] = [changes[0], changes.at(-1)];
      if (first === undefined || last === undefined) return false;
      // Only the newest changes are kept: where the next one is missing, nothing tells what it was.
      const isWhole = numberOf(first, "seq") === this.#seq + 1;
      this.#loadEach(isWhole ? changes.map(toChange) : this.#everything());
      this.#seq = numberOf(last, "seq");
      return true;
    });
    if (hasChanged) for (const listener of [...this.#listeners]) listener();
  }

  #loadEach(changes: readonly Change[]): void {
    const seen = new Set<string>();
    for (const { kind, id } of changes) {
      if (seen.has(`${kind} ${id}`)) continue;
      seen.add(`${kind} ${id}`);
      if (kind === "server") this.#loadServer(id);
      else if (kind === "policy") this.#loadPolicy(id);
      else this.#loadGrant(id);
    }
  }

  /** What there is, and what is known here and may be gone. */
  #everything(): readonly Change[] {
    const stored = this.#state.db.all(
      `SELECT 'server' AS kind, id FROM server UNION ALL SELECT 'policy', id FROM policy
         UNION ALL SELECT 'grant', id FROM grant_`,
    );
    return [
      ...stored.map(toChange),
      ...[...this.#servers.keys()].map((id) => ({ kind: "server", id })),
      ...[...this.#policies.keys()].map((id) => ({ kind: "policy", id })),
      ...[...this.#digestById.keys()].map((id) => ({ kind: "grant", id })),
    ];
  }

  #loadServer(id: string): void {
    const row = this.#state.db.get("SELECT * FROM server WHERE id = ?", id);
    if (row === undefined) {
      this.#servers.delete(id);
      return;
    }
    const server = toServerRow(row);
    const before = this.#servers.get(id)?.tools;
    const tools = listTools(this.#state, server.id).map((tool) => {
      return [tool.name, toPinnedTool(tool, before?.get(tool.name))] as const;
    });
    this.#servers.set(id, Object.freeze({ ...server, tools: new Map(tools) }));
  }

  #loadPolicy(id: string): void {
    const rows = this.#state.db.iterate(
      `SELECT policy.id, policy.name, v.version, v.document FROM policy_version v JOIN policy ON policy.id = v.policy
         WHERE v.policy = ? ORDER BY v.version DESC`,
      id,
    );
    const before = this.#policies.get(id as PolicyId);
    let isGone = true;
    for (const row of rows) {
      isGone = false;
      if (before?.version === numberOf(row, "version")) return;
      const policy = toGoverningPolicy(row);
      if (policy !== undefined) {
        this.#policies.set(policy.id, policy);
        return;
      }
      // INVARIANT: a policy that does not compile never replaces one that does (threat 64).
      this.#options.onBadPolicy(id, numberOf(row, "version"));
    }
    if (isGone) this.#policies.delete(id as PolicyId);
  }

  #loadGrant(id: string): void {
    const row = this.#state.db.get("SELECT * FROM grant_ WHERE id = ?", id);
    const grant = row === undefined ? undefined : toGrantRow(this.#state, row);
    const before = this.#digestById.get(id);
    if (before !== undefined) this.#grantsByDigest.delete(before);
    this.#digestById.delete(id);
    if (grant !== undefined && grant.revokedAtMs === undefined) this.#setGrant(grant);
  }

  #setGrant(grant: GrantRow): void {
    this.#grantsByDigest.set(grant.digest, toGrant(grant, this.#state.organisation));
    this.#digestById.set(grant.id, grant.digest);
  }
}

function toChange(row: Row): Change {
  return { kind: textOf(row, "kind"), id: textOf(row, "id") };
}

/** Undefined for a stored version that does not compile: damaged, or written by a program that knew more. */
function toGoverningPolicy(row: Row): GoverningPolicy | undefined {
  try {
    const document = validatePolicy(JSON.parse(textOf(row, "document")));
    if (!document.ok) return undefined;
    const compiled = compilePolicy(document.value);
    const [id, name, version] = [textOf(row, "id"), textOf(row, "name"), numberOf(row, "version")];
    return Object.freeze({ id: id as PolicyId, name, version, compiled });
  } catch {
    return undefined;
  }
}

function toGrant({ id, label, expiresAtMs, access }: GrantRow, organisation: string): Grant {
  return Object.freeze({ id, organisation: organisation as OrganisationId, label, expiresAtMs, access });
}

/** Reading a definition costs more than all the rest: what has the same one is kept. */
function toPinnedTool(tool: ToolRow, before: PinnedTool | undefined): PinnedTool {
  if (
    before?.pin === tool.pin &&
    before.observedHash === tool.observedHash &&
    before.acceptedHash === tool.acceptedHash
  ) {
    return before;
  }
  const { name, pin, observedHash, acceptedHash } = tool;
  const headerParams = headerParamsIn(tool.observedDefinition ?? tool.acceptedDefinition);
  return Object.freeze({ name, pin, observedHash, acceptedHash, headerParams });
}

/** Throws for a definition that is damaged: nothing may be let through by what cannot be read. */
function headerParamsIn(definition: string | undefined): readonly HeaderParam[] {
  const tool: unknown = definition === undefined ? undefined : JSON.parse(definition);
  // Few tools have any, and a definition that was stored spells the name as it is (`JSON.stringify`).
  if (definition?.includes(HEADER_ANNOTATION) !== true) return [];
  const params = readHeaderParams(isJsonObject(tool) ? tool["inputSchema"] : undefined);
  return params.ok ? params.value : [];
}
