/**
 * `npm run catalogue:seed [-- --folder DIR] [--minutes N] [--retry]`: looks at the servers of `seed/servers.txt`, one
 * after another, and writes the snapshot that is shipped. What was looked at is kept in the folder: a run that ends
 * early is gone on with, and `--minutes 0` only packs. Needs Linux, npm, and uv or python3 for PyPI.
 */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gather } from "./seed/gather.ts";
import { pack } from "./seed/pack.ts";

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: join(tmpdir(), "portcullis-seed") },
    minutes: { type: "string", default: "180" },
    retry: { type: "boolean", default: false },
  },
});

mkdirSync(values.folder, { recursive: true });
const minutes = Number(values.minutes);
if (minutes > 0) await gather({ folder: values.folder, minutes, isRetry: values.retry });
pack(values.folder);
