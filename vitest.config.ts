import { defineConfig } from "vitest/config";

/** Sources are run directly: packages resolve each other through this export condition. */
const conditions = ["portcullis-source"];
const resolve = { conditions };
const ssr = { resolve: { conditions } };

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["packages/*/src/**"], reporter: ["text-summary", "json"] },
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "test/layers/**/*.test.ts", "test/docs/**/*.test.ts"],
          exclude: ["packages/*/test/e2e/**"],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          exclude: ["test/layers/**", "test/docs/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
