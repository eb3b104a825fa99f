import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LiveSnapshot } from "../../src/snapshot/live-snapshot.ts";
import { publishPolicy } from "../../src/storage/policy-rows.ts";
import type { State } from "../../src/storage/state.ts";
import { makeFolder } from "../audit/fixtures.ts";
import { addTestServer, DENY_ALL, KEYS, mintGrant, NOW_MS, openTestState } from "../storage/fixtures.ts";

const GRANTS = 1_000;
const REVOKER = join(import.meta.dirname, "revoker.ts");

let folder: ReturnType<typeof makeFolder>;
let state: State;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = makeFolder();
  state = openTestState(join(folder.path, "state.db"));
  addTestServer(state);
});
afterEach(() => {
  child?.kill("SIGKILL");
  state.db.close();
  folder.remove();
});

describe("another process revokes while this one serves and writes (promise P4, faults F25)", () => {
  it(`each of ${GRANTS} grants is gone at the next lookup, and no commit is refused`, {
    timeout: 60_000,
  }, async () => {
    const digests = new Map<string, string>();
    for (let count = 0; count < GRANTS; count += 1) {
      const { token, grant } = mintGrant(state, `grant-${count}`);
      digests.set(grant.id, KEYS.tokenDigest(token) ?? "");
    }
    const snapshot = new LiveSnapshot(state, { onBadPolicy: () => {} });
    const revoker = spawn(
      process.execPath,
      ["--conditions=portcullis-source", REVOKER, join(folder.path, "state.db")],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    child = revoker;
    let seen = 0;
    const alive: string[] = [];
    for await (const id of createInterface({ input: revoker.stdout })) {
      // A line read from a pipe came before this turn's first look, as a request that follows a revocation does.
      await new Promise((resolve) => setImmediate(resolve));
      seen += 1;
      if (snapshot.grantByDigest(digests.get(id) ?? "") !== undefined) alive.push(id);
      if (seen % 10 === 0) {
        const version = { server: "stripe", name: "p", document: DENY_ALL, source: "", author: "", note: "" };
        expect(publishPolicy(state, version, NOW_MS).ok).toBe(true);
      }
    }
    expect([seen, alive]).toEqual([GRANTS, []]);
  });
});
