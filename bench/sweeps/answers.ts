/** The size of an answer. */
import type { Bench, Context } from "../bench.ts";
import { type Contestant, SITE, sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register } from "../contestants/data-folder.ts";
import { startBare } from "../contestants/pass-through.ts";
import { realisticPolicy } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import type { Result } from "../report.ts";
import { cells, HEAD, quietNotes, sweep } from "./compare.ts";

export const answers: Bench = { what: "answers of 0.2 KB to 1 MB: CPU that governance adds", run: measure };

const POINTS = [
  { title: "0.2 KB", textBytes: 200, connections: 32 },
  { title: "1 KB", textBytes: 1_024, connections: 32 },
  { title: "10 KB", textBytes: 10_240, connections: 32 },
  { title: "100 KB", textBytes: 102_400, connections: 8 },
  { title: "1 MB", textBytes: 1_048_576, connections: 4 },
] as const;

async function measure(context: Context): Promise<Result> {
  const { programs, cleanup } = context;
  const upstream = cleanup.use(await startUpstream(programs));
  const bare = await startBare(programs, upstream);
  cleanup.use(bare.proxy);
  const dataDir = makeDataFolder(cleanup);
  const policy = realisticPolicy(SITE.tools);
  const servers = POINTS.map((point) => {
    const path = sitePath("modern", { ...SITE, textBytes: point.textBytes });
    const name = `governed-${point.textBytes}`;
    const registered = register(dataDir, { name, era: "modern", upstreamUrl: upstream.url + path, policy });
    return { point, path, name, registered };
  });
  const proxy = cleanup.use(await startGateway(dataDir, { programs }));
  const contestants: Contestant[] = [];
  for (const { point, path, name, registered } of servers) {
    const { textBytes, connections } = point;
    const calls = { textBytes, connections };
    const url = new URL(path, bare.url).href;
    contestants.push({ ...bare, name: `bare-${textBytes}`, url, calls });
    contestants.push({
      ...(await toContestant({ name, title: "", era: "modern" }, proxy, registered)),
      calls,
    });
  }
  const visits = await sweep(context, upstream, contestants);
  const rows = POINTS.map(({ title, textBytes }) => [title, ...cells(visits, String(textBytes))]);
  return {
    name: "answers",
    tables: [{ title: "Size of an answer", head: ["text in the answer", ...HEAD], rows }],
    measured: {},
    notes: quietNotes(visits),
  };
}
