import { connect } from "node:net";
import { Database } from "@portcullis/server";
import { atLeast, atMost, type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { type ClientCall, Load, percentile } from "./load.ts";
import { ENDLESS, ODDITIES, startOdd } from "./odd-upstream.ts";
import { residentMiB } from "./process-figures.ts";
import { callBody, callHeaders } from "./protocol.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const OPEN = { version: "1", default: "allow" } as const;
const DEADLINE_MS = 2_000;

/** F5: an upstream takes calls and never answers; the calls of another one go on beside it. */
export async function hangUpstream(slackMs = 250): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using dead = await startOdd(() => {});
  const hanging = rig.register("dead", dead.url, OPEN, DEADLINE_MS);
  const served = await rig.serve();
  const others = new Load(rig.target(served), 4);
  const hung = new Load(rig.target(served, hanging), 100);
  await others.call("pay");
  const before = await pacedMs(others, 300);
  const waiting = Array.from({ length: 100 }, () => hung.call("odd_hang"));
  const during = await pacedMs(others, 300);
  const answers = await Promise.all(waiting);
  const again = await hung.call("odd_hang");
  await Promise.all([others.close(), hung.close()]);
  await rig.stop(served);
  return [
    exactly(
      "hung calls answered as failed",
      answers.filter(({ outcome }) => outcome === "failed").length,
      100,
    ),
    atMost(
      "longest by the gateway's clock, deadline 2,000 ms",
      longestMs(rig, "dead"),
      DEADLINE_MS + slackMs,
      " ms",
    ),
    exactly("a slot is free again", again.outcome, "failed"),
    exactly("statuses in the log", statusesOf(rig, "dead").join(" "), "unknown"),
    beside(before, during),
    {
      what: "p99 of another server, before and meanwhile",
      required: "",
      measured: `${percentile(before, 0.99).toFixed(1)} and ${percentile(during, 0.99).toFixed(1)} ms`,
      ok: true,
    },
    promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 })),
  ];
}

/** F6: each oddity is one failure of one call, told by name, and the gateway lives. */
export async function oddAnswers(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const byNumber = new Map<number, (typeof ODDITIES)[number]>();
  await using odd = await startOdd((socket, id) => byNumber.get(id)?.answer(socket, id));
  const registered = rig.register("odd", odd.url, OPEN, DEADLINE_MS);
  const served = await rig.serve();
  const load = new Load(rig.target(served, registered), 8);
  const calls: ClientCall[] = [];
  for (const oddity of ODDITIES) {
    byNumber.set(load.nextNumber(), oddity);
    calls.push(await load.call("pay"));
  }
  const others = new Load(rig.target(served), 1);
  const after = await others.call("pay");
  await Promise.all([load.close(), others.close()]);
  await rig.stop(served);
  const figures = ODDITIES.map((oddity, at): Figure => {
    const call = calls[at];
    if (call === undefined) throw new Error("an oddity that nobody called");
    const named = call.text.includes("odd") ? "names the server" : call.text.slice(0, 80);
    const measured = `${call.outcome}, ${statusOf(rig, call)}, ${named}`;
    return exactly(oddity.name, measured, `failed, ${oddity.status}, names the server`);
  });
  const found = promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 }));
  return [...figures, exactly("still serving", after.outcome, "ran"), found];
}

/** F7: bodies without end, and one that trickles. */
export async function endlessAnswers(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const figures: Figure[] = [];
  for (const [at, { name, head, piece }] of ENDLESS.entries()) {
    await using odd = await startOdd((socket) => {
      const pump = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", pump);
      socket.write(head, pump);
    });
    const load = new Load(rig.target(served, rig.register(`endless-${at}`, odd.url, OPEN, 20_000)), 1);
    const baseMiB = residentMiB(served.pid);
    let mostMiB = baseMiB;
    const watch = setInterval(() => {
      mostMiB = Math.max(mostMiB, residentMiB(served.pid));
    }, 20);
    const { outcome } = await load.call("pay");
    clearInterval(watch);
    await load.close();
    figures.push(
      exactly(name, outcome, "failed"),
      atMost("  resident memory more", mostMiB - baseMiB, 64, " MiB"),
    );
  }
  await using trickle = await startOdd((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"js'),
  );
  const load = new Load(rig.target(served, rig.register("trickle", trickle.url, OPEN, 55_000)), 1);
  const { ms, outcome } = await load.call("pay");
  await load.close();
  figures.push(
    exactly("a body that stops in its middle", outcome, "failed"),
    atMost("  cut after", ms, 31_000, " ms"),
  );
  await rig.stop(served);
  return [...figures, promises(brokenPromises(reconcile(rig, []), { drift: 0 }))];
}

/** F8: one server becomes slow and its clients many; others do not notice, and the queue is bounded. */
export async function slowNeighbour(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using slow = await startOdd(() => {});
  const registered = rig.register("slow", slow.url, OPEN, 5_000);
  const served = await rig.serve();
  const others = new Load(rig.target(served), 4);
  const crowd = new Load(rig.target(served, registered), 1_000);
  await others.call("pay");
  await crowd.call("pay");
  const before = await pacedMs(others, 300);
  const waiting = Array.from({ length: 1_000 }, () => crowd.call("pay"));
  const during = await pacedMs(others, 300);
  const answers = await Promise.all(waiting);
  const busy = answers.filter(({ text }) => text.includes("busy") || text.includes("too many"));
  await Promise.all([others.close(), crowd.close()]);
  await rig.stop(served);
  return [
    atMost("calls that the slow server had at a time", slow.most(), 128),
    atLeast("calls that were told at once that it is busy", busy.length, 1_000 - 128 - 256),
    beside(before, during),
    {
      what: "p99 of another server, before and meanwhile",
      required: "",
      measured: `${percentile(before, 0.99).toFixed(1)} and ${percentile(during, 0.99).toFixed(1)} ms`,
      ok: true,
    },
    promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 })),
  ];
}

