/** The commands that prove the project say how they are used, and refuse what they do not know before they start. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const COMMANDS = [
  "adversarial",
  "bench",
  "catalogue:seed",
  "conformance",
  "eval:classifier",
  "faults",
  "fuzz",
  "mutation",
  "simulate",
];

/** As `npm run` starts it, without the build that some need before they measure. */
function run(name: string, ...args: string[]) {
  const words = (scripts[name] ?? "")
    .replace(/^.*&& /, "")
    .split(" ")
    .slice(2);
  return spawnSync(process.execPath, [...words, ...args], { cwd: ROOT, encoding: "utf8" });
}

test.each(Object.entries(scripts))("what `npm run %s` starts is there", (_, command) => {
  for (const file of command.match(/\S+\.ts\b/g) ?? []) expect(existsSync(join(ROOT, file))).toBe(true);
});

describe.each(COMMANDS)("npm run %s", (name) => {
  test("--help says how it is used, and does nothing else", () => {
    const { status, stdout, stderr } = run(name, "--help");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")[0]).toMatch(new RegExp(`^npm run ${name}(?: -- |$)`));
  });

  test("an option that is not there is refused in one line", () => {
    const { status, stdout, stderr } = run(name, "--no-such-option");
    expect([status, stdout, stderr]).toEqual([
      2,
      "",
      "error: Unknown option '--no-such-option'; --help lists what there is\n",
    ]);
  });
});
