import { join } from "node:path";
import { evaluateCall } from "@portcullis/policy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LiveSnapshot } from "../../src/snapshot/live-snapshot.ts";
import { revokeGrant, rotateGrant, setGrant } from "../../src/storage/grant-rows.ts";
import { removeServer } from "../../src/storage/server-rows.ts";
import type { State } from "../../src/storage/state.ts";
import { recordObserved } from "../../src/storage/tool-rows.ts";
import { makeFolder } from "../audit/fixtures.ts";
import {
  addTestServer,
  DENY_ALL,
  KEYS,
  mintGrant,
  NOW_MS,
  openTestState,
  publish,
  toolOf,
} from "../storage/fixtures.ts";

let folder: ReturnType<typeof makeFolder>;
/** The gateway's connection and another process's. */
let state: State;
let other: State;
let snapshot: LiveSnapshot;
const badPolicies: (string | number)[][] = [];
beforeEach(() => {
  badPolicies.length = 0;
  folder = makeFolder();
  const file = join(folder.path, "state.db");
  state = openTestState(file);
  other = openTestState(file);
  snapshot = openSnapshot();
});
afterEach(() => {
  snapshot.close();
  state.db.close();
  other.db.close();
  folder.remove();
});

function openSnapshot(): LiveSnapshot {
  return new LiveSnapshot(state, { onBadPolicy: (...policy) => badPolicies.push(policy) });
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const digestOf = (token: string) => KEYS.tokenDigest(token) ?? "";

describe("what another process commits is seen at the next request (promise P4)", () => {
  it("servers, policies, grants", async () => {
    expect(snapshot.grantByDigest("x")).toBe(undefined);
    const { id } = addTestServer(other);
    const policy = publish(other);
    const { token, grant } = mintGrant(other, "ci-runner", "support");
    await nextTurn();
    const { organisation, expiresAtMs } = { organisation: other.organisation, expiresAtMs: NOW_MS + 1_000 };
    const access = new Map([[id, { policy: policy.id, mode: "enforce" }]]);
    expect(snapshot.grantByDigest(digestOf(token))).toEqual({
      id: grant.id,
      organisation,
      label: "ci-runner",
      expiresAtMs,
      access,
    });
    expect(snapshot.server(id)?.name).toBe("stripe");
    expect([snapshot.policy(policy.id)?.name, snapshot.policy(policy.id)?.version]).toEqual(["support", 1]);
  });

  it.each([
    ["revoked", (label: string) => revokeGrant(other, label, NOW_MS)],
    ["rotated away", (label: string) => rotateGrant(other, KEYS, label)],
  ])("a grant that was %s is gone, and its open streams are no longer current", async (_, end) => {
    addTestServer(other);
    const digest = digestOf(mintGrant(other).token);
    await nextTurn();
    const grant = snapshot.grantByDigest(digest);
    if (grant === undefined) throw new Error("not found");
    expect(snapshot.isCurrent(grant, digest)).toBe(true);
    end("ci-runner");
    await nextTurn();
    expect([snapshot.grantByDigest(digest), snapshot.isCurrent(grant, digest)]).toEqual([undefined, false]);
  });

  it("a grant whose row was edited is another record and still current", async () => {
    addTestServer(other);
    const digest = digestOf(mintGrant(other).token);
    await nextTurn();
    const before = snapshot.grantByDigest(digest);
    setGrant(other, "ci-runner", { mode: "shadow" });
    await nextTurn();
    const after = snapshot.grantByDigest(digest);
    expect(before !== undefined && snapshot.isCurrent(before, digest)).toBe(true);
    expect([before, after].map((grant) => [...(grant?.access.values() ?? [])][0]?.mode)).toEqual([
      "enforce",
      "shadow",
    ]);
  });

  it("a removed server, its policies and what grants had of it", async () => {
    const { id } = addTestServer(other);
    const policy = publish(other);
    const digest = digestOf(mintGrant(other, "ci-runner", "support").token);
    await nextTurn();
    expect(snapshot.server(id) === undefined).toBe(false);
    removeServer(other, "stripe");
    await nextTurn();
    expect([snapshot.server(id), snapshot.policy(policy.id)]).toEqual([undefined, undefined]);
    expect(snapshot.grantByDigest(digest)?.access.size).toBe(0);
  });

  it("pins, also of this process after reload", async () => {
    const { id } = addTestServer(other);
    await nextTurn();
    expect(snapshot.server(id)?.hasAcceptedList).toBe(false);
    recordObserved(state, id, [toolOf("a")], { complete: true }, NOW_MS);
    snapshot.reload();
    recordObserved(other, id, [toolOf("a", { x: 1 })], { complete: true }, NOW_MS);
    const atOnce = snapshot.server(id)?.tools.get("a")?.pin;
    await nextTurn();
    expect([atOnce, snapshot.server(id)?.tools.get("a")?.pin]).toEqual(["accepted", "changed"]);
  });
});

/** Makes as many changes as are kept, after which nothing tells of any before. */
function pushOut(of: State): void {
  of.db.transaction(() => {
    for (let count = 0; count < 10_000; count += 1) {
      of.db.run("INSERT INTO change (kind, id) VALUES ('server', 'srv_none')");
    }
  });
}

describe("changes that are too many to be kept", () => {
  it("are bounded on disk, the newest stay", () => {
    addTestServer(other);
    const newestOf = (of: State) => of.db.get("SELECT count(*) AS count, max(seq) AS last FROM change");
    const before = Number(newestOf(other)?.["last"]);
    pushOut(other);
    expect(newestOf(other)).toEqual({ count: 10_000, last: before + 10_000 });
  });

  it("are found by a reader who missed them: what came, what changed and what went", async () => {
    addTestServer(other, "gone");
    const { id } = addTestServer(other);
    const lost = publish(other, DENY_ALL, "gone");
    const policy = publish(other);
    const [revoked, kept] = [mintGrant(other, "revoked"), mintGrant(other, "kept", "support")];
    await nextTurn();
    const seen = () => ({
      servers: snapshot.servers().map(({ name }) => name),
      policies: [snapshot.policy(lost.id)?.version, snapshot.policy(policy.id)?.version],
      grants: [revoked, kept, added].map(
        (grant) => grant && snapshot.grantByDigest(digestOf(grant.token))?.label,
      ),
      pin: snapshot.server(id)?.tools.get("a")?.pin,
    });
    let added: ReturnType<typeof mintGrant> | undefined;
    expect(seen()).toEqual({
      servers: ["gone", "stripe"],
      policies: [1, 1],
      grants: ["revoked", "kept", undefined],
      pin: undefined,
    });
    let heard = 0;
    snapshot.onChange(() => {
      heard += 1;
    });
    removeServer(other, "gone");
    addTestServer(other, "new");
    publish(other, { version: "1", default: "allow" });
    revokeGrant(other, "revoked", NOW_MS);
    added = mintGrant(other, "added");
    recordObserved(other, id, [toolOf("a")], { complete: true }, NOW_MS);
    pushOut(other);
    snapshot.refresh();
    expect([heard, seen()]).toEqual([
      1,
      {
        servers: ["stripe", "new"],
        policies: [undefined, 2],
        grants: [undefined, "kept", "added"],
        pin: "accepted",
      },
    ]);
  });

  it("leave the next change to be found as any other", async () => {
    pushOut(other);
    snapshot.refresh();
    const { id } = addTestServer(other);
    await nextTurn();
    expect(snapshot.server(id)?.name).toBe("stripe");
  });
});

describe("one turn sees one state (faults F23)", () => {
  it("a lookup after the first of a turn does not see what came in between", async () => {
    const { id } = addTestServer(other);
    await nextTurn();
    expect(snapshot.server(id)?.name).toBe("stripe");
    removeServer(other, "stripe");
    expect(snapshot.server(id)?.name).toBe("stripe");
    await nextTurn();
    expect(snapshot.server(id)).toBe(undefined);
  });

  it("records are frozen: a request keeps what it was judged by", async () => {
    addTestServer(other);
    const policy = publish(other);
    await nextTurn();
    const judgedBy = snapshot.policy(policy.id);
    publish(other, { version: "1", default: "allow" });
    await nextTurn();
    expect([judgedBy?.version, snapshot.policy(policy.id)?.version]).toEqual([1, 2]);
    expect(Object.isFrozen(judgedBy)).toBe(true);
    const call = { tool: "t", nowMs: 0 };
    const effects = [judgedBy, snapshot.policy(policy.id)].map(
      (p) => p && evaluateCall(p.compiled, call).effect,
    );
    expect(effects).toEqual(["deny", "allow"]);
  });
});

describe("a stored version that does not compile (threat 64)", () => {
  it("never replaces one that does, and somebody is told", async () => {
    addTestServer(other);
    const policy = publish(other);
    await nextTurn();
    expect(snapshot.policy(policy.id)?.version).toBe(1);
    other.db.run(
      "INSERT INTO policy_version (policy, version, document, source, author, note, created_at) VALUES (?, 2, '{', '', '', '', 0)",
      policy.id,
    );
    await nextTurn();
    expect(snapshot.policy(policy.id)?.version).toBe(1);
    expect(badPolicies).toEqual([[policy.id, 2]]);
  });
});

describe("listeners", () => {
  it("hear of a change without any request, after it is in place, until they leave", async () => {
    const { id } = addTestServer(other);
    const { promise: heard, resolve } = Promise.withResolvers<string | undefined>();
    let calls = 0;
    const leave = snapshot.onChange(() => {
      calls += 1;
      resolve(snapshot.server(id)?.name);
    });
    expect(await heard).toBe("stripe");
    leave();
    publish(other, DENY_ALL);
    await nextTurn();
    snapshot.refresh();
    expect(calls).toBe(1);
  });
});
