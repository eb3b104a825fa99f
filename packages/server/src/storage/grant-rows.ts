import { err, ok, type Result } from "@portcullis/policy";
import type { Keys } from "../call/ports.ts";
import type { GrantAccess, GrantId, Mode, PolicyId, ServerId } from "../call/records.ts";
import { numberOf, optionalNumberOf, optionalTextOf, type Row, textOf } from "./database.ts";
import { requirePolicy } from "./policy-rows.ts";
import { requireServer } from "./server-rows.ts";
import { checkName, knownNames, type State } from "./state.ts";
import { makeId, makeToken } from "./token.ts";

export interface GrantRow {
  readonly id: GrantId;
  readonly label: string;
  readonly digest: string;
  /** The end of the token, for people to tell tokens apart. */
  readonly last4: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | undefined;
  readonly access: ReadonlyMap<ServerId, GrantAccess>;
}

export interface NewGrant {
  readonly label: string;
  readonly server: string;
  /** Without one the grant denies everything. */
  readonly policy: string | undefined;
  readonly mode: Mode;
  readonly expiresAtMs: number;
}

/** A grant with its token, which is shown this once and kept only as a keyed digest. */
export interface MintedGrant {
  readonly grant: GrantRow;
  readonly token: string;
}

export function createGrant(
  state: State,
  keys: Pick<Keys, "tokenDigest">,
  grant: NewGrant,
  nowMs: number,
): Result<MintedGrant, string> {
  const named = checkName("the label", grant.label);
  if (!named.ok) return named;
  const minted = mint(keys);
  return state.db.transaction(() => {
    const server = requireServer(state, grant.server);
    if (!server.ok) return server;
    const policy = grant.policy === undefined ? undefined : requirePolicy(state, server.value, grant.policy);
    if (policy !== undefined && !policy.ok) return policy;
    const taken = findGrant(state, grant.label);
    if (taken !== undefined && taken.revokedAtMs === undefined) {
      return err(
        `a grant labelled \`${grant.label}\` exists; choose another --label, or rotate or revoke it`,
      );
    }
    const id = insertGrant(state, grant, minted, nowMs);
    state.db.run(
      "INSERT INTO grant_access (grant_, server, policy, mode) VALUES (?, ?, ?, ?)",
      id,
      server.value.id,
      policy?.value.id ?? null,
      grant.mode,
    );
    const row = requireGrant(state, id);
    return row.ok ? ok({ grant: row.value, token: minted.token }) : row;
  });
}

