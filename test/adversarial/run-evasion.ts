/** Tries to have something run that no row tells of. */
import { once } from "node:events";
import { connect } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { startRig } from "../e2e/harness.ts";
import { readMetrics } from "./aftermath.ts";
import { Canaries } from "./canaries.ts";
import { registrar, type World } from "./cells.ts";
import { compose } from "./compose.ts";
import { type Kind, openPlace, type Place, say, until } from "./conversation.ts";
import type { Case } from "./corpus.ts";
import type { BrokenLog, Cut } from "./evasion.ts";
import { checkAlways, Trail } from "./trail.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: { any: { limits: [{ counter: "calls", window: "month", max: 100_000 }] } },
};
const CALL: Case = {
  family: "evasion",
  id: "call",
  name: "call",
  threats: [75],
  expect: { forwarded: true },
};

interface Run {
  readonly cells: number;
  readonly failures: readonly string[];
}

/** Breaks the log beneath a gateway that runs; failures are lines. */
export async function runBrokenLogs(logs: readonly BrokenLog[], world: World): Promise<Run> {
  const failures: string[] = [];
  for (const log of logs) {
    const attempt = () =>
      log.expect === "refused" ? refuseMeanwhile(log, world) : findAfterwards(log, world);
    const tried = await world.process.notHeldUp(0, attempt).catch((error: unknown) => ({
      value: [],
      problems: [String(error)],
    }));
    failures.push(...[...tried.value, ...tried.problems].map((problem) => `${log.name}: ${problem}`));
  }
  return { cells: logs.length, failures };
}

/** Nothing runs while no row can be written, and once one can everything does, with nobody's help. */
async function refuseMeanwhile({ change, undo }: BrokenLog, world: World): Promise<readonly string[]> {
  const place = await openPlace(world, "modern", POLICY, () => undefined);
  await say(world, place.one, {});
  const trail = new Trail(world, place);
  alter(world.rig.folder.ledgerFile, change);
  const answers = [];
  try {
    // The first commit that fails tells the gateway; the second one finds it knowing.
    for (const more of [{}, {}, { tool: "delete" }]) answers.push(await say(world, place.one, more));
  } finally {
    alter(world.rig.folder.ledgerFile, undo);
  }
  const problems = answers.flatMap((answered) => [
    ...(answered.status === 503 ? [] : [`HTTP ${answered.status} while nothing can be written`]),
    ...checkAlways(world, answered, [], "modern"),
  ]);
  const calls = trail.calls();
  if (calls > 0) problems.push(`${calls} calls ran without a row`);
  let status = 0;
  for (let tries = 0; status !== 200 && tries < 2_000; tries += 1)
    status = (await say(world, place.one, {})).status;
  return status === 200 ? problems : [...problems, `HTTP ${status} when rows can be written again`];
}

/** On a gateway of its own, whose log is spoilt by it. */
async function findAfterwards({ change, undo }: BrokenLog, { upstream }: World): Promise<readonly string[]> {
  await using rig = await startRig();
  const register = registrar({ rig, upstream, canaries: new Canaries() });
  const place = await openPlace({ rig, upstream, register }, "modern", POLICY, () => undefined);
  for (let calls = 0; calls < 3; calls += 1) await say({ rig }, place.one, {});
  const before = rig.verify();
  alter(rig.folder.ledgerFile, change);
  for (const tool of ["any", "delete", "any"]) await say({ rig }, place.one, { tool });
  alter(rig.folder.ledgerFile, undo);
  await say({ rig }, place.one, {});
  const after = rig.verify();
  return [
    ...(before.ok ? [] : [`it did not verify before: ${before.reason}`]),
    ...(after.ok ? ["it verifies all the same"] : []),
  ];
}

function alter(file: string, sql: string): void {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

/** Leaves at every point of a call; failures are lines. */
export async function runCuts(cuts: readonly Cut[], world: World): Promise<Run> {
  const failures: string[] = [];
  let cells = 0;
  for (const kind of ["modern", "session", "stateless"] as const satisfies readonly Kind[]) {
    const place = await openPlace(world, kind, POLICY, () => undefined);
    await say(world, place.one, {});
    for (const cut of cuts) {
      cells += 1;
      const tried = await world.process
        .notHeldUp(0, () => tryCut(cut, place, world))
        .catch((error: unknown) => ({
          value: [],
          problems: [String(error)],
        }));
      failures.push(
        ...[...tried.value, ...tried.problems].map((problem) => `${cut.name} (${kind}): ${problem}`),
      );
    }
  }
  return { cells, failures };
}

async function tryCut(cut: Cut, place: Place, world: World): Promise<readonly string[]> {
  const trail = new Trail(world, place);
  const bytes = bytesOf(cut, place);
  using _left = await leave(bytes, cut, world);
  // Whoever sent a whole head is known.
  const sent = bytes.toString("latin1").split("\r\n\r\n").length - 1;
  // What a reset overtakes was never read, and what waits for an answer that nobody can have is not looked at.
  const isCertain = cut.ends === "close" && cut.part !== "second";
  if (isCertain) await until(() => trail.rows().length >= sent, "for rows", ROWS_WITHIN_MS).catch(() => {});
  await nothingOpen(world);
  const rows = trail.rows();
  const allowed = rows.filter(({ effect }) => effect === "allow").length;
  const calls = trail.calls();
  const isFine = isCertain ? rows.length === sent : rows.length <= sent;
  const next = await say(world, place.one, {});
  return [
    ...(isFine ? [] : [`${rows.length} rows for ${sent} requests`]),
    ...(calls <= allowed ? [] : [`${calls} calls ran for ${allowed} rows`]),
    ...(next.status === 200 ? [] : [`the next one gets HTTP ${next.status}`]),
  ];
}

function bytesOf({ part, at }: Cut, { one }: Place): Buffer {
  const { wire, body } = compose(CALL, one);
  const head = wire.subarray(0, wire.length - body.length);
  const second = compose(CALL, one).wire;
  const whole = { head: [EMPTY, head], body: [head, body], second: [wire, second] }[part];
  const [before = EMPTY, cut = EMPTY] = whole;
  return Buffer.concat([before, cut.subarray(0, lengthOf(at, cut.length))]);
}

/** Sends that much, and no more. */
async function leave(bytes: Buffer, { ends }: Cut, { rig }: World): Promise<Disposable> {
  const socket = connect({ port: Number(new URL(rig.gateway.url).port), host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  await new Promise((resolve) => socket.write(bytes, resolve));
  if (ends === "close") socket.end();
  else socket.resetAndDestroy();
  return { [Symbol.dispose]: () => void socket.destroy() };
}

const EMPTY = Buffer.alloc(0);

function lengthOf(at: string, length: number): number {
  if (at === "all") return length;
  const number = Number(at);
  if (number < 0) return length + number;
  return at.includes(".") ? Math.floor(number * length) : number;
}

/** Resolves when the gateway says that it has nothing open. */
async function nothingOpen({ rig }: World): Promise<void> {
  const endMs = performance.now() + OVER_WITHIN_MS;
  // What came before a request that is answered has been read.
  while (!/^portcullis_open_calls 0$/m.test(await readMetrics(rig.gateway.adminUrl)))
    if (performance.now() > endMs) throw new Error("something stays open");
}

const OVER_WITHIN_MS = 5_000;
const ROWS_WITHIN_MS = 2_000;
