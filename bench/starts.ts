/** From the start of a process until it listens, and until its first answer. */
import type { Context } from "./bench.ts";
import { sitePath } from "./contestants/contestant.ts";
import { makeDataFolder, register } from "./contestants/data-folder.ts";
import { realisticPolicy } from "./contestants/policies.ts";
import { startGateway, toContestant } from "./contestants/portcullis.ts";
import { type Running, startAnnouncing } from "./contestants/running.ts";
import { type Spread, shownSpread, spreadOf } from "./figures.ts";
import { prove } from "./proof.ts";
import type { Table } from "./report.ts";

const STARTS = 7;

/** The least that Node can be: a server that answers itself. */
const BARE_NODE = `
const server = require("node:http").createServer((request, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: "http://127.0.0.1:" + server.address().port }));
});`;

interface Start {
  readonly readyMs: number;
  readonly answerMs: number;
}

export async function measureStarts(
  { programs, cleanup }: Context,
  upstream: Running,
): Promise<{ readonly table: Table; readonly measured: Readonly<Record<string, Spread>> }> {
  const dataDir = makeDataFolder(cleanup);
  const upstreamUrl = upstream.url + sitePath("modern");
  const kind = {
    name: "starts",
    title: "",
    era: "modern",
    upstreamUrl,
    policy: realisticPolicy(20),
  } as const;
  const registered = register(dataDir, kind);
  const node = () => startAnnouncing([process.execPath, "-e", BARE_NODE], { programs });
  const gateway = () => startGateway(dataDir, { programs });
  const answerOfNode = async ({ url }: Running) => (await fetch(url)).text();
  const answerOfGateway = async (proxy: Running) => prove(await toContestant(kind, proxy, registered));
  // The first start of all migrates, takes the tool list and fills Node's compile cache.
  await timeStart(gateway, answerOfGateway);
  const starts: { node: Start; gateway: Start }[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    starts.push({
      node: await timeStart(node, answerOfNode),
      gateway: await timeStart(gateway, answerOfGateway),
    });
  }
  const of = (figure: (start: (typeof starts)[number]) => number) => spreadOf(starts.map(figure));
  const answer = of((start) => start.gateway.answerMs);
  const against = of((start) => start.gateway.answerMs / start.node.answerMs);
  const rows = [
    [
      "bare Node",
      shownSpread(of((start) => start.node.readyMs)),
      shownSpread(of((start) => start.node.answerMs)),
    ],
    ["Portcullis, governed", shownSpread(of((start) => start.gateway.readyMs)), shownSpread(answer)],
  ];
  return {
    table: { title: "Start", head: ["what", "ms to ready", "ms to first answer"], rows },
    measured: { "first-answer-ms": answer, "first-answer-to-node": against },
  };
}

async function timeStart(
  start: () => Promise<Running>,
  answer: (proxy: Running) => Promise<unknown>,
): Promise<Start> {
  await using proxy = await start();
  await answer(proxy);
  return { readyMs: proxy.readyMs, answerMs: performance.now() - proxy.spawnedMs };
}
