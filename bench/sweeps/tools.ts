/** The number of a server's tools: what a call costs, and what the filtered list costs. */
import type { Bench, Context } from "../bench.ts";
import { type Calls, type Contestant, SITE, sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register } from "../contestants/data-folder.ts";
import { startBare } from "../contestants/pass-through.ts";
import { sharedPolicy } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import { spreadOf } from "../figures.ts";
import type { Result } from "../report.ts";
import { toolNames } from "../wire.ts";
import { cells, cpuRatio, HEAD, quietNotes, sweep } from "./compare.ts";

export const tools: Bench = {
  what: "10 to 2,000 tools: CPU of a call, CPU of tools/list with half of them filtered",
  run: measure,
};

const POINTS = [10, 100, 500, 2_000] as const;
/** Calls go to so many of the tools in turn, whatever there are. */
const CALLED = 10;
const LIST_CONNECTIONS = 8;

async function measure(context: Context): Promise<Result> {
  const { programs, cleanup } = context;
  const upstream = cleanup.use(await startUpstream(programs));
  const bare = await startBare(programs, upstream);
  cleanup.use(bare.proxy);
  const dataDir = makeDataFolder(cleanup);
  const points = POINTS.flatMap((count) => [callsPoint(count), listPoint(count)]);
  const servers = points.map((point) => {
    const path = sitePath("modern", { ...SITE, tools: point.count });
    const server = {
      name: `governed-${point.name}`,
      era: "modern",
      upstreamUrl: upstream.url + path,
    } as const;
    return {
      ...point,
      path,
      registered: register(dataDir, { ...server, policy: sharedPolicy(point.governed) }),
    };
  });
  const proxy = cleanup.use(await startGateway(dataDir, { programs }));
  const contestants: Contestant[] = [];
  for (const { name, path, calls, count, registered } of servers) {
    const url = new URL(path, bare.url).href;
    // Nobody filters for bare.
    contestants.push({ ...bare, name: `bare-${name}`, url, calls: { ...calls, listed: toolNames(count) } });
    const kind = { name: `governed-${name}`, title: "", era: "modern" } as const;
    contestants.push({ ...(await toContestant(kind, proxy, registered)), calls });
  }
  const visits = await sweep(context, upstream, contestants);
  const rowsOf = (what: string) =>
    POINTS.map((count) => [String(count), ...cells(visits, `${what}-${count}`)]);
  const listMs = (visits.get("governed-list-500") ?? []).map((visit) => visit.cpuMicros / 1000);
  return {
    name: "tools",
    tables: [
      { title: "A call, by the number of tools", head: ["tools", ...HEAD], rows: rowsOf("call") },
      { title: "`tools/list`, half of it filtered away", head: ["tools", ...HEAD], rows: rowsOf("list") },
    ],
    measured: {
      "tools-call-flat": cpuRatio(visits, "governed-call-2000", "governed-call-10"),
      "tools-list-500-ms": spreadOf(listMs),
    },
    notes: quietNotes(visits),
  };
}

interface Point {
  readonly name: string;
  readonly count: number;
  /** How many of them the policy names; the others are denied, and hidden. */
  readonly governed: number;
  readonly calls: Partial<Calls>;
}

function callsPoint(count: number): Point {
  const names = toolNames(count);
  const called = names.filter((_, index) => index % (count / CALLED) === 0);
  return { name: `call-${count}`, count, governed: count, calls: { tools: called } };
}

function listPoint(count: number): Point {
  const governed = count / 2;
  const calls = { method: "tools/list", listed: toolNames(governed), connections: LIST_CONNECTIONS } as const;
  return { name: `list-${count}`, count, governed, calls };
}
