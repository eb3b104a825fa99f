import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LiveSnapshot } from "../../src/snapshot/live-snapshot.ts";
import { Database } from "../../src/storage/database.ts";
import { revokeGrant } from "../../src/storage/grant-rows.ts";
import type { State } from "../../src/storage/state.ts";
import { recordObserved } from "../../src/storage/tool-rows.ts";
import { makeFolder } from "../audit/fixtures.ts";
import {
  addTestServer,
  KEYS,
  mintGrant,
  NOW_MS,
  openTestState,
  publish,
  toolOf,
} from "../storage/fixtures.ts";

let folder: ReturnType<typeof makeFolder>;
let state: State;
let other: State;
beforeEach(() => {
  folder = makeFolder();
  state = openTestState(join(folder.path, "state.db"));
  other = openTestState(join(folder.path, "state.db"));
  addTestServer(other);
});
afterEach(() => {
  state.db.close();
  other.db.close();
  folder.remove();
});

const open = (of: State, bad: number[] = []) =>
  new LiveSnapshot(of, { onBadPolicy: (_, version) => bad.push(version) });

/** A database in which somebody else does `between` right after the list of changes was read. */
class InterruptedDatabase extends Database {
  between: (() => void) | undefined;

  override all(...args: Parameters<Database["all"]>): ReturnType<Database["all"]> {
    const rows = super.all(...args);
    if (!args[0].includes("FROM change")) return rows;
    const { between } = this;
    this.between = undefined;
    between?.();
    return rows;
  }
}

describe("changes that come while changes are applied", () => {
  it("are not marked as seen: a revocation is never missed (promise P4)", () => {
    const db = new InterruptedDatabase(join(folder.path, "state.db"));
    const { token } = mintGrant(other);
    const digest = KEYS.tokenDigest(token) ?? "";
    const snapshot = open({ db, organisation: state.organisation });
    expect(snapshot.grantByDigest(digest)?.label).toBe("ci-runner");
    publish(other);
    db.between = () => revokeGrant(other, "ci-runner", NOW_MS);
    snapshot.refresh();
    snapshot.refresh();
    expect(snapshot.grantByDigest(digest)).toBe(undefined);
    db.close();
  });

  it("a state that could not be read is read again at the next look", () => {
    const db = new InterruptedDatabase(join(folder.path, "state.db"));
    const { token } = mintGrant(other);
    const digest = KEYS.tokenDigest(token) ?? "";
    const snapshot = open({ db, organisation: state.organisation });
    revokeGrant(other, "ci-runner", NOW_MS);
    const fail = () => {
      throw new Error("disk I/O error");
    };
    db.between = fail;
    expect(snapshot.isReadable()).toBe(false);
    db.between = fail;
    expect(() => snapshot.grantByDigest(digest)).toThrow("disk I/O error");
    expect(snapshot.grantByDigest(digest)).toBe(undefined);
    expect(snapshot.isReadable()).toBe(true);
    db.close();
  });
});

describe("at the start", () => {
  it("the newest version that compiles governs (threat 64)", () => {
    const policy = publish(other);
    for (const [version, document] of [
      [2, "{"],
      [3, '{"version":"1","default":"perhaps"}'],
    ] as const) {
      other.db.run(
        "INSERT INTO policy_version (policy, version, document, source, author, note, created_at) VALUES (?, ?, ?, '', '', '', 0)",
        policy.id,
        version,
        document,
      );
    }
    const bad: number[] = [];
    expect(open(state, bad).policy(policy.id)?.version).toBe(1);
    expect(bad).toEqual([3, 2]);
  });
});

describe("tools", () => {
  it("whose definition did not change are not read again", () => {
    const [server] = other.db.all("SELECT id FROM server");
    const id = String(server?.["id"]);
    const record = (...tools: ReturnType<typeof toolOf>[]) =>
      recordObserved(other, id as Parameters<typeof recordObserved>[1], tools, { complete: true }, NOW_MS);
    record(toolOf("a"), toolOf("b"));
    const snapshot = open(state);
    const before = snapshot.server(id)?.tools;
    record(toolOf("a"), toolOf("b", { x: 1 }));
    snapshot.refresh();
    const after = snapshot.server(id)?.tools;
    expect(after?.get("a")).toBe(before?.get("a"));
    expect([before?.get("b")?.pin, after?.get("b")?.pin]).toEqual(["accepted", "changed"]);
  });
});
