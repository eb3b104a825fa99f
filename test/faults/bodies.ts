import { connect, type Socket } from "node:net";
import { atMost, type Experiment, exactly, type Figure, info, promises } from "./experiment.ts";
import { statusesOf } from "./ledger-questions.ts";
import { type ClientCall, Load, takeNumber } from "./load.ts";
import { ENDLESS, startOdd } from "./odd-upstream.ts";
import { heldMiB, mostMiBDuring, openFiles, PROBED } from "./process-figures.ts";
import { callBody, callHeaders } from "./protocol.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig, type Served } from "./rig.ts";

const OPEN = { version: "1", default: "allow" } as const;
const MIB = 1024 * 1024;
/** One body or event. */
const MAX_BODY_BYTES = 8 * MIB;
const DEADLINE_MS = 55_000;
const STALL_MS = 30_000;
const LATE_MS = 1_000;

/** F7: bodies without end, bodies that are too large, and bodies that trickle. */
export async function endlessAnswers(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const load = new Load(rig.target(served), 1);
  await load.call("pay");
  const figures = [
    ...(await endless(rig, served)),
    ...(await largest(load)),
    ...(await trickles(rig, served)),
  ];
  await load.close();
  await rig.stop(served);
  return [...figures, promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 }))];
}

async function endless(rig: Rig, served: Served): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [at, { name, head, piece }] of ENDLESS.entries()) {
    await using odd = await startOdd((socket) => {
      const pump = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", pump);
      socket.write(head, pump);
    });
    const load = new Load(rig.target(served, rig.register(`endless-${at}`, odd.url, OPEN)), 1);
    const call = load.call("pay");
    const moreMiB = await mostMiBDuring(served.pid, call);
    const { outcome } = await call;
    await load.close();
    figures.push(exactly(name, outcome, "failed"), atMost("  resident memory more", moreMiB, 64, " MiB"));
  }
  return figures;
}

/** The largest body, and one that is a byte longer. */
async function largest(load: Load): Promise<readonly Figure[]> {
  const content = [{ type: "text", text: "" }];
  const figures: Figure[] = [];
  for (const [size, required] of [
    [MAX_BODY_BYTES, "whole"],
    [MAX_BODY_BYTES + 1, "its answer is too large"],
  ] as const) {
    const around = { jsonrpc: "2.0", id: load.nextNumber(), result: { resultType: "complete", content } };
    const { text } = await load.call("odd_big", { bytes: size - JSON.stringify(around).length });
    const measured = text.length === size ? "whole" : (/: (its answer is [^.]*)\./.exec(text)?.[1] ?? text);
    figures.push(exactly(`a body of ${size} bytes`, measured.slice(0, 80), required));
  }
  return figures;
}

const BEGUN = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"js';

interface Trickle {
  readonly name: string;
  readonly begin: string;
  /** Whether a byte comes every 20 s, or none. */
  readonly isTrickling: boolean;
  readonly afterMs: number;
}

const TRICKLES: readonly Trickle[] = [
  { name: "a body that stops in its middle", begin: BEGUN, isTrickling: false, afterMs: STALL_MS },
  { name: "a body of which a byte comes every 20 s", begin: BEGUN, isTrickling: true, afterMs: DEADLINE_MS },
  {
    name: "a head of which a byte comes every 20 s",
    begin: "HTTP/1.1 200 OK\r\nx-a: ",
    isTrickling: true,
    afterMs: DEADLINE_MS,
  },
];

/** All at once: each takes as long as its bound. */
async function trickles(rig: Rig, served: Served): Promise<readonly Figure[]> {
  const cut = await Promise.all(TRICKLES.map((trickle, at) => cutTrickle(rig, served, trickle, at)));
  return cut.flatMap(({ outcome, ms }, at) => {
    const { name, afterMs } = TRICKLES[at] ?? { name: "", afterMs: 0 };
    return [exactly(name, outcome, "failed"), atMost("  cut after", ms, afterMs + LATE_MS, " ms")];
  });
}

