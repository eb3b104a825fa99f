/** What is kept: many grants, many policies. A call, the start and memory should not mind. */
import { randomBytes } from "node:crypto";
import { validatePolicy } from "../../packages/policy/src/index.ts";
import { type DataFolder, publishPolicy, type State } from "../../packages/server/src/index.ts";
import type { Bench, Context } from "../bench.ts";
import { type Contestant, SITE, sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register, unwrap } from "../contestants/data-folder.ts";
import { realisticPolicy } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import { shown, shownSpread } from "../figures.ts";
import { prove } from "../proof.ts";
import type { Result } from "../report.ts";
import { callsPerSecond, cpuMicros, cpuRatio, figureOf, quietNotes, sweep } from "./compare.ts";

export const grants: Bench = {
  what: "1 to 100,000 grants: CPU of a call, start, memory",
  run: (context) => measure(context, "grants", [1, 1_000, 100_000], fillGrants),
};

export const policies: Bench = {
  what: "1 to 1,000 policies of 20 tools: CPU of a call, start, memory",
  run: (context) => measure(context, "policies", [1, 100, 1_000], fillPolicies),
};

type Fill = (state: State, count: number) => void;

async function measure(
  context: Context,
  what: "grants" | "policies",
  points: readonly number[],
  fill: Fill,
): Promise<Result> {
  const { programs, cleanup } = context;
  const upstream = cleanup.use(await startUpstream(programs));
  const upstreamUrl = upstream.url + sitePath("modern");
  const contestants: Contestant[] = [];
  const starts = new Map<string, { readonly answerMs: number; readonly idleMb: number }>();
  for (const count of points) {
    const dataDir = makeDataFolder(cleanup);
    const kind = { name: `${what}-${count}`, title: String(count), era: "modern" } as const;
    const server = { ...kind, upstreamUrl, policy: realisticPolicy(SITE.tools) };
    // One of them is there already.
    const more = (state: State, _folder: DataFolder) => fill(state, count - 1);
    const registered = register(dataDir, server, more);
    const proxy = cleanup.use(await startGateway(dataDir, { programs }));
    const contestant = await toContestant(kind, proxy, registered);
    await prove(contestant);
    const answerMs = performance.now() - proxy.spawnedMs;
    starts.set(kind.name, { answerMs, idleMb: proxy.residentBytes() / 1e6 });
    contestants.push(contestant);
  }
  const visits = await sweep(context, upstream, contestants);
  const rows = contestants.map(({ name, title }) => [
    Number(title).toLocaleString("en-US"),
    shownSpread(figureOf(visits, name, callsPerSecond)),
    shownSpread(figureOf(visits, name, cpuMicros)),
    shown(starts.get(name)?.answerMs ?? Number.NaN),
    shown(starts.get(name)?.idleMb ?? Number.NaN),
  ]);
  const head = [what, "calls/s", "CPU µs per call", "first start to first answer, ms", "MB idle"];
  const [first, last] = [points[0], points.at(-1)];
  return {
    name: what,
    tables: [{ title: `A governed call, by the number of ${what}`, head, rows }],
    measured: { [`${what}-flat`]: cpuRatio(visits, `${what}-${last}`, `${what}-${first}`) },
    notes: quietNotes(visits),
  };
}

/** Rows as `createGrant` makes them; it would take minutes for so many. */
function fillGrants({ db, organisation }: State, count: number): void {
  const server = String(db.get("SELECT id FROM server LIMIT 1")?.["id"]);
  const policy = String(db.get("SELECT id FROM policy LIMIT 1")?.["id"]);
  const nowMs = Date.now();
  const expiresMs = nowMs + 86_400_000;
  db.transaction(() => {
    for (let index = 0; index < count; index += 1) {
      const id = `grt_${String(index).padStart(16, "0")}`;
      db.run(
        `INSERT INTO grant_ (id, organisation, label, digest, last4, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[id, organisation, `grant-${index}`, randomBytes(32).toString("hex"), "0000", nowMs, expiresMs],
      );
      db.run(
        "INSERT INTO grant_access (grant_, server, policy, mode) VALUES (?, ?, ?, 'enforce')",
        ...[id, server, policy],
      );
    }
  });
}

function fillPolicies(state: State, count: number): void {
  const server = String(state.db.get("SELECT name FROM server LIMIT 1")?.["name"]);
  const document = unwrap(validatePolicy(realisticPolicy(SITE.tools)));
  for (let index = 0; index < count; index += 1) {
    const version = { server, name: `more-${index}`, document, source: "", author: "bench", note: "" };
    unwrap(publishPolicy(state, version, Date.now()));
  }
}
