/**
 * Introspects the servers of the reviewed list one after another and keeps what each showed, so that a later run
 * goes on where this one stopped. Failures are kept too, and tried again with `--retry`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { introspect } from "../../packages/server/src/catalogue/introspect/introspect.ts";
import { keptFile, type Listed, readSeedList } from "./seed-list.ts";

const INSTALL_MS = 90_000;
const START_MS = 60_000;
const MINUTE_MS = 60_000;
/** Many servers ask for any version of their SDK, and know only the first. */
const OLDER_SDK = "mcp<2";

export interface GatherOptions {
  readonly folder: string;
  readonly minutes: number;
  readonly isRetry: boolean;
}

/** Ends when the list or the time does. */
export async function gather({ folder, minutes, isRetry }: GatherOptions): Promise<void> {
  const endsAtMs = performance.now() + minutes * MINUTE_MS;
  const open = readSeedList().filter((listed) => isOpen(keptFile(folder, listed.spec), isRetry));
  console.error(`${open.length} servers to look at`);
  for (const listed of open) {
    if (performance.now() > endsAtMs) return console.error("out of time; run it again to go on");
    await lookAt(listed, keptFile(folder, listed.spec));
  }
}

async function lookAt({ spec, args }: Listed, file: string): Promise<void> {
  const startMs = performance.now();
  const options = { args, installMs: INSTALL_MS, startMs: START_MS };
  let found = await introspect(spec, options);
  if (!found.ok && spec.registry === "pypi") {
    found = await introspect(spec, { ...options, alongside: [OLDER_SDK] });
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const kept = found.ok ? { ...found.value, atMs: Date.now() } : { error: found.error };
  writeFileSync(file, JSON.stringify(kept));
  const outcome = found.ok
    ? `${found.value.tools.length} tools, ${found.value.installed.license}`
    : found.error;
  console.error(`${spec.registry}:${spec.name} (${seconds} s): ${outcome.replace(/[^\x20-\x7e]/g, "?")}`);
}

function isOpen(file: string, isRetry: boolean): boolean {
  if (!existsSync(file)) return true;
  return isRetry && "error" in (JSON.parse(readFileSync(file, "utf8")) as object);
}
