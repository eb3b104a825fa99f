import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SqliteContactBox } from "../../server/src/index.ts";
import { newFolder, runInProcess } from "./fake-io.ts";

function openBox(cwd: string): SqliteContactBox {
  mkdirSync(join(cwd, "data"));
  return new SqliteContactBox(join(cwd, "data/contact.db"));
}

const read = (cwd: string, ...more: readonly string[]) =>
  runInProcess(["catalogue", "messages", "--data", "data", ...more], { cwd });

describe("catalogue messages", () => {
  test("none is no error, and looking leaves nothing behind", async () => {
    const cwd = newFolder();
    expect(await read(cwd)).toMatchObject({ code: 0, stdout: "Nobody has left a message.\n" });
    expect(JSON.parse((await read(cwd, "--json")).stdout)).toEqual([]);
    expect(existsSync(join(cwd, "data/contact.db"))).toBe(false);
  });

  test("the newest comes first, with whom to answer", async () => {
    const cwd = newFolder();
    using box = openBox(cwd);
    box.add({ atMs: 0, message: "a tool is missing", replyTo: undefined });
    box.add({ atMs: 1_000, message: "delete_x only\narchives", replyTo: "who@example.com" });
    expect(JSON.parse((await read(cwd, "--json")).stdout)).toEqual([
      {
        id: 2,
        time: "1970-01-01T00:00:01.000Z",
        message: "delete_x only\narchives",
        replyTo: "who@example.com",
      },
      { id: 1, time: "1970-01-01T00:00:00.000Z", message: "a tool is missing" },
    ]);
    expect((await read(cwd)).stdout).toBe(
      "2  1970-01-01T00:00:01.000Z, answer to who@example.com\n  delete_x only\n  archives\n" +
        "1  1970-01-01T00:00:00.000Z\n  a tool is missing\n",
    );
  });

  test("what a stranger wrote cannot act on the terminal", async () => {
    const cwd = newFolder();
    using box = openBox(cwd);
    box.add({ atMs: 0, message: "\u001b[2Jx\u202ey", replyTo: "\u001b]0;z\u0007" });
    expect((await read(cwd)).stdout).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});