/** F9: the upstream sends events as fast as it can, the client reads none. */
export async function slowReader(): Promise<readonly Figure[]> {
  await using rig = await Rig.open({ deadlineMs: 55_000 });
  const served = await rig.serve();
  const load = new Load(rig.target(served), 1);
  await load.call("pay");
  await load.close();
  const baseMiB = residentMiB(served.pid);
  let mostMiB = baseMiB;
  const watch = setInterval(() => {
    mostMiB = Math.max(mostMiB, residentMiB(served.pid));
  }, 50);
  const startedMs = performance.now();
  const { port } = new URL(served.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.pause();
  const body = callBody("odd_flood", { n: 1_000_000_000 });
  const headers = Object.entries({
    ...callHeaders(rig.bank.token, "odd_flood"),
    host: `127.0.0.1:${port}`,
    "content-length": body.length,
  });
  socket.write(
    `POST ${rig.bank.path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
  );
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => {});
  });
  // The end of the connection is seen only by one who reads, so the log is asked instead.
  while (!statusesOf(rig, "bank").includes("cancelled") && performance.now() - startedMs < 40_000)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const cutMs = performance.now() - startedMs;
  clearInterval(watch);
  socket.destroy();
  await closed;
  await rig.stop(served);
  const call = {
    tool: "odd_flood",
    args: { n: 1_000_000_000 },
    status: 0,
    text: "",
    outcome: "cut",
    sentMs: startedMs,
    answeredMs: startedMs + cutMs,
    ms: cutMs,
  } as const;
  return [
    atMost("cut after", cutMs, 31_000, " ms"),
    atMost("resident memory more", mostMiB - baseMiB, 64, " MiB"),
    promises(brokenPromises(reconcile(rig, [...load.calls, call]), { drift: 0 })),
  ];
}

/** The middle of the times: a machine that does other work as well moves the rest. */
function beside(before: readonly number[], during: readonly number[]): Figure {
  const limit = Math.ceil(2 * percentile(before, 0.5) + 10);
  return atMost("p50 of another server meanwhile", percentile(during, 0.5), limit, " ms");
}

/** Times of calls one after the other, as an agent makes them. */
async function pacedMs(load: Load, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let call = 0; call < count; call += 1) times.push((await load.call("pay")).ms);
  return times;
}

/** From the head of a call to the end of its answer, as the log has it: a busy client is no fault of the gateway. */
function longestMs(rig: Rig, server: string): number {
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  try {
    const row = db.get(
      `SELECT max(json_extract(o.body, '$.latencyMs')) AS ms FROM entry i JOIN entry o ON o.of = i.seq
         WHERE i.of IS NULL AND json_extract(i.body, '$.serverName') = ?`,
      server,
    );
    return Number(row?.["ms"]);
  } finally {
    db.close();
  }
}

/** The different statuses of sent calls to a server. */
function statusesOf(rig: Rig, server: string): readonly string[] {
  return outcomes(rig, "json_extract(i.body, '$.serverName') = ?", server);
}

function statusOf(rig: Rig, { args }: ClientCall): string {
  const digest = rig.folder.keys.argumentsHmac(JSON.stringify(args));
  return outcomes(rig, "json_extract(i.body, '$.argumentsHmac') = ?", digest).join(" ");
}

function outcomes(rig: Rig, where: string, value: string): readonly string[] {
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  try {
    const rows = db.all(
      `SELECT DISTINCT json_extract(o.body, '$.status') AS status FROM entry i JOIN entry o ON o.of = i.seq
         WHERE i.of IS NULL AND json_extract(i.body, '$.tool') IS NOT NULL AND ${where}`,
      value,
    );
    return rows.map((row) => String(row["status"]));
  } finally {
    db.close();
  }
}

export const F5: Experiment = { id: "F5", fault: "an upstream accepts and hangs", run: () => hangUpstream() };
export const F6: Experiment = { id: "F6", fault: "an upstream breaks in every way", run: oddAnswers };
export const F7: Experiment = { id: "F7", fault: "answers without end", run: endlessAnswers };
export const F8: Experiment = { id: "F8", fault: "one server slow, 1,000 calls to it", run: slowNeighbour };
export const F9: Experiment = { id: "F9", fault: "a client that reads nothing", run: slowReader };
