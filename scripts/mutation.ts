/**
 * `npm run mutation -- [--part policy|line] [--file packages/…/x.ts]… [--quick]`: changes the sources in small ways and asks
 * whether a test notices. Fails below the part's threshold. What ran before and did not change is not run again
 * (`reports/mutation`, which is nobody's but this machine's). Takes hours for everything, minutes for a file; with
 * `--quick` changes of what is made when a module loads are left out, because each of them runs every test.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";

interface Part {
  readonly sources: readonly string[];
  /** Only the tests that cover the sources, and of those only the quick ones: each mutant runs them anew. */
  readonly vitestConfig: string;
  /** Least share of mutants, in per cent, that tests must notice. */
  readonly threshold: number;
}

const PARTS: { readonly [name: string]: Part } = {
  policy: {
    sources: ["packages/policy/src/**/*.ts"],
    vitestConfig: "scripts/mutation/policy.vitest.config.ts",
    threshold: 90,
  },
  line: {
    sources: ["packages/server/src/call/**/*.ts", "packages/server/src/mcp/**/*.ts"],
    vitestConfig: "scripts/mutation/line.vitest.config.ts",
    threshold: 85,
  },
};

const { values } = parseArgs({
  options: {
    part: { type: "string" },
    file: { type: "string", multiple: true },
    concurrency: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});

for (const [name, part] of chosen()) {
  const mutate =
    values.file === undefined ? [...part.sources] : values.file.filter((file) => isIn(part, file));
  if (mutate.length > 0) await run(name, part, mutate);
}

function chosen(): readonly (readonly [string, Part])[] {
  if (values.part === undefined) return Object.entries(PARTS);
  const part = PARTS[values.part];
  if (part === undefined) throw new Error(`--part is one of ${Object.keys(PARTS).join(", ")}`);
  return [[values.part, part]];
}

function isIn({ sources }: Part, file: string): boolean {
  return sources.some((pattern) => file.startsWith(pattern.slice(0, pattern.indexOf("**"))));
}

/** Stryker itself sets the exit code when the score is below the threshold. */
async function run(name: string, part: Part, mutate: string[]): Promise<void> {
  const stryker = new Stryker({
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: part.vitestConfig },
    mutate: [...mutate, "!**/*.d.ts"],
    // The default would be rewritten for the copy that is mutated, which knows nothing of other packages.
    tsconfigFile: "none.json",
    coverageAnalysis: "perTest",
    ignoreStatic: values.quick,
    incremental: true,
    incrementalFile: join("reports", "mutation", `${name}.json`),
    thresholds: { high: 95, low: part.threshold, break: part.threshold },
    concurrency: Number(values.concurrency ?? 1),
    reporters: ["clear-text", "html"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    htmlReporter: { fileName: join("reports", "mutation", `${name}.html`) },
    ignorePatterns: ["reports", "coverage", "bench", "data", ".stryker-tmp"],
    tempDirName: ".stryker-tmp",
  });
  await stryker.runMutationTest();
}
