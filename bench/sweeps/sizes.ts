/** The size of a call's body. */
import type { Bench, Context } from "../bench.ts";
import { type Contestant, sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register } from "../contestants/data-folder.ts";
import { startBare } from "../contestants/pass-through.ts";
import { realisticPolicy } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import { type Spread, shownSpread } from "../figures.ts";
import type { Result } from "../report.ts";
import { toolName } from "../wire.ts";
import { addedMicros, cells, HEAD, quietNotes, sweep } from "./compare.ts";
import { longestBlockMs, PROBE } from "./loop-block.ts";

export const sizes: Bench = {
  what: "bodies of 0.5 KB to 1 MB: CPU that governance adds, longest block of the event loop",
  run: measure,
};

const POINTS = [
  { title: "0.5 KB", bytes: 512, connections: 32 },
  { title: "1 KB", bytes: 1_024, connections: 32 },
  { title: "10 KB", bytes: 10_240, connections: 32 },
  { title: "100 KB", bytes: 102_400, connections: 8 },
  { title: "1 MB", bytes: 1_048_576, connections: 4 },
] as const;

async function measure(context: Context): Promise<Result> {
  const { programs, cleanup } = context;
  const upstream = cleanup.use(await startUpstream(programs));
  const bare = await startBare(programs, upstream, PROBE);
  cleanup.use(bare.proxy);
  const dataDir = makeDataFolder(cleanup);
  const kind = { name: "governed", title: "", era: "modern" } as const;
  const upstreamUrl = upstream.url + sitePath("modern");
  const registered = register(dataDir, { ...kind, upstreamUrl, policy: realisticPolicy(20) });
  const proxy = cleanup.use(await startGateway(dataDir, { programs, ipc: true, nodeOptions: PROBE }));
  const governed = await toContestant(kind, proxy, registered);
  const contestants = POINTS.flatMap((point) => [at(bare, point), at(governed, point)]);
  const visits = await sweep(context, upstream, contestants);
  const blocks = new Map<string, Spread>();
  for (const contestant of contestants) blocks.set(contestant.name, await longestBlockMs(contestant));
  const block = (name: string) => shownSpread(blocks.get(name) ?? NO_FIGURE);
  const rows = POINTS.map(({ title, bytes }) => [
    ...[title, ...cells(visits, String(bytes))],
    ...[block(`bare-${bytes}`), block(`governed-${bytes}`)],
  ]);
  const head = ["body", ...HEAD, "bare block ms", "governed block ms"];
  return {
    name: "sizes",
    tables: [{ title: "Size of a call's body", head, rows }],
    measured: {
      "size-10k-added-us": addedMicros(visits, "governed-10240", "bare-10240"),
      "size-1m-block-ms": blocks.get("governed-1048576") ?? NO_FIGURE,
    },
    notes: [
      "Longest block: the longest turn of the event loop during one call alone.",
      ...quietNotes(visits),
    ],
  };
}

const NO_FIGURE: Spread = { median: Number.NaN, min: Number.NaN, max: Number.NaN };

function at(contestant: Contestant, { bytes, connections }: (typeof POINTS)[number]): Contestant {
  const calls = { bytes, connections, tools: [toolName(0)] };
  return { ...contestant, name: `${contestant.name}-${bytes}`, calls };
}