async function cutTrickle(
  rig: Rig,
  served: Served,
  { begin, isTrickling }: Trickle,
  at: number,
): Promise<ClientCall> {
  await using odd = await startOdd((socket) => {
    socket.write(begin);
    const drip = setInterval(() => isTrickling && socket.write("a"), 20_000);
    socket.on("close", () => clearInterval(drip));
  });
  const registered = rig.register(`trickle-${at}`, odd.url, OPEN, DEADLINE_MS);
  const load = new Load(rig.target(served, registered), 1);
  const call = await load.call("pay");
  await load.close();
  return call;
}

const READERS = 64;
const ANSWERS = 16;
const HOLDING_MS = 5_000;

/** F9: clients that read nothing, of streams that never end and of the largest answers. */
export async function slowReaders(): Promise<readonly Figure[]> {
  await using rig = await Rig.open({ deadlineMs: DEADLINE_MS });
  const served = await rig.serve({ node: PROBED });
  const load = new Load(rig.target(served), 1);
  await load.call("pay");
  const answered = () => statusesOf(rig, "bank").get("ok") ?? 0;
  const streams = await unread(rig, served, READERS, ["odd_flood"], () => true);
  // The system may take one answer whole; then the second one waits in the gateway, which is not asked for before.
  const answers = await unread(rig, served, ANSWERS, ["odd_big", "odd_big"], () => answered() > ANSWERS);
  const after = await load.call("pay");
  await load.close();
  const cancelled = statusesOf(rig, "bank").get("cancelled") ?? 0;
  await rig.stop(served);
  const calls = [...load.calls, ...streams.calls, ...answers.calls];
  return [
    atMost("streams cut after", streams.cutMs, STALL_MS + LATE_MS, " ms"),
    atMost("  held for each meanwhile", streams.heldMiB / READERS, 1, " MiB"),
    exactly("  cancelled in the log", cancelled, READERS),
    atMost("answers of 8 MiB cut after", answers.cutMs, STALL_MS + LATE_MS, " ms"),
    info("  held for each meanwhile", `${(answers.heldMiB / ANSWERS).toFixed(1)} MiB`),
    exactly("still serving", after.outcome, "ran"),
    promises(brokenPromises(reconcile(rig, calls), { drift: 0 })),
  ];
}

interface Unread {
  readonly calls: readonly ClientCall[];
  /** From when it was there until the gateway had closed all their connections. */
  readonly cutMs: number;
  /** What the gateway holds for them while they wait, garbage not counted. */
  readonly heldMiB: number;
}

/** Clients that ask for all of these at once, each on one connection, and read nothing of what is there for them. */
async function unread(
  rig: Rig,
  served: Served,
  count: number,
  tools: readonly string[],
  isThere: () => boolean,
): Promise<Unread> {
  const files = openFiles(served.pid);
  const before = await heldMiB(served);
  const asked = Array.from({ length: count }, () => askOnly(rig, served, tools));
  await until(isThere, STALL_MS);
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, HOLDING_MS));
  const during = await heldMiB(served);
  // The end of a connection is seen only by one who reads, so the gateway's own files are counted.
  await until(() => openFiles(served.pid) <= files, 2 * STALL_MS);
  const cutMs = performance.now() - startedMs;
  for (const { socket } of asked) socket.destroy();
  const seen = {
    status: 0,
    text: "",
    outcome: "cut",
    sentMs: startedMs,
    answeredMs: startedMs + cutMs,
  } as const;
  const calls = asked.flatMap((one) => one.calls.map((call) => ({ ...call, ...seen, ms: cutMs })));
  return { calls, cutMs, heldMiB: during - before };
}

function askOnly({ bank }: Rig, { url }: Served, tools: readonly string[]) {
  const { host, port } = new URL(url);
  const socket: Socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  const calls = tools.map((tool) => ({ tool, args: { n: takeNumber(), bytes: MAX_BODY_BYTES - 4_096 } }));
  const requests = calls.map(({ tool, args }) => {
    const body = callBody(tool, args);
    const headers = { ...callHeaders(bank.token, tool), host, "content-length": body.length };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `POST ${bank.path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
  });
  socket.write(requests.join(""));
  return { calls, socket };
}

async function until(isSo: () => boolean, mostMs: number): Promise<void> {
  const startedMs = performance.now();
  while (!isSo() && performance.now() - startedMs < mostMs)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

export const F7: Experiment = { id: "F7", fault: "answers without end", run: endlessAnswers };
export const F9: Experiment = { id: "F9", fault: "clients that read nothing", run: slowReaders };
