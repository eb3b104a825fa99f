/** Puts what the reviewed servers showed into the snapshot that is shipped, with our verdicts on the whole of it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CATALOGUE_RULES } from "../../packages/server/src/catalogue/catalogue-rules.ts";
import type { Introspection } from "../../packages/server/src/catalogue/introspect/introspect.ts";
import { toIncoming } from "../../packages/server/src/catalogue/learn.ts";
import { packSeed } from "../../packages/server/src/catalogue/seed/seed-file.ts";
import { boundTool } from "../../packages/server/src/catalogue/store/bounds.ts";
import type { IncomingServer, JudgedTool } from "../../packages/server/src/catalogue/store/incoming.ts";
import { keptFile, type Listed, readSeedList } from "./seed-list.ts";

const TARGET = join(import.meta.dirname, "../../packages/server/seed/catalogue-seed.jsonl.gz");
const MAX_BYTES = 1_500_000;

/** Facts about software under other licences may be as free, but nobody has looked. */
const PERMISSIVE =
  /^(?:MIT|MIT-0|ISC|0BSD|Apache-2\.0|Apache License,? (?:Version )?2\.0|BSD-[23]-Clause|BSD License|Apache Software License)$/i;

/** How people write it where no SPDX name is asked for. */
const MIT = /^(?:The )?MIT License(?: \(MIT\))?$/i;

type Kept = (Introspection & { readonly atMs: number }) | { readonly error: string };

export function pack(folder: string): void {
  const servers = readSeedList().flatMap((listed) => readKept(keptFile(folder, listed.spec), listed));
  if (servers.length === 0) throw new Error(`nothing that was looked at is in ${folder}`);
  const sorted = servers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const packed = packSeed(sorted, Math.max(...sorted.map(({ atMs }) => atMs)));
  const tools = sorted.reduce((sum, { tools: list }) => sum + (list?.items.length ?? 0), 0);
  console.error(`${sorted.length} servers, ${tools} tools, ${packed.length} bytes`);
  if (packed.length > MAX_BYTES) throw new Error(`the snapshot is over ${MAX_BYTES} bytes`);
  mkdirSync(dirname(TARGET), { recursive: true });
  writeFileSync(TARGET, packed);
}

/** The server, or nothing where it failed, has no tools, or is not under a permissive licence. */
function readKept(file: string, listed: Listed): readonly IncomingServer[] {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Kept) : undefined;
  if (kept === undefined || "error" in kept || kept.tools.length === 0) return [];
  const said = listed.license ?? kept.installed.license ?? "";
  const license = MIT.test(said) ? "MIT" : said;
  if (!PERMISSIVE.test(license)) {
    console.error(`left out for its licence: ${kept.spec.name} (${license.slice(0, 60) || "none"})`);
    return [];
  }
  const incoming = toIncoming(kept, kept.atMs);
  return [{ ...incoming, license, tools: { kind: "judged", items: judge(kept) } }];
}

function judge({ spec, tools }: Introspection): readonly JudgedTool[] {
  const bounded = tools.map(boundTool).flatMap((tool) => (tool.ok ? [tool.value] : []));
  const siblings = bounded.map(({ definition }) => definition);
  const classify = CATALOGUE_RULES.classifier({ server: spec.name, siblings });
  return bounded.map(({ definition, hash }) => ({ definition, hash, verdict: classify(definition) }));
}
