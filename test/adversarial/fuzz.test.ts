import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FuzzTarget } from "./fuzz-targets.ts";
import { runFuzz } from "./run-fuzz.ts";

const SCRIPT = join(import.meta.dirname, "fuzz.ts");

test("the reader of messages and the parser of policies hold for what a few seconds of fuzzing find", () => {
  // In a process of its own: V8 counts the branches of the sources as they are.
  const args = ["--conditions=portcullis-source", SCRIPT, "--seconds", "9"];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.not.stringContaining("FAILED") });
  const branches = [...stdout.matchAll(/(\d+) branches/g)].map(([, count]) => Number(count));
  expect(branches.length).toBe(3);
  // Without feedback there would be nothing to count.
  expect(Math.min(...branches)).toBeGreaterThan(100);
});

test("a target that is wrong is found out", () => {
  const target: FuzzTarget = {
    name: "wrong",
    files: ["fuzz-targets.ts"],
    seeds: ["ab"],
    words: ["c"],
    check: (input) => (input.includes("cc") ? "two in a row" : undefined),
  };
  expect(runFuzz(target, 5, 1).failure).toMatch(/^two in a row: /);
});
