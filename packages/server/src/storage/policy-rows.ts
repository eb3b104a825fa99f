import { err, ok, type PolicyDocument, type Result } from "@portcullis/policy";
import type { PolicyId, ServerId } from "../call/records.ts";
import { numberOf, type Row, textOf } from "./database.ts";
import { requireServer } from "./server-rows.ts";
import { checkName, knownNames, type State } from "./state.ts";
import { makeId } from "./token.ts";

export interface PolicyRow {
  readonly id: PolicyId;
  readonly server: ServerId;
  readonly name: string;
  /** The newest version; it governs. */
  readonly version: number;
}

export interface PolicyVersionRow extends PolicyRow {
  readonly document: PolicyDocument;
  /** As its author wrote it. */
  readonly source: string;
  readonly author: string;
  readonly note: string;
  readonly createdAtMs: number;
}

/** What is published. The document has passed `parsePolicy`; a policy that does not compile never gets here. */
export interface NewVersion {
  readonly server: string;
  readonly name: string;
  readonly document: PolicyDocument;
  readonly source: string;
  readonly author: string;
  readonly note: string;
}

/** Makes a new immutable version, and the policy with its first (policy-spec A2). */
export function publishPolicy(state: State, version: NewVersion, nowMs: number): Result<PolicyRow, string> {
  const named = checkName("the policy name", version.name);
  if (!named.ok) return named;
  const { db, organisation } = state;
  return db.transaction(() => {
    const server = requireServer(state, version.server);
    if (!server.ok) return server;
    let found = findPolicy(state, server.value.id, version.name);
    if (found === undefined) {
      const id = makeId("pol") as PolicyId;
      db.run(
        "INSERT INTO policy (id, organisation, server, name) VALUES (?, ?, ?, ?)",
        id,
        organisation,
        server.value.id,
        version.name,
      );
      found = { id, server: server.value.id, name: version.name, version: 0 };
    }
    const next = found.version + 1;
    db.run(
      `INSERT INTO policy_version (policy, version, document, source, author, note, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      found.id,
      next,
      JSON.stringify(version.document),
      version.source,
      version.author,
      version.note,
      nowMs,
    );
    return ok({ ...found, version: next });
  });
}

const NEWEST = `SELECT policy.*, coalesce((SELECT max(version) FROM policy_version WHERE policy = policy.id), 0) AS version
  FROM policy`;

export function findPolicy({ db }: State, server: ServerId, idOrName: string): PolicyRow | undefined {
  const row = db.get(`${NEWEST} WHERE server = ? AND (id = ? OR name = ?)`, server, idOrName, idOrName);
  return row === undefined ? undefined : toPolicyRow(row);
}

export function listPolicies({ db }: State, server?: ServerId): readonly PolicyRow[] {
  const rows =
    server === undefined
      ? db.all(`${NEWEST} ORDER BY server, name`)
      : db.all(`${NEWEST} WHERE server = ? ORDER BY name`, server);
  return rows.map(toPolicyRow);
}

/** As {@link findPolicy}, with an error that names what there is. */
export function requirePolicy(
  state: State,
  server: { readonly id: ServerId; readonly name: string },
  idOrName: string,
): Result<PolicyRow, string> {
  const found = findPolicy(state, server.id, idOrName);
  if (found !== undefined) return ok(found);
  const names = knownNames(listPolicies(state, server.id).map(({ name }) => name));
  return err(`there is no policy \`${idOrName.slice(0, 80)}\` on server \`${server.name}\`${names}`);
}

/** Newest first. */
export function listVersions({ db }: State, policy: PolicyId): readonly PolicyVersionRow[] {
  return db
    .all(
      `SELECT policy.id, policy.server, policy.name, v.* FROM policy_version v JOIN policy ON policy.id = v.policy
         WHERE v.policy = ? ORDER BY v.version DESC`,
      policy,
    )
    .map(toVersionRow);
}

function toPolicyRow(row: Row): PolicyRow {
  return {
    id: textOf(row, "id") as PolicyId,
    server: textOf(row, "server") as ServerId,
    name: textOf(row, "name"),
    version: numberOf(row, "version"),
  };
}

function toVersionRow(row: Row): PolicyVersionRow {
  return {
    ...toPolicyRow(row),
    document: JSON.parse(textOf(row, "document")) as PolicyDocument,
    source: textOf(row, "source"),
    author: textOf(row, "author"),
    note: textOf(row, "note"),
    createdAtMs: numberOf(row, "created_at"),
  };
}
