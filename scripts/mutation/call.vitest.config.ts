import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { askedTests } from "./asked-tests.ts";
import { NearestFirst } from "./nearest-first.ts";

const conditions = ["portcullis-source"];

/** Tests of the line by itself: with the end-to-end tests it would take three times as long. */
export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: askedTests(["packages/server/test/call/**/*.test.ts"]),
    sequence: { sequencer: NearestFirst },
    testTimeout: 60_000,
  },
});
