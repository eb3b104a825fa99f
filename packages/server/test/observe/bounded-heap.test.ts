import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Above 280 MB without a bound, where two cores are free; never above 200 with it. */
const MOST = 240_000_000;

test("garbage that has grown old is collected before it is four times what lives", () => {
  const child = join(import.meta.dirname, "heap-child.ts");
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=portcullis-source", child], {
    encoding: "utf8",
  });
  // Node says so when V8 knows a flag no more.
  expect(stderr).toBe("");
  expect((JSON.parse(stdout) as { most: number }).most).toBeLessThan(MOST);
});
