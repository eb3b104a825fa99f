import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { atMost, type Experiment, exactly, type Figure, info, promises, type Skipped } from "./experiment.ts";
import { HandConnection } from "./hand-connection.ts";
import { type ClientCall, Load, percentile, type Target } from "./load.ts";
import { fileLimit, openFiles, residentMiB } from "./process-figures.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig, type Served } from "./rig.ts";

const SECOND_MS = 1_000;

/** So many open files, and no more: Node raises what it may to the limit above it. */
const withFiles = (count: number) => ["bash", "-c", `ulimit -n ${count} && exec "$0" "$@"`];

/** F19: 512 descriptors, 2,000 connections. */
export async function exhaustDescriptors(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve({ prefix: withFiles(512) });
  const load = new Load(rig.target(served), 4);
  await Promise.all(Array.from({ length: 4 }, () => load.call("pay")));
  const crowd = await openSilent(served, 2_000);
  await new Promise((resolve) => setTimeout(resolve, SECOND_MS));
  const files = openFiles(served.pid);
  const during = await Promise.all(Array.from({ length: 40 }, () => load.call("pay")));
  const health = await fetch(`${served.adminUrl}/healthz`).then(
    ({ status }) => status,
    () => 0,
  );
  for (const socket of crowd) socket.destroy();
  const startedMs = performance.now();
  const fresh = new Load(rig.target(served), 1);
  const isBack = async (): Promise<boolean> => (await fresh.call("pay")).outcome === "ran";
  while (!(await isBack()) && performance.now() - startedMs < 30 * SECOND_MS);
  const backMs = performance.now() - startedMs;
  await Promise.all([load.close(), fresh.close()]);
  await rig.stop(served);
  return [
    atMost("descriptors", files, 512),
    exactly(
      "calls on connections that were there",
      during.filter(({ outcome }) => outcome === "ran").length,
      40,
    ),
    exactly("/healthz meanwhile", health, 200),
    atMost("a new client is served after they are gone", backMs, 5 * SECOND_MS, " ms"),
    promises(brokenPromises(reconcile(rig, [...load.calls, ...fresh.calls]), { drift: 0 })),
  ];
}

/** Connections that say nothing. */
async function openSilent({ url }: Served, count: number): Promise<readonly Socket[]> {
  const { port } = new URL(url);
  const sockets: Socket[] = [];
  for (let at = 0; at < count; at += 1) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    // A few at a time, as the queue of a listening socket is short.
    if (at % 100 === 99)
      await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => undefined);
  }
  return sockets;
}

const ACTIVE = 1_000;
const SLOW = 1_000;
const IDLE = 8_000;
const CONNECTIONS = ACTIVE + SLOW + IDLE;
/** Of which agents get 60 %: `CAP`. */
const FILES = 17_500;
const CAP = 10_500;
const BEYOND = 50;
const PER_SECOND = 1_000;
const WARM_MS = 2 * SECOND_MS;
const ROUND_MS = 3 * SECOND_MS;
/** Of which the middle one counts: other work on the machine moves single ones. */
const ROUNDS = 5;
/** A whole request takes eight seconds, of the 14 that it may. */
const DRIP = { pieces: 9, pauseMs: SECOND_MS };

/** F20: 10,000 connections, of which 1,000 make 1,000 calls a second, 1,000 send theirs bit by bit, the others wait. */
export async function manyConnections(): Promise<readonly Figure[] | Skipped> {
  const limit = fileLimit();
  if (limit < FILES)
    return { skipped: `it takes ${FILES} open files, and this machine allows ${limit} (ulimit -Hn)` };
  await using rig = await Rig.open();
  const served = await rig.serve({ prefix: withFiles(FILES) });
  const target = rig.target(served);
  const load = new Load(target, ACTIVE);
  const direct = await loadDirectly(rig);
  // A process is slowest when it is new: it gets to the rate in steps.
  for (const one of [direct, load])
    for (const part of [10, 2, 1]) await one.offer(PER_SECOND / part, () => "pay", WARM_MS);
  const alone = await measureRounds(direct, load);
  const aloneMiB = residentMiB(served.pid);
  const crowd = await Crowd.open(target);
  const beside = await measureRounds(direct, load);
  const crowdKiB = (residentMiB(served.pid) - aloneMiB) * 1_024;
  const held = crowd.open + ACTIVE;
  const cap = await fillToCap(target, crowd, load);
  await crowd.end();
  await Promise.all([direct.close(), load.close()]);
  await rig.stop(served);
  const calls = [...load.calls, ...crowd.calls];
  return [
    exactly("connections that are held", held, CONNECTIONS),
    atMost("memory of each that is idle or slow", crowdKiB / (SLOW + IDLE), 40, " KiB"),
    atMost("p99 more than without the gateway", beside.addedMs, 25, " ms"),
    ...cap,
    exactly("calls that failed", failures(calls), "0"),
    info("p99 without the crowd", alone.told),
    info("p99 beside it", beside.told),
    promises(brokenPromises(reconcile(rig, calls), { drift: 0 })),
  ];
}

