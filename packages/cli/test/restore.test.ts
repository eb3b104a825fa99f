import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { FILES, type Home, makeHome } from "./clients/home.ts";
import { type Ended, runInProcess } from "./fake-io.ts";

const FIXTURE = fileURLToPath(new URL("./fixtures/listed-server.mjs", import.meta.url));

let home: Home;
let before: { readonly [path: string]: string };

const WRITTEN = [FILES.claudeDesktop, FILES.cursorUser, FILES.codex];

function run(...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: home.project, env: home.env });
}

function read(path: string): string {
  return readFileSync(join(home.home, path), "utf8");
}

function edit(path: string, from: string, to: string): void {
  const text = read(path);
  expect(text).toContain(from);
  writeFileSync(join(home.home, path), text.replace(from, to));
}

async function liveGrants(): Promise<readonly string[]> {
  const grants: { label: string; revokedAt: string | null }[] = JSON.parse(
    (await run("grant", "list", "--json")).stdout,
  );
  return grants
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ label }) => label)
    .sort();
}

beforeEach(async () => {
  home = makeHome();
  const tools = home.write("tools.json", '[{"name":"read_note","inputSchema":{"type":"object"}}]');
  const entry = `"command": ${JSON.stringify(process.execPath)}, "args": ${JSON.stringify([FIXTURE, tools])}`;
  home.write(FILES.claudeDesktop, `{"theme":"dark","mcpServers":{"notes":{${entry}}}}`);
  home.write(
    FILES.cursorUser,
    `{\n  "mcpServers": {\n    "notes": {\n      // mine\n      ${entry},\n    },\n  },\n}\n`,
  );
  home.write(
    FILES.codex,
    `model = "a"\n[mcp_servers.notes]\ncommand = ${JSON.stringify(process.execPath)} # node\nargs = ${JSON.stringify([FIXTURE, tools])}\n`,
  );
  before = Object.fromEntries(WRITTEN.map((path) => [path, read(path)]));
  const done = await run("init", "--yes");
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("Start the gateway")]);
});

describe("restore", () => {
  test("puts every file back letter for letter, with its mode, and revokes the grants", async () => {
    expect(await liveGrants()).toHaveLength(3);
    const dry = await run("restore", "--dry-run");
    expect([dry.code, dry.stdout.match(/Would restore/g)?.length]).toEqual([0, 3]);
    expect(await liveGrants()).toHaveLength(3);
    const done = await run("restore");
    expect([done.code, done.stdout.match(/^Restored/gm)?.length]).toEqual([0, 3]);
    for (const path of WRITTEN) {
      expect(read(path)).toBe(before[path]);
      expect(statSync(join(home.home, path)).mode & 0o777).toBe(0o644);
      expect(existsSync(join(home.home, `${path}.bak`))).toBe(false);
    }
    expect(await liveGrants()).toEqual([]);
    expect((await run("restore")).stdout).toContain("Nothing was changed.");
  });

  test("keeps what was edited since", async () => {
    edit(FILES.claudeDesktop, "dark", "light");
    edit(FILES.codex, '"a"', '"b"');
    edit(FILES.cursorUser, '"mcpServers": {', '"mcpServers": {\n    "new": { "command": "x" },');
    expect((await run("restore")).code).toBe(0);
    expect(read(FILES.claudeDesktop)).toBe(before[FILES.claudeDesktop]?.replace("dark", "light"));
    expect(read(FILES.codex)).toBe(before[FILES.codex]?.replace('"a"', '"b"'));
    expect(read(FILES.cursorUser)).toBe(
      before[FILES.cursorUser]?.replace('"mcpServers": {', '"mcpServers": {\n    "new": { "command": "x" },'),
    );
    // The file is not what the copy says: the copy stays.
    expect(existsSync(join(home.home, `${FILES.cursorUser}.bak`))).toBe(true);
  });

  test("leaves a broken file alone, with its grant, until it can be read again", async () => {
    edit(FILES.cursorUser, '"mcpServers": {', '"mcpServers": ');
    const broken = read(FILES.cursorUser);
    const ended = await run("restore");
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("it is not valid JSON")]);
    expect([read(FILES.cursorUser), await liveGrants()]).toEqual([broken, ["cursor-notes"]]);
    edit(FILES.cursorUser, '"mcpServers": ', '"mcpServers": {');
    expect((await run("restore")).code).toBe(0);
    expect([read(FILES.cursorUser), await liveGrants()]).toEqual([before[FILES.cursorUser], []]);
  });

  test("says of grants that could not be revoked that they are in force, and revokes them the next time", async () => {
    const db = new DatabaseSync(join(home.home, ".local/share/portcullis/state.db"));
    db.exec("CREATE TRIGGER full BEFORE UPDATE ON grant_ BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    const ended = await run("restore");
    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringContaining("may still be in force (disk full)"),
    ]);
    expect([read(FILES.codex), (await liveGrants()).length]).toEqual([before[FILES.codex], 3]);
    db.exec("DROP TRIGGER full");
    db.close();
    expect([(await run("restore")).code, await liveGrants()]).toEqual([0, []]);
  });

  test("an entry that was taken away or changed by hand is left, and its grant is revoked", async () => {
    writeFileSync(join(home.home, FILES.cursorUser), '{"mcpServers":{"notes":{"command":"mine"}}}');
    writeFileSync(join(home.home, FILES.claudeDesktop), "{}");
    const ended = await run("restore", "--json");
    expect(JSON.parse(ended.stdout)).toMatchObject({
      applied: true,
      files: [
        { path: join(home.home, FILES.claudeDesktop), restored: [], gone: ["notes"] },
        { path: join(home.home, FILES.cursorUser), restored: [], gone: ["notes"] },
        { path: join(home.home, FILES.codex), restored: ["notes"], gone: [] },
      ],
    });
    expect(read(FILES.cursorUser)).toBe('{"mcpServers":{"notes":{"command":"mine"}}}');
    expect(await liveGrants()).toEqual([]);
  });

  test("one client only", async () => {
    expect((await run("restore", "--client", "codex")).code).toBe(0);
    expect(read(FILES.codex)).toBe(before[FILES.codex]);
    expect(read(FILES.cursorUser)).not.toBe(before[FILES.cursorUser]);
    expect(await liveGrants()).toEqual(["claude-desktop-notes", "cursor-notes"]);
  });

  test("init again afterwards finds the server that it knows", async () => {
    await run("restore");
    const again = JSON.parse((await run("init", "--yes", "--json")).stdout);
    expect(again).toMatchObject({ applied: true, servers: [{ name: "notes", isNew: false }] });
    expect(await liveGrants()).toHaveLength(3);
  });
});
