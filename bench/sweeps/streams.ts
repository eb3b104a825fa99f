/** Streams that are open and silent: what one costs in memory. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Context } from "../bench.ts";
import { type Contestant, SITE, sitePath } from "../contestants/contestant.ts";
import { makeDataFolder, register } from "../contestants/data-folder.ts";
import { startBare } from "../contestants/pass-through.ts";
import { ALLOW_ALL } from "../contestants/policies.ts";
import { startGateway, toContestant } from "../contestants/portcullis.ts";
import { startUpstream } from "../contestants/running.ts";
import { type Spread, shown, spreadOf } from "../figures.ts";
import { prove } from "../proof.ts";
import type { Result } from "../report.ts";
import { listenBody, listHeaders } from "../wire.ts";

export const streams: Bench = {
  what: "up to 10,000 open streams (subscriptions/listen): memory of one that is proxied",
  run: measure,
};

const MOST = 10_000;
const STEPS = [1_000, 5_000, MOST] as const;
/** Files that a proxy has open besides its streams. */
const OTHER_FILES = 500;
/** So many connections are opened at a time. */
const AT_ONCE = 100;
/** Memory that was needed while streams opened is given back in this time. */
const SETTLE_MS = 3_000;
const KIB = 1024;

async function measure({ programs, cleanup }: Context): Promise<Result> {
  const upstream = cleanup.use(await startUpstream(programs));
  const bare = await startBare(programs, upstream);
  cleanup.use(bare.proxy);
  const dataDir = makeDataFolder(cleanup);
  const kind = { name: "governed", title: "Portcullis", era: "modern" } as const;
  const upstreamUrl = upstream.url + sitePath("modern", SITE);
  const registered = register(dataDir, { ...kind, upstreamUrl, policy: ALLOW_ALL });
  const proxy = cleanup.use(await startGateway(dataDir, { programs }));
  const governed = await toContestant(kind, proxy, registered);
  // A proxied stream needs two files of the proxy.
  const most = Math.min(MOST, Math.floor((openFilesLimit() - OTHER_FILES) / 2));
  const steps = STEPS.map((step) => Math.min(step, most)).filter((step, at, all) => all.indexOf(step) === at);
  const rows: string[][] = [];
  let atMost: Spread = spreadOf([]);
  for (const contestant of [bare, governed]) {
    await prove(contestant);
    const found = await perStream(contestant, steps);
    const cells = found.map(({ kib, proved }) => `${shown(kib)}${proved ? "" : " (no answers beside them)"}`);
    rows.push([contestant.title, ...cells]);
    atMost = spreadOf([found.at(-1)?.kib ?? Number.NaN]);
  }
  const head = ["KiB resident per stream", ...steps.map((step) => `${step.toLocaleString("en-US")} streams`)];
  const notes = most < MOST ? [`The limit of open files (${openFilesLimit()}) allows ${most} streams.`] : [];
  return {
    name: "streams",
    tables: [{ title: "Streams that are open and silent", head, rows }],
    measured: { "stream-kib": atMost },
    notes,
  };
}

/** Opens streams step by step; memory of the proxy per stream at each step, and whether calls still pass. */
async function perStream(
  contestant: Contestant,
  steps: readonly number[],
): Promise<readonly { readonly kib: number; readonly proved: boolean }[]> {
  const sockets: Socket[] = [];
  const resident = () => contestant.proxy?.residentBytes() ?? Number.NaN;
  await sleep(SETTLE_MS);
  const before = resident();
  const found: { kib: number; proved: boolean }[] = [];
  for (const step of steps) {
    while (sockets.length < step) {
      const count = Math.min(AT_ONCE, step - sockets.length);
      const opening = Array.from({ length: count }, (_, at) => openStream(contestant, sockets.length + at));
      sockets.push(...(await Promise.all(opening)));
    }
    await sleep(SETTLE_MS);
    const kib = (resident() - before) / KIB / step;
    found.push({
      kib,
      proved: await prove(contestant).then(
        () => true,
        () => false,
      ),
    });
  }
  for (const socket of sockets) socket.destroy();
  return found;
}

/** Resolves when the server's acknowledgement has come through. */
async function openStream({ url, era, headers }: Contestant, id: number): Promise<Socket> {
  const { host, hostname, port, pathname } = new URL(url);
  const body = listenBody(id);
  const own = { ...listHeaders(era), "mcp-method": "subscriptions/listen" };
  const lines = Object.entries({ host, ...own, ...headers, "content-length": body.length });
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
  );
  let text = "";
  while (!text.includes("subscriptions/acknowledged")) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    text += chunk.toString("latin1");
    if (text.length > 0 && !text.startsWith("HTTP/1.1 200"))
      throw new Error(`no stream: ${text.slice(0, 300)}`);
  }
  socket.on("error", () => {});
  return socket;
}

function openFilesLimit(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
}