function insertGrant(
  { db, organisation }: State,
  { label, expiresAtMs }: NewGrant,
  { digest, last4 }: ReturnType<typeof mint>,
  nowMs: number,
): GrantId {
  const id = makeId("grt") as GrantId;
  db.run(
    `INSERT INTO grant_ (id, organisation, label, digest, last4, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    id,
    organisation,
    label,
    digest,
    last4,
    nowMs,
    expiresAtMs,
  );
  return id;
}

/** A new token for the same grant; the old one ends at once. */
export function rotateGrant(
  state: State,
  keys: Pick<Keys, "tokenDigest">,
  idOrLabel: string,
): Result<MintedGrant, string> {
  const minted = mint(keys);
  return state.db.transaction(() => {
    const found = requireGrant(state, idOrLabel);
    if (!found.ok) return found;
    if (found.value.revokedAtMs !== undefined) return err(revokedError(found.value));
    state.db.run(
      "UPDATE grant_ SET digest = ?, last4 = ? WHERE id = ?",
      minted.digest,
      minted.last4,
      found.value.id,
    );
    const row = requireGrant(state, found.value.id);
    return row.ok ? ok({ grant: row.value, token: minted.token }) : row;
  });
}

/** Ends a grant; a second time changes nothing. */
export function revokeGrant(state: State, idOrLabel: string, nowMs: number): Result<GrantRow, string> {
  return state.db.transaction(() => {
    const found = requireGrant(state, idOrLabel);
    if (!found.ok || found.value.revokedAtMs !== undefined) return found;
    state.db.run("UPDATE grant_ SET revoked_at = ? WHERE id = ?", nowMs, found.value.id);
    return requireGrant(state, found.value.id);
  });
}

/** Changes policy or mode on the grant's server; undefined leaves one as it is. */
export function setGrant(
  state: State,
  idOrLabel: string,
  change: { readonly policy?: string | undefined; readonly mode?: Mode | undefined },
): Result<GrantRow, string> {
  return state.db.transaction(() => {
    const found = requireGrant(state, idOrLabel);
    if (!found.ok) return found;
    if (found.value.revokedAtMs !== undefined) return err(revokedError(found.value));
    for (const [serverId, access] of found.value.access) {
      const server = requireServer(state, serverId);
      if (!server.ok) return server;
      const policy =
        change.policy === undefined ? undefined : requirePolicy(state, server.value, change.policy);
      if (policy !== undefined && !policy.ok) return policy;
      state.db.run(
        "UPDATE grant_access SET policy = ?, mode = ? WHERE grant_ = ? AND server = ?",
        policy === undefined ? (access.policy ?? null) : policy.value.id,
        change.mode ?? access.mode,
        found.value.id,
        serverId,
      );
    }
    return requireGrant(state, found.value.id);
  });
}

export function listGrants(state: State): readonly GrantRow[] {
  const { db, organisation } = state;
  return db
    .all("SELECT * FROM grant_ WHERE organisation = ? ORDER BY created_at, id", organisation)
    .map((row) => toGrantRow(state, row));
}

/** Every grant that is not revoked, in two passes however many there are: what a gateway loads when it starts. */
export function* liveGrants({ db, organisation }: State): Generator<GrantRow> {
  const accesses = db.iterate(
    `SELECT a.* FROM grant_access a JOIN grant_ g ON g.id = a.grant_
       WHERE g.organisation = ? AND g.revoked_at IS NULL ORDER BY a.grant_`,
    organisation,
  );
  let next = accesses.next();
  const rows = db.iterate(
    "SELECT * FROM grant_ WHERE organisation = ? AND revoked_at IS NULL ORDER BY id",
    organisation,
  );
  for (const row of rows) {
    const id = textOf(row, "id");
    const access: Row[] = [];
    for (; next.done !== true && textOf(next.value, "grant_") === id; next = accesses.next()) {
      access.push(next.value);
    }
    yield withAccess(row, access);
  }
}

/** By id or label; a live grant goes before a revoked one of the same label. */
export function findGrant(state: State, idOrLabel: string): GrantRow | undefined {
  const row = state.db.get(
    `SELECT * FROM grant_ WHERE organisation = ? AND (id = ? OR label = ?)
       ORDER BY revoked_at IS NOT NULL, created_at DESC LIMIT 1`,
    state.organisation,
    idOrLabel,
    idOrLabel,
  );
  return row === undefined ? undefined : toGrantRow(state, row);
}

function requireGrant(state: State, idOrLabel: string): Result<GrantRow, string> {
  const found = findGrant(state, idOrLabel);
  if (found !== undefined) return ok(found);
  const labels = listGrants(state).map(({ label }) => label);
  return err(`there is no grant \`${idOrLabel.slice(0, 80)}\`${knownNames(labels)}`);
}

export function toGrantRow({ db }: State, row: Row): GrantRow {
  return withAccess(row, db.all("SELECT * FROM grant_access WHERE grant_ = ?", textOf(row, "id")));
}

function withAccess(row: Row, entries: readonly Row[]): GrantRow {
  const access = entries.map((entry) => {
    const server = textOf(entry, "server") as ServerId;
    const policy = optionalTextOf(entry, "policy") as PolicyId | undefined;
    return [server, { policy, mode: textOf(entry, "mode") as Mode }] as const;
  });
  return {
    id: textOf(row, "id") as GrantId,
    label: textOf(row, "label"),
    digest: textOf(row, "digest"),
    last4: textOf(row, "last4"),
    createdAtMs: numberOf(row, "created_at"),
    expiresAtMs: numberOf(row, "expires_at"),
    revokedAtMs: optionalNumberOf(row, "revoked_at"),
    access: new Map(access),
  };
}

function revokedError({ label }: GrantRow): string {
  return `grant \`${label}\` is revoked; make a new one with \`grant create\``;
}

function mint(keys: Pick<Keys, "tokenDigest">): { token: string; digest: string; last4: string } {
  const token = makeToken("g");
  const digest = keys.tokenDigest(token);
  if (digest === undefined) throw new TypeError("a fresh token is not well-formed");
  return { token, digest, last4: token.slice(-4) };
}
