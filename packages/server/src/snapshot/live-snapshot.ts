import { compilePolicy, isJsonObject, type PolicyDocument } from "@portcullis/policy";
import type {
  GoverningPolicy,
  Grant,
  OrganisationId,
  PinnedTool,
  PolicyId,
  Server,
  Snapshot,
} from "../call/ports.ts";
import { readHeaderParams } from "../mcp/header-params.ts";
import { numberOf, textOf } from "../storage/database.ts";
import { type GrantRow, toGrantRow } from "../storage/grant-rows.ts";
import { toServerRow } from "../storage/server-rows.ts";
import type { State } from "../storage/state.ts";
import { listTools, type ToolRow } from "../storage/tool-rows.ts";

/** How often open streams learn of changes while no request asks (promise P4). */
const POLL_MS = 100;

export interface LiveSnapshotOptions {
  /** A stored version that does not compile keeps the one before it; somebody must know. */
  readonly onBadPolicy: (policy: string, version: number) => void;
}

/**
 * The rows of `state.db` as immutable compiled records. Reads `data_version` at most once per event-loop turn, and
 * applies only the changed rows, all of them at once: nothing that runs in a turn sees half a change.
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
    this.#poll ??= setInterval(() => this.refresh(), POLL_MS).unref();
    return () => this.#listeners.delete(listener);
  }

  /** Looks for changes of other processes now. */
  refresh(): void {
    const version = this.#state.db.dataVersion();
    if (version === this.#version) return;
    this.#version = version;
    this.#applyChanges();
  }

  /** After a write of this process, which `data_version` does not show. */
  reload(): void {
    this.#applyChanges();
  }

  close(): void {
    clearInterval(this.#poll);
    this.#listeners.clear();
  }

  #checkOncePerTurn(): void {
    if (this.#isCheckedThisTurn) return;
    this.#isCheckedThisTurn = true;
    setImmediate(() => {
      this.#isCheckedThisTurn = false;
    });
    this.refresh();
  }

  #loadAll(): void {
    const { db } = this.#state;
    this.#version = db.dataVersion();
    this.#seq = this.#newestSeq();
    for (const row of db.all("SELECT id FROM server")) this.#loadServer(textOf(row, "id"));
    for (const row of db.all("SELECT id FROM policy")) this.#loadPolicy(textOf(row, "id"));
    for (const row of db.all("SELECT id FROM grant_ WHERE revoked_at IS NULL"))
      this.#loadGrant(textOf(row, "id"));
  }

  #newestSeq(): number {
    return numberOf(this.#state.db.get("SELECT coalesce(max(seq), 0) AS seq FROM change") ?? {}, "seq");
  }

  #applyChanges(): void {
    const { db } = this.#state;
    const changes = db.all("SELECT DISTINCT kind, id FROM change WHERE seq > ?", this.#seq);
    if (changes.length === 0) return;
    this.#seq = this.#newestSeq();
    for (const change of changes) {
      const id = textOf(change, "id");
      const kind = textOf(change, "kind");
      if (kind === "server") this.#loadServer(id);
      else if (kind === "policy") this.#loadPolicy(id);
      else this.#loadGrant(id);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #loadServer(id: string): void {
    const row = this.#state.db.get("SELECT * FROM server WHERE id = ?", id);
    if (row === undefined) {
      this.#servers.delete(id);
      return;
    }
    const server = toServerRow(row);
    const tools = listTools(this.#state, server.id).map((tool) => [tool.name, toPinnedTool(tool)] as const);
    this.#servers.set(id, Object.freeze({ ...server, tools: new Map(tools) }));
  }

  #loadPolicy(id: string): void {
    const row = this.#state.db.get(
      `SELECT policy.id, policy.name, v.version, v.document FROM policy_version v JOIN policy ON policy.id = v.policy
         WHERE v.policy = ? ORDER BY v.version DESC LIMIT 1`,
      id,
    );
    if (row === undefined) {
      this.#policies.delete(id as PolicyId);
      return;
    }
    const version = numberOf(row, "version");
    if (this.#policies.get(id as PolicyId)?.version === version) return;
    try {
      const compiled = compilePolicy(JSON.parse(textOf(row, "document")) as PolicyDocument);
      const policy = { id: id as PolicyId, name: textOf(row, "name"), version, compiled };
      this.#policies.set(policy.id, Object.freeze(policy));
    } catch {
      // INVARIANT: a policy that does not compile never replaces one that does (threat 64).
      this.#options.onBadPolicy(id, version);
    }
  }

  #loadGrant(id: string): void {
    const row = this.#state.db.get("SELECT * FROM grant_ WHERE id = ?", id);
    const grant = row === undefined ? undefined : toGrantRow(this.#state, row);
    const before = this.#digestById.get(id);
    if (before !== undefined) this.#grantsByDigest.delete(before);
    this.#digestById.delete(id);
    if (grant === undefined || grant.revokedAtMs !== undefined) return;
    this.#grantsByDigest.set(grant.digest, toGrant(grant, this.#state.organisation));
    this.#digestById.set(id, grant.digest);
  }
}

function toGrant({ id, label, expiresAtMs, access }: GrantRow, organisation: string): Grant {
  return Object.freeze({ id, organisation: organisation as OrganisationId, label, expiresAtMs, access });
}

function toPinnedTool(tool: ToolRow): PinnedTool {
  const text = tool.observedDefinition ?? tool.acceptedDefinition;
  const definition: unknown = text === undefined ? undefined : JSON.parse(text);
  const schema = isJsonObject(definition) ? definition["inputSchema"] : undefined;
  const params = readHeaderParams(schema);
  const { name, pin, observedHash, acceptedHash } = tool;
  return Object.freeze({
    name,
    pin,
    observedHash,
    acceptedHash,
    headerParams: params.ok ? params.value : [],
  });
}
