/**
 * Changes the sources in small ways and asks whether a test notices. What ran before and did not change is not run again
 * (`reports/mutation`, which is nobody's but this machine's), so that a run that was stopped is gone on with.
 */
import { join } from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { readOptions, refuseOptions } from "./options.ts";

/** Sources, and just the tests that cover them: of those the quick ones, for each change runs them anew. */
interface Suite {
  readonly name: string;
  /** Of all files in this folder. */
  readonly folder: string;
}

interface Part {
  readonly suites: readonly Suite[];
  /** Least share of changes, in per cent, that the tests of each suite must notice. */
  readonly threshold: number;
}

const PARTS: { readonly [name: string]: Part } = {
  policy: { suites: [{ name: "policy", folder: "packages/policy/src/" }], threshold: 90 },
  line: {
    suites: [
      { name: "mcp", folder: "packages/server/src/mcp/" },
      { name: "call", folder: "packages/server/src/call/" },
    ],
    threshold: 85,
  },
};

const USAGE = `npm run mutation -- [--part policy|line] [--file F]… [--tests F]… [--concurrency N] [--quick]

Changes the sources in small ways and asks whether a test notices. Exit code 1 below the part's threshold (policy 90 %,
line 85 %). Takes hours for everything, minutes for a file; a run that was stopped is gone on with.

  --part P          policy or line: the line's own reading and its stages (default both)
  --file F          only this source; may be given again
  --tests F         ask only these tests, which is stricter and sooner answered; such answers are not kept
  --concurrency N   processes at once
  --quick           leaves out changes of what is made when a module loads: each of them runs every test

  npm run mutation -- --part line --quick
  npm run mutation -- --file packages/policy/src/glob.ts --tests packages/policy/test/glob.test.ts`;

const { values } = readOptions(USAGE, {
  options: {
    part: { type: "string" },
    file: { type: "string", multiple: true },
    tests: { type: "string", multiple: true },
    concurrency: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});

// The tests run in processes of their own, which read their configuration anew.
if (values.tests !== undefined) process.env["MUTATION_TESTS"] = values.tests.join("\n");
const runs = chosen().flatMap(({ suites, threshold }) =>
  suites.map((suite) => ({ suite, threshold, mutate: filesOf(suite) })),
);
if (runs.every(({ mutate }) => mutate.length === 0)) refuseOptions("no --file belongs to a part");
for (const { suite, threshold, mutate } of runs) {
  if (mutate.length > 0) await run(suite, threshold, mutate);
}

function filesOf({ folder }: Suite): readonly string[] {
  return values.file?.filter((file) => file.startsWith(folder)) ?? [`${folder}**/*.ts`];
}

function chosen(): readonly Part[] {
  if (values.part === undefined) return Object.values(PARTS);
  const part = PARTS[values.part];
  return part === undefined ? refuseOptions(`--part is one of ${Object.keys(PARTS).join(", ")}`) : [part];
}

/** Stryker itself sets the exit code when the score is below the threshold. */
async function run({ name }: Suite, threshold: number, mutate: readonly string[]): Promise<void> {
  const stryker = new Stryker({
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: `scripts/mutation/${name}.vitest.config.ts` },
    mutate: [...mutate, "!**/*.d.ts"],
    // The default would be rewritten for the copy that is mutated, which knows nothing of other packages.
    tsconfigFile: "none.json",
    coverageAnalysis: "perTest",
    ignoreStatic: values.quick,
    incremental: values.tests === undefined,
    incrementalFile: join("reports", "mutation", `${name}.json`),
    thresholds: { high: 95, low: threshold, break: threshold },
    concurrency: Number(values.concurrency ?? 1),
    reporters: ["clear-text", "html"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    htmlReporter: { fileName: join("reports", "mutation", `${name}.html`) },
    ignorePatterns: ["reports", "coverage", "bench", "data", ".stryker-tmp"],
    tempDirName: ".stryker-tmp",
  });
  await stryker.runMutationTest();
}
