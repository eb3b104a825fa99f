import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyDocument } from "@portcullis/policy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LiveSnapshot } from "../../src/snapshot/live-snapshot.ts";
import { createGrant, revokeGrant, rotateGrant, setGrant } from "../../src/storage/grant-rows.ts";
import { FolderKeys, makeRootKey } from "../../src/storage/keys.ts";
import { publishPolicy } from "../../src/storage/policy-rows.ts";
import { addServer, removeServer, type ServerRow } from "../../src/storage/server-rows.ts";
import { openState, type State } from "../../src/storage/state.ts";

const keys = new FolderKeys(makeRootKey());
let folder: string;
/** The gateway's connection, and another process's. */
let own: State;
let other: State;
let server: ServerRow;
let snapshot: LiveSnapshot;
let badPolicies: string[];

function unwrap<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** A turn of the event loop ends; the next lookup looks anew. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-snapshot-"));
  own = unwrap(openState(join(folder, "state.db")));
  other = unwrap(openState(join(folder, "state.db")));
  const target = { kind: "stdio", command: ["x"] } as const;
  const options = { name: "files", target, era: "auto", deadlineMs: 1, onChange: "block" } as const;
  server = unwrap(addServer(other, keys.credentialKey, options, 1));
  badPolicies = [];
  snapshot = new LiveSnapshot(own, {
    onBadPolicy: (policy, version) => badPolicies.push(`${policy} ${version}`),
  });
});

afterEach(() => {
  snapshot.close();
  own.db.close();
  other.db.close();
  rmSync(folder, { recursive: true, force: true });
});

const publish = (document: unknown) =>
  unwrap(
    publishPolicy(
      other,
      { server: "files", name: "p", document: document as PolicyDocument, source: "", author: "", note: "" },
      1,
    ),
  );

const mint = (label: string) => {
  const grant = { label, server: "files", policy: "p", mode: "enforce", expiresAtMs: 9e15 } as const;
  const { grant: row, token } = unwrap(createGrant(other, keys, grant, 1));
  return { id: row.id, digest: keys.tokenDigest(token) ?? "" };
};

test("what another process committed is seen by the next turn's lookup (promise P4)", async () => {
  const policy = publish({ version: "1", default: "deny" });
  const { id, digest } = mint("agent");
  await nextTurn();
  const grant = snapshot.grantByDigest(digest);
  expect(grant?.access.get(server.id)).toEqual({ policy: policy.id, mode: "enforce" });
  if (grant === undefined) throw new Error("no grant");

  unwrap(setGrant(other, id, { mode: "shadow" }));
  await nextTurn();
  expect(snapshot.grantByDigest(digest)?.access.get(server.id)?.mode).toBe("shadow");
  expect(snapshot.isCurrent(grant, digest)).toBe(true);

  const rotated = keys.tokenDigest(unwrap(rotateGrant(other, keys, id)).token) ?? "";
  await nextTurn();
  expect([snapshot.isCurrent(grant, digest), snapshot.grantByDigest(rotated)?.id]).toEqual([false, id]);

  unwrap(revokeGrant(other, id, 2));
  await nextTurn();
  expect(snapshot.grantByDigest(rotated)).toBeUndefined();

  unwrap(removeServer(other, "files"));
  await nextTurn();
  expect([snapshot.server(server.id), snapshot.policy(policy.id)]).toEqual([undefined, undefined]);
});

test("the newest version governs; one that does not compile never does (threat 64)", async () => {
  const { id } = publish({ version: "1", default: "deny" });
  publish({ version: "1", default: "allow" });
  await nextTurn();
  expect(snapshot.policy(id)?.version).toBe(2);
  publish({
    version: "1",
    default: "deny",
    tools: { t: { require: [{ conditions: [{ path: "args.x", op: "regex", value: "(" }] }] } },
  });
  await nextTurn();
  expect(snapshot.policy(id)?.version).toBe(2);
  expect(badPolicies).toEqual([`${id} 3`]);
});

test("listeners hear of a change after it is in place, without anybody asking", async () => {
  publish({ version: "1", default: "deny" });
  const { id, digest } = mint("agent");
  await nextTurn();
  expect(snapshot.grantByDigest(digest)?.id).toBe(id);
  const heard = new Promise((resolve) => snapshot.onChange(() => resolve(snapshot.grantByDigest(digest))));
  unwrap(revokeGrant(other, id, 2));
  expect(await heard).toBeUndefined();
});

test("two hundred revocations: each is gone from the next turn on, the others stay", async () => {
  publish({ version: "1", default: "deny" });
  const grants = Array.from({ length: 200 }, (_, index) => mint(`agent-${index}`));
  await nextTurn();
  for (const [index, { id, digest }] of grants.entries()) {
    unwrap(revokeGrant(other, id, 2));
    await nextTurn();
    expect(snapshot.grantByDigest(digest)).toBeUndefined();
    const next = grants[index + 1];
    if (next !== undefined) expect(snapshot.grantByDigest(next.digest)?.id).toBe(next.id);
  }
});
