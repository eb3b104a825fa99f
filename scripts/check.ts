/**
 * `npm run check`: format, lint, types, unit tests (layers and docs among them), in under a minute.
 * Stops at the first step that fails, so that its output is the last thing on the screen.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** The script behind a package's command, so that no shim and no other Node is in between. */
function bin(name: string, command = name): string {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin: commands } = require(manifest) as { bin: string | { [command: string]: string } };
  const path = typeof commands === "string" ? commands : commands[command];
  if (path === undefined) throw new Error(`${name} has no command ${command}`);
  return join(dirname(manifest), path);
}

const STEPS: readonly (readonly [string, readonly string[]])[] = [
  [
    "format and lint",
    [bin("@biomejs/biome", "biome"), "ci", "--diagnostic-level=warn", "--error-on-warnings", "."],
  ],
  ["types", [bin("typescript", "tsc"), "-b"]],
  ["unit", [bin("vitest"), "run", "--project", "unit", "--silent=passed-only"]],
];

for (const [name, args] of STEPS) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.error(`${status === 0 ? "ok" : "FAILED"}  ${name} (${seconds} s)`);
  if (status !== 0) process.exit(1);
}
