import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";

/** Nobody's: rights mean nothing to root, so root looks through somebody else's eyes. */
const USER = 65_534;
const isRoot = process.getuid?.() === 0;
const AS_USER = isRoot ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];
const SCRIPT = join(import.meta.dirname, "dispose-folder.ts");

function asUser(words: readonly string[]): readonly [file: string, args: readonly string[]] {
  const [file = "", ...args] = [...AS_USER, process.execPath, ...words];
  return [file, args];
}

const [probe, probeArgs] = asUser(["-e", `require("node:fs").readFileSync(${JSON.stringify(SCRIPT)})`]);
const canLook = process.platform !== "win32" && spawnSync(probe, probeArgs, { stdio: "ignore" }).status === 0;
if (!canLook) console.log("skipped: no ordinary user can run this (setpriv, and a folder that all may read)");

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  if (isRoot) chownSync(home, USER, USER);
  return home;
}

/** Lets `fill` do to the folder what a package could; the lines that its removal printed. */
async function removeAfter(home: string, fill: (path: string) => void): Promise<readonly string[]> {
  const [file, args] = asUser(["--conditions=portcullis-source", SCRIPT]);
  const child = spawn(file, args, {
    env: { ...process.env, TMPDIR: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: path = "" } = await lines.next();
  fill(path);
  child.stdin.end("go\n");
  const warnings: string[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) warnings.push(line.value);
  expect(await closed).toBe(0);
  return warnings;
}

/** A folder with a file in it that its owner can neither change nor, for `mode` 0, list. */
function lock(path: string, mode: number): void {
  mkdirSync(join(path, "inner"), { recursive: true });
  writeFileSync(join(path, "inner", "file"), "x");
  for (const one of [join(path, "inner", "file"), join(path, "inner"), path]) {
    if (isRoot) chownSync(one, USER, USER);
    chmodSync(one, mode);
  }
}

test.skipIf(!canLook).each([0o500, 0o400, 0])(
  "folders of mode %o that a package left are removed",
  async (mode) => {
    const home = newHome();
    expect(await removeAfter(home, (path) => lock(join(path, "work", "locked"), mode))).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
  },
);

test.skipIf(!canLook)("what a link points to keeps its mode", async () => {
  const [home, outside] = [newHome(), newHome()];
  const kept = join(outside, "kept");
  lock(kept, 0o500);
  await removeAfter(home, (path) => {
    lock(join(path, "work", "locked"), 0o500);
    symlinkSync(kept, join(path, "work", "link"));
  });
  expect(readdirSync(home)).toEqual([]);
  expect(statSync(kept).mode & 0o777).toBe(0o500);
  chmodSync(kept, 0o700);
  chmodSync(join(kept, "inner"), 0o700);
  expect(existsSync(join(kept, "inner", "file"))).toBe(true);
});

test.skipIf(!canLook || !isRoot)("a folder that cannot be removed is a warning", async () => {
  const home = newHome();
  const warnings = await removeAfter(home, (path) => {
    mkdirSync(join(path, "work", "theirs"));
    writeFileSync(join(path, "work", "theirs", "file"), "x");
  });
  const [left = ""] = readdirSync(home);
  expect(warnings).toEqual([`\`${join(home, left)}\` could not be removed (EACCES); remove it yourself`]);
});