/** As many more as there may be, and a few beyond; calls go on meanwhile. */
async function fillToCap(target: Target, crowd: Crowd, load: Load): Promise<readonly Figure[]> {
  const more = await openAll(target, CAP - CONNECTIONS);
  crowd.calls.push(...(await callOnEach(more)));
  const beyond = await callOnEach(await openAll(target, BEYOND));
  await load.offer(PER_SECOND, () => "pay", ROUND_MS);
  const held = crowd.open + ACTIVE + more.filter(({ isOpen }) => isOpen).length;
  for (const connection of more) connection.destroy();
  return [
    exactly(`connections up to the cap, 60 % of ${FILES} files`, held, CAP),
    exactly(
      `of ${BEYOND} beyond it, closed at once`,
      beyond.filter(({ outcome }) => outcome === "cut").length,
      BEYOND,
    ),
  ];
}

/** How many, and what the first says. */
function failures(calls: readonly ClientCall[]): string {
  const failed = calls.filter(({ outcome }) => outcome !== "ran");
  const said = /"text":"([^"]*)/.exec(failed[0]?.text ?? "")?.[1] ?? failed[0]?.outcome;
  return said === undefined ? "0" : `${failed.length}: ${said}`;
}

/** As many connections, to a server of the same kind. */
async function loadDirectly(rig: Rig): Promise<Load> {
  const url = new URL(await rig.startUpstream(`${rig.executionsFile}-direct`));
  return new Load({ origin: url.origin, path: url.pathname, token: "none" }, ACTIVE);
}

/** Both in turn; what the gateway adds to the p99 that clients see, in the middle round. */
async function measureRounds(
  direct: Load,
  load: Load,
): Promise<{ readonly addedMs: number; readonly told: string }> {
  const rounds: { readonly directMs: number; readonly throughMs: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({ directMs: await p99Ms(direct), throughMs: await p99Ms(load) });
  const middle = (values: readonly number[]) => percentile(values, 0.5);
  const [directMs, throughMs] = [
    middle(rounds.map((one) => one.directMs)),
    middle(rounds.map((one) => one.throughMs)),
  ];
  return {
    addedMs: middle(rounds.map((one) => one.throughMs - one.directMs)),
    told: `${directMs.toFixed(1)} ms to the server, ${throughMs.toFixed(1)} ms through the gateway`,
  };
}

async function p99Ms(load: Load): Promise<number> {
  const seen = load.calls.length;
  await load.offer(PER_SECOND, () => "pay", ROUND_MS);
  return percentile(
    load.calls.slice(seen).map(({ ms }) => ms),
    0.99,
  );
}

/** Connections beside those that call: most made one call and wait, the others send a call bit by bit, again and again. */
class Crowd {
  readonly calls: ClientCall[] = [];
  readonly #connections: readonly HandConnection[];
  readonly #dripping: readonly Promise<void>[];
  #isOver = false;

  private constructor(connections: readonly HandConnection[], calls: readonly ClientCall[]) {
    this.calls.push(...calls);
    this.#connections = connections;
    this.#dripping = connections.slice(0, SLOW).map((connection, at) => this.#drip(connection, at));
  }

  static async open(target: Target): Promise<Crowd> {
    const connections = await openAll(target, SLOW + IDLE);
    return new Crowd(connections, await callOnEach(connections));
  }

  get open(): number {
    return this.#connections.filter(({ isOpen }) => isOpen).length;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#dripping);
    for (const connection of this.#connections) connection.destroy();
  }

  async #drip(connection: HandConnection, at: number): Promise<void> {
    // Not in step: their calls would arrive all at once.
    await new Promise((resolve) => setTimeout(resolve, (at * DRIP.pieces * DRIP.pauseMs) / SLOW));
    while (!this.#isOver && connection.isOpen) this.calls.push(await connection.call(DRIP));
  }
}

/** The queue of a listening socket is short. */
const AT_A_TIME = 100;

async function openAll(target: Target, count: number): Promise<readonly HandConnection[]> {
  const connections: HandConnection[] = [];
  while (connections.length < count) {
    const wave = Math.min(AT_A_TIME, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: wave }, () => HandConnection.open(target)))));
  }
  return connections;
}

/** One call on each: a connection that never asked anything is not kept for long. */
async function callOnEach(connections: readonly HandConnection[]): Promise<readonly ClientCall[]> {
  const calls: ClientCall[] = [];
  for (let at = 0; at < connections.length; at += AT_A_TIME) {
    const wave = connections.slice(at, at + AT_A_TIME);
    calls.push(...(await Promise.all(wave.map((connection) => connection.call()))));
  }
  return calls;
}

export const F19: Experiment = {
  id: "F19",
  fault: "512 descriptors, 2,000 connections",
  run: exhaustDescriptors,
};
export const F20: Experiment = {
  id: "F20",
  fault: "10,000 connections, 1,000 of them with 1,000 calls/s",
  run: manyConnections,
};
