import { defineConfig } from "vitest/config";

const conditions = ["portcullis-source"];

/**
 * Every test of this package, with the demand that no line or branch of it is untested: `npm run coverage:policy`, and the
 * first part of `npm test`. The workspace's own configuration runs the same tests without it.
 */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: "policy",
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    coverage: {
      enabled: true,
      provider: "v8",
      include: ["src/**"],
      reporter: [["text", { skipFull: true }], "json"],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
  },
});
