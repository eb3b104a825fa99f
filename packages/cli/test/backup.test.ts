import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";

const CHECKPOINT_OF_1 = "portcullis/org\n1\nAAAA\ntime 1\n\n\u2014 portcullis-audit AAAA\n";
const CHECKPOINT_OF_3 = CHECKPOINT_OF_1.replace("\n1\n", "\n3\n");

describe("backup", () => {
  test.each([
    ["a ledger of blocks", "block"],
    ["a ledger that no gateway of this version has opened yet", "entry"],
  ])("holds consistent copies of both databases while they are written, and no key: %s", async (_, table) => {
    const cwd = newFolder();
    await using writer = openDataFolder(cwd, table);
    const ended = await runInProcess(["backup", "all.tar", "--data", "data", "--json"], { cwd });
    const entries = ["checkpoints.log", "audit.pub", "ledger.db", "state.db", "config.yaml"];
    const file = join(cwd, "all.tar");
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([
      0,
      { file, bytes: statSync(file).size, entries, withKey: false },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(unpack(file, cwd)).toEqual([...entries].sort());
    expect(rowsOf(join(cwd, "unpacked", "ledger.db"), table)).toBe(2);
    expect(rowsOf(join(cwd, "unpacked", "state.db"), table)).toBe(2);
    expect(readFileSync(join(cwd, "unpacked", "config.yaml"), "utf8")).toBe("port: 1\n");
    // The second one speaks of a row that the copy of the log has not.
    expect(readFileSync(join(cwd, "unpacked", "checkpoints.log"), "utf8")).toBe(CHECKPOINT_OF_1);
    writer.add();
    expect(readdirSync(cwd).sort()).toEqual(["all.tar", "data", "unpacked"]);
  });

  test("--with-key puts the key in", async () => {
    const cwd = newFolder();
    await using _writer = openDataFolder(cwd);
    const ended = await runInProcess(["backup", "all.tar", "--data", "data", "--with-key"], { cwd });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    unpack(join(cwd, "all.tar"), cwd);
    expect(readFileSync(join(cwd, "unpacked", "key"), "utf8")).toBe("secret");
  });

  test("an existing file is never replaced", async () => {
    const cwd = newFolder();
    await using _writer = openDataFolder(cwd);
    writeFileSync(join(cwd, "all.tar"), "mine");
    expect(await runInProcess(["backup", "all.tar", "--data", "data"], { cwd })).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: \`${join(cwd, "all.tar")}\` exists already: choose another name\n`,
    });
    expect(readFileSync(join(cwd, "all.tar"), "utf8")).toBe("mine");
  });

  test("a broken database: one line, and nothing is left behind", async () => {
    const cwd = newFolder();
    mkdirSync(join(cwd, "data"));
    writeFileSync(join(cwd, "data", "state.db"), "x".repeat(8192));
    const ended = await runInProcess(["backup", "all.tar", "--data", "data"], { cwd });
    expect(ended).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: \`${join(cwd, "all.tar")}\` cannot be written: file is not a database\n`,
    });
    expect(readdirSync(cwd)).toEqual(["data"]);
  });

  test("a folder that is no data folder", async () => {
    const cwd = newFolder();
    const ended = await runInProcess(["backup", "all.tar", "--data", "."], { cwd });
    expect([ended.code, ended.stderr]).toEqual([
      2,
      `error: \`${cwd}\` is not a data folder of portcullis: name it with \`--data DIR\`\n`,
    ]);
    expect(existsSync(join(cwd, "all.tar"))).toBe(false);
  });
});

/** A data folder whose databases are open in WAL mode with rows that are not checkpointed yet. */
function openDataFolder(cwd: string, table = "block"): AsyncDisposable & { add(): void } {
  const dataDir = join(cwd, "data");
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, "key"), "secret", { mode: 0o600 });
  writeFileSync(join(dataDir, "audit.pub"), "public");
  writeFileSync(join(dataDir, "checkpoints.log"), CHECKPOINT_OF_1 + CHECKPOINT_OF_3);
  writeFileSync(join(dataDir, "config.yaml"), "port: 1\n");
  const databases = ["state.db", "ledger.db"].map((name) => {
    const database = new DatabaseSync(join(dataDir, name));
    database.exec(
      `PRAGMA journal_mode = WAL; CREATE TABLE ${table} (seq INTEGER); INSERT INTO ${table} VALUES (1), (2)`,
    );
    return database;
  });
  return {
    add: () => databases.forEach((database) => void database.exec(`INSERT INTO ${table} VALUES (3)`)),
    [Symbol.asyncDispose]: async () => databases.forEach((database) => void database.close()),
  };
}

/** Unpacked by the system's tar, so that our writer is judged by another reader. */
function unpack(file: string, cwd: string): readonly string[] {
  const folder = join(cwd, "unpacked");
  mkdirSync(folder);
  const tar = spawnSync("tar", ["-xf", file, "-C", folder], { encoding: "utf8" });
  expect([tar.status, tar.stderr]).toEqual([0, ""]);
  return readdirSync(folder).sort();
}

function rowsOf(path: string, table: string): unknown {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
  } finally {
    database.close();
  }
}
