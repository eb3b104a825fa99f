/** Looks at the servers of `seed/servers.txt` and writes the snapshot that is shipped. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "./options.ts";
import { gather } from "./seed/gather.ts";
import { pack } from "./seed/pack.ts";

const USAGE = `npm run catalogue:seed -- [--folder DIR] [--minutes N] [--retry]

Looks at the servers of scripts/seed/servers.txt, one after another, and writes the snapshot that is shipped. Needs Linux,
npm, and uv or python3 for PyPI.

  --folder DIR   keeps what was looked at: a run that ends early is gone on with
  --minutes N    default 180; 0 only packs
  --retry        looks again at what failed

  npm run catalogue:seed -- --minutes 20`;

const { values } = readOptions(USAGE, {
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
