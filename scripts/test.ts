/**
 * `npm test`: everything a newcomer needs. Prints `N passed, N failed` over all suites as its very last line,
 * and exits 1 when anything failed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bring } from "./debian.ts";

const require = createRequire(import.meta.url);
const vitest = join(dirname(require.resolve("vitest/package.json")), "vitest.mjs");

/** What vitest's JSON reporter says of one run. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly success: boolean;
}

/** The parts in their order. The policy language has its own, which demands full coverage; no test runs twice. */
const PARTS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["policy", ["--config", "packages/policy/vitest.config.ts"]],
  ...["unit", "integration", "e2e", "proof"].map(
    (project) => [project, ["--project", project, "--exclude", "packages/policy/**"]] as const,
  ),
];

bring("chromium", "/usr/bin/chromium");
const folder = mkdtempSync(join(tmpdir(), "portcullis-test-"));
let passed = 0;
let failed = 0;
for (const [name, which] of PARTS) {
  const file = join(folder, `${name}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const args = [vitest, "run", ...which, "--silent=passed-only", ...reporters];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  const report = readReport(file);
  passed += report?.numPassedTests ?? 0;
  failed += report?.numFailedTests ?? 0;
  // A file that does not even load has no failed test of its own, and must not count as nothing.
  if (status !== 0 && (report?.numFailedTests ?? 0) === 0)
    failed += Math.max(1, report?.numFailedTestSuites ?? 1);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}
