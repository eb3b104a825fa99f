import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runBounded } from "../../src/catalogue/introspect/bounded-command.ts";

function run(script: string, maxBytes: number) {
  const path = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return runBounded({
    command: [process.execPath, "-e", script],
    cwd: path,
    env: {},
    timeoutMs: 60_000,
    folderLimit: { path, maxBytes },
  });
}

const FILL = `fs.mkdirSync("a"); fs.writeFileSync("a/b", Buffer.alloc(100_000));`;

test("a command that fills its folder beyond the bound is stopped while it runs", async () => {
  const ended = await run(`${FILL} setInterval(() => {}, 1000)`, 99_999);
  expect(ended).toMatchObject({ code: undefined, isTooLarge: true, isLate: false });
});

test("a command that ended before anybody looked has filled it all the same", async () => {
  expect(await run(FILL, 99_999)).toMatchObject({ code: undefined, isTooLarge: true });
});

test("what stays within the bound may end as it likes", async () => {
  expect(await run(`${FILL} process.exit(3)`, 100_000)).toMatchObject({ code: 3, isTooLarge: false });
});
