/**
 * `npm run catalogue:seed [-- --folder DIR] [--minutes N] [--retry] [--pack-only]`: looks at the servers of
 * `seed/servers.txt` and writes the snapshot that is shipped. Needs Linux, npm, and uv or python3 for PyPI.
 */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gather } from "./seed/gather.ts";

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: join(tmpdir(), "portcullis-seed") },
    minutes: { type: "string", default: "120" },
    retry: { type: "boolean", default: false },
  },
});

mkdirSync(values.folder, { recursive: true });
await gather({ folder: values.folder, minutes: Number(values.minutes), isRetry: values.retry });
