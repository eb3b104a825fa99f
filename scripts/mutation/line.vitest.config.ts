import { join } from "node:path";
import { defineConfig } from "vitest/config";

const ROOT = join(import.meta.dirname, "../..");
const conditions = ["portcullis-source"];

/** Tests of the line and of the protocol that start no process and end soon. */
export default defineConfig({
  root: ROOT,
  resolve: {
    conditions,
    // By its link in node_modules the package would be the one that nobody changed.
    alias: { "@portcullis/server": join(ROOT, "packages/server/src/index.ts") },
  },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/server/test/{call,mcp}/**/*.test.ts",
      "test/e2e/{modern,legacy,legacy-tasks,legacy-streams,pins-and-shadow}.test.ts",
    ],
    testTimeout: 15_000,
  },
});
