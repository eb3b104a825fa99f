import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ok } from "@portcullis/policy";
import { listGrants, openDataFolder, openState } from "@portcullis/server";
import { describe, expect, test } from "vitest";
import { CLIENTS } from "../../src/clients/all-clients.ts";
import { discoverFiles } from "../../src/clients/discover.ts";
import { readInitRecord, writeInitRecord } from "../../src/clients/init-record.ts";
import { knownServers } from "../../src/clients/known-servers.ts";
import { type Applied, applyPlan } from "../../src/commands/init/apply.ts";
import { toCandidates } from "../../src/commands/init/candidate.ts";
import { makePlan } from "../../src/commands/init/plan.ts";
import type { Workspace } from "../../src/workspace.ts";
import { FILES, type Home, linuxPlaces, makeHome, readingIo } from "./home.ts";

const ENTRY = '{"mcpServers":{"notes":{"command":"no-such-server"}}}';

function open(home: Home): Workspace {
  const folder = openDataFolder(join(home.home, "data"));
  if (!folder.ok) throw new Error(folder.error);
  const state = openState(folder.value.stateFile);
  if (!state.ok) throw new Error(state.error);
  return { folder: folder.value, state: state.value };
}

/** What `init` does once it has looked at the servers and got its yes. */
function apply(home: Home, workspace: Workspace): readonly Applied[] {
  const files = discoverFiles(CLIENTS, linuxPlaces(home), readingIo(home));
  const known = knownServers(workspace.folder, workspace.state);
  const look = ok({ tools: [], classified: [], instructions: undefined, warnings: [] });
  const looks = toCandidates(files, known, () => undefined).map((each) => [each, look] as const);
  const [dataDir, urlOf] = [join(home.home, "data"), () => "http://127.0.0.1:7411/mcp/x/"];
  const plan = makePlan({ files, looks, urlOf, dataDir, ended: [] });
  const times = { nowMs: Date.now(), lifetimeMs: 86_400_000, deadlineMs: 55_000 };
  const applied = applyPlan(plan, workspace, { ...times, mode: "enforce", dataDir, urlOf });
  if (!applied.ok) throw new Error(JSON.stringify(applied.error));
  return applied.value;
}

function live({ state }: Workspace): readonly string[] {
  return listGrants(state).flatMap(({ id, revokedAtMs }) => (revokedAtMs === undefined ? [id] : []));
}

describe("when a step of init fails", () => {
  test("the record cannot be written: the file is as it was, no grant and no copy is left", () => {
    const home = makeHome();
    const file = home.write(FILES.cursorUser, ENTRY);
    const workspace = open(home);
    const path = join(home.home, "gone");
    const [applied] = apply(home, { ...workspace, folder: { ...workspace.folder, path } });
    expect(applied).toMatchObject({ backup: undefined, grants: [], warnings: [] });
    expect(applied?.problem).toMatch(/^Cursor: it cannot be written: there is no such file; its record /);
    expect([readFileSync(file, "utf8"), live(workspace)]).toEqual([ENTRY, []]);
    expect(existsSync(`${file}.bak`)).toBe(false);
  });

  test("an old grant cannot be revoked: the new one stays, is on record, and the user is told", () => {
    const home = makeHome();
    const file = home.write(FILES.cursorUser, ENTRY);
    const workspace = open(home);
    apply(home, workspace);
    const [old] = live(workspace);
    writeFileSync(file, ENTRY);
    workspace.state.db.exec(
      `CREATE TRIGGER stuck BEFORE UPDATE ON grant_ WHEN OLD.id = '${old}' BEGIN SELECT RAISE(ABORT, 'stuck'); END`,
    );
    rmSync(`${file}.bak`);
    const [applied] = apply(home, workspace);
    expect(applied).toMatchObject({
      problem: undefined,
      warnings: [expect.stringMatching(/^`grant revoke cursor-notes` is still to be done \(.*stuck/)],
    });
    const record = readInitRecord(workspace.folder);
    const recorded = record.ok ? record.value.entries.map(({ grant }) => grant) : [];
    expect(live(workspace)).toEqual(expect.arrayContaining(recorded));
    expect(recorded).toHaveLength(1);
    expect(recorded).not.toContain(old);
    expect(readFileSync(file, "utf8")).toContain("pcl_g_");
  });

  test("no grant can be made: the file is as it was, and its problem is told", () => {
    const home = makeHome();
    const file = home.write(FILES.cursorUser, ENTRY);
    const workspace = open(home);
    workspace.state.db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON grant_ BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    );
    expect(apply(home, workspace)).toMatchObject([
      { grants: [], problem: "the data folder cannot be used: disk is full" },
    ]);
    expect(readFileSync(file, "utf8")).toBe(ENTRY);
  });

  test("a server cannot be registered: it says that not all was done", () => {
    const home = makeHome();
    home.write(FILES.cursorUser, ENTRY);
    const workspace = open(home);
    workspace.state.db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON server BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    );
    expect(() => apply(home, workspace)).toThrow(/disk is full","isPartial":true/);
  });

  test("a record that cannot be put in its place leaves no draft", () => {
    const path = makeHome().home;
    mkdirSync(join(path, "clients.json", "x"), { recursive: true });
    const before = readdirSync(path);
    expect(() => writeInitRecord({ path }, { version: 1, files: [], entries: [] })).toThrow();
    expect(readdirSync(path)).toEqual(before);
  });
});
