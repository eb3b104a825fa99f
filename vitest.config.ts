import { defineConfig } from "vitest/config";

/** Sources are run directly: packages resolve each other through this export condition. */
const conditions = ["portcullis-source"];
const resolve = { conditions };
const ssr = { resolve: { conditions } };

/** What comes soon comes later where the machine is busy; nobody waits for this long but for what never comes. */
const expect = { poll: { timeout: 10_000 } };

/** Starts processes or works for seconds: part of `npm test`, not of `npm run check`. */
const INTEGRATION = [
  "packages/policy/test/{agreement,parse-limits}.test.ts",
  "packages/cli/test/{gateway,registry,doctor,run,demo-server,catalogue}.test.ts",
  "packages/cli/test/{init,restore,scan,rewritten-entries,sealed-places}.test.ts",
  "packages/cli/test/clients/look-alikes.test.ts",
  "packages/server/test/upstream/stdio/*.test.ts",
  "packages/server/test/upstream/{http-faults,sse/faults}.test.ts",
  "packages/server/test/audit/{verify,read-calls,ledger-faults,kill}.test.ts",
  "packages/server/test/storage/{storage,data-folder-faults}.test.ts",
  "packages/server/test/snapshot/two-processes.test.ts",
  "packages/server/test/mcp/strict-reading.test.ts",
  "packages/server/test/catalogue/{introspect,introspect-pypi,throwaway-folder,bounded-command}.test.ts",
  "packages/server/test/catalogue-pages/browser.test.ts",
];

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["packages/*/src/**"], reporter: ["text-summary", "json"] },
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          expect,
          // Not `exclude`, which would make that of the command line void.
          include: [
            "packages/*/test/**/*.test.ts",
            "test/layers/**/*.test.ts",
            "test/docs/**/*.test.ts",
            ...INTEGRATION.map((pattern) => `!${pattern}`),
          ],
          // The files of a worker share the modules they import: loading those anew for each of some 150 files took
          // two thirds of the time. INVARIANT: no module of ours keeps state that a test could leave changed, and a
          // test that changes the process (its environment, its clock) puts it back.
          isolate: false,
          testTimeout: 15_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "integration",
          expect,
          include: INTEGRATION,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          expect,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "proof",
          expect,
          include: ["test/{conformance,adversarial,faults,simulator}/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
