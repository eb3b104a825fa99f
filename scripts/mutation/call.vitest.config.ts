import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { askedTests } from "./asked-tests.ts";

const ROOT = join(import.meta.dirname, "../..");
const conditions = ["portcullis-source"];

/** The first test that fails ends a run, so those that take milliseconds go before whole calls. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(isWhole(a)) - Number(isWhole(b)));
  }
}

function isWhole({ moduleId }: TestSpecification): boolean {
  return moduleId.includes("/test/e2e/");
}

/** Tests of the line that start no process and end soon. */
export default defineConfig({
  root: ROOT,
  resolve: {
    conditions,
    // By its link in node_modules the package would be the one that nobody changed.
    alias: { "@portcullis/server": join(ROOT, "packages/server/src/index.ts") },
  },
  ssr: { resolve: { conditions } },
  test: {
    include: askedTests([
      "packages/server/test/call/**/*.test.ts",
      "test/e2e/{modern,legacy,legacy-tasks,legacy-streams,pins-and-shadow}.test.ts",
    ]),
    sequence: { sequencer: QuickFirst },
    testTimeout: 60_000,
  },
});
