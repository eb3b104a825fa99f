import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { askedTests } from "./asked-tests.ts";
import { NearestFirst } from "./nearest-first.ts";

const ROOT = join(import.meta.dirname, "../..");
const conditions = ["portcullis-source"];

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
    sequence: { sequencer: NearestFirst },
    testTimeout: 60_000,
  },
});
