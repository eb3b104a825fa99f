import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataFolder } from "../../src/storage/data-folder.ts";
import { makeFolder } from "../audit/fixtures.ts";

let temporary: ReturnType<typeof makeFolder>;
let path: string;
beforeEach(() => {
  temporary = makeFolder();
  path = join(temporary.path, "deep", "data");
});
afterEach(() => temporary.remove());

/** The error without the temporary path, or `ok`. */
function open(): string {
  const opened = openDataFolder(path);
  return opened.ok ? "ok" : opened.error.replaceAll(temporary.path, "");
}

function modeOf(file: string): number {
  return statSync(file).mode & 0o777;
}

describe("the data folder", () => {
  it("is made with its key and public key, private to its owner", () => {
    expect(open()).toBe("ok");
    expect([path, join(path, "key"), join(path, "audit.pub")].map(modeOf)).toEqual([0o700, 0o600, 0o600]);
    expect(Buffer.from(readFileSync(join(path, "key"), "utf8"), "base64").length).toBe(32);
    expect(readdirSync(path).sort()).toEqual(["audit.pub", "key"]);
  });

  it("keeps its key: digests and signatures are the same the next time", () => {
    const [first, second] = [openDataFolder(path), openDataFolder(path)];
    if (!first.ok || !second.ok) throw new Error("not opened");
    expect(second.value.keys.argumentsHmac("x")).toBe(first.value.keys.argumentsHmac("x"));
    expect(second.value.keys.checkpointPublicKey()).toBe(readFileSync(join(path, "audit.pub"), "utf8"));
  });

  it.each([
    [
      "readable by others",
      () => chmodSync(join(path, "key"), 0o644),
      "can be read by others; run `chmod 600",
    ],
    ["short", () => writeFileSync(join(path, "key"), "c2hvcnQ=\n"), "is not 32 random bytes in base64"],
    ["empty", () => writeFileSync(join(path, "key"), ""), "is not 32 random bytes in base64"],
    [
      "weak",
      () => writeFileSync(join(path, "key"), Buffer.alloc(32, 1).toString("base64")),
      "is not 32 random bytes in base64",
    ],
  ])("a key that is %s is refused with a line that says what to do", (_, spoil, message) => {
    expect(open()).toBe("ok");
    spoil();
    expect(open()).toContain(message);
    expect(open()).not.toContain("\n");
  });

  it("a file in its place is refused, and stays", () => {
    path = join(temporary.path, "file");
    writeFileSync(path, "mine");
    expect(open()).toContain("choose another with --data DIR");
    expect(existsSync(path) && readFileSync(path, "utf8")).toBe("mine");
  });
});
