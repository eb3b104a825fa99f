import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDataFolder, openDataFolder, readRunning } from "../../src/storage/data-folder.ts";
import { makeFolder } from "../audit/fixtures.ts";

const HOLDER = join(import.meta.dirname, "lock-holder.ts");

let temporary: ReturnType<typeof makeFolder>;
let path: string;
beforeEach(() => {
  temporary = makeFolder();
  path = join(temporary.path, "data");
});
afterEach(() => temporary.remove());

function errorOf(result: { readonly ok: true } | { readonly ok: false; readonly error: string }): string {
  return result.ok ? "ok" : result.error.replaceAll(temporary.path, "");
}

describe("a data folder that is not what it should be", () => {
  it("a key that is gone although there is data is a loss, not a first start", () => {
    expect(openDataFolder(path).ok).toBe(true);
    writeFileSync(join(path, "state.db"), "");
    rmSync(join(path, "key"));
    expect(errorOf(openDataFolder(path))).toBe(
      "the key file `/data/key` is missing; restore it from a backup (--with-key)",
    );
    expect(existsSync(join(path, "key"))).toBe(false);
  });

  it("a public key of another folder is refused: no checkpoint would verify", () => {
    const other = openDataFolder(join(temporary.path, "other"));
    expect(other.ok).toBe(true);
    expect(openDataFolder(path).ok).toBe(true);
    writeFileSync(join(path, "audit.pub"), readFileSync(join(temporary.path, "other", "audit.pub")));
    expect(errorOf(openDataFolder(path))).toContain("does not belong to the key file beside it");
  });

  it.each([
    ["a file", "file", "`/file` is not a folder; choose another with --data DIR"],
    ["below a file", "file/data", "`/file/data` is not a folder; choose another with --data DIR"],
  ])("%s is no folder", (_, name, message) => {
    writeFileSync(join(temporary.path, "file"), "");
    expect(errorOf(openDataFolder(join(temporary.path, name)))).toBe(message);
  });

  // Node's own recursive making never returns there.
  it.runIf(existsSync("/proc/self"))("a file system that makes no folders says so at once", () => {
    expect(errorOf(openDataFolder("/proc/portcullis/data"))).toBe(
      "cannot write to the data folder `/proc/portcullis/data` (ENOENT); check its owner and mode, or choose another with --data DIR",
    );
  });
});

describe("the lock of a data folder", () => {
  const holders: ChildProcess[] = [];
  afterEach(() => {
    for (const holder of holders.splice(0)) holder.kill("SIGKILL");
  });

  /** Another process that holds the folder, though nothing in it refers to the lock. */
  async function hold() {
    const child = spawn(process.execPath, ["--conditions=portcullis-source", HOLDER, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    holders.push(child);
    await once(child.stdout, "data");
    const kill = async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    };
    return { pid: child.pid, kill };
  }

  it("names the gateway that has the folder; a killed one lets go", async () => {
    expect(openDataFolder(path).ok).toBe(true);
    const holder = await hold();
    expect(readRunning(path)).toEqual({
      pid: holder.pid,
      url: "http://127.0.0.1:1",
      adminUrl: "http://127.0.0.1:2",
    });
    expect(errorOf(lockDataFolder({ path }))).toBe(
      `the data folder \`/data\` is in use by the gateway with process id ${holder.pid}; stop it, or choose another with --data DIR`,
    );
    await holder.kill();
    // What it announced is still there, and proves nothing.
    expect(existsSync(join(path, "gateway.json"))).toBe(true);
    expect(readRunning(path)).toBe(undefined);
    const lock = lockDataFolder({ path });
    expect(errorOf(lock)).toBe("ok");
    if (lock.ok) lock.value.release();
  });

  it("within one process as well, and looking does not take it away", () => {
    expect(openDataFolder(path).ok).toBe(true);
    const lock = lockDataFolder({ path });
    if (!lock.ok) throw new Error(lock.error);
    const announced = { pid: process.pid, url: "http://127.0.0.1:1", adminUrl: "http://127.0.0.1:2" };
    lock.value.announce(announced);
    expect([readRunning(path), readRunning(path)]).toEqual([announced, announced]);
    expect(lockDataFolder({ path }).ok).toBe(false);
    lock.value.release();
    expect(readRunning(path)).toBe(undefined);
  });
});
