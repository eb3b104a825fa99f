import { join } from "node:path";
import { Database } from "@portcullis/server";
import { type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { type ClientCall, Load } from "./load.ts";
import { askLog, readCalls } from "./logged-calls.ts";
import type { CallArguments } from "./protocol.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig, SOURCES, type Started } from "./rig.ts";

const DYING = join(import.meta.dirname, "dying-gateway.ts");
const LAST_STEP = "after the commit of the outcome";
const NO_OUTCOME = "none";

/** What is left of one call whose gateway died at a step. */
export interface StepRow {
  readonly step: string;
  /** Times that the tool ran. */
  readonly ran: number;
  readonly intents: number;
  /** What the log says after the next start. */
  readonly outcome: string;
  readonly charged: number;
  readonly client: ClientCall["outcome"];
}

export interface StepTable {
  readonly rows: readonly StepRow[];
  readonly broken: readonly string[];
}

interface Died {
  readonly step: string;
  readonly call: ClientCall;
  readonly charged: number;
}

/** F2: one call for each step, and `kill -9` at it; after a clean start, what is left of each. */
export async function dieAtEachStep(): Promise<StepTable> {
  await using rig = await Rig.open();
  const calls: ClientCall[] = [];
  const died: Died[] = [];
  const die = async (
    step: string,
    at: number,
    more: (pid: number) => Omit<CallArguments, "n"> = () => ({}),
  ) => {
    const before = chargedSoFar(rig);
    const gateway = await startDying(rig, at);
    const load = new Load(rig.target(gateway.ready), 1);
    const warm = await load.call("pay");
    const call = await load.call("pay", more(gateway.ready.pid));
    await gateway.ended;
    await load.close();
    calls.push(warm, call);
    // The first call ran and is charged in any case.
    died.push({ step, call, charged: chargedSoFar(rig) - before - 1 });
  };
  const names = await passEveryStep(rig, calls);
  for (const [at, step] of names.entries()) await die(step, at + 1);
  await die("the upstream has it and did not run it", 0, (pid) => ({ killFirst: pid }));
  await die("the upstream ran it and did not answer", 0, (pid) => ({ killAfter: pid }));
  await rig.stop(await rig.serve());
  const ran = rig.executions();
  const rows = died.map(({ step, call, charged }): StepRow => {
    const runs = ran.filter(({ n }) => n === call.args.n).length;
    return { step, ran: runs, ...logged(rig, call), charged, client: call.outcome };
  });
  return { rows, broken: brokenPromises(reconcile(rig, calls), { drift: died.length }) };
}

/** The names of all steps of a call, in order. */
async function passEveryStep(rig: Rig, calls: ClientCall[]): Promise<readonly string[]> {
  const gateway = await startDying(rig, 0);
  const names: string[] = [];
  const passed = new Promise<void>((resolve) => {
    gateway.lines.on("line", (line) => {
      const { name } = JSON.parse(line) as { name: string };
      names.push(name);
      if (name === LAST_STEP) resolve();
    });
  });
  const load = new Load(rig.target(gateway.ready), 1);
  calls.push(await load.call("pay"), await load.call("pay"));
  await passed;
  await load.close();
  gateway.child.kill("SIGKILL");
  await gateway.ended;
  return names;
}

async function startDying(
  rig: Rig,
  at: number,
): Promise<Omit<Started, "ready"> & { readonly ready: { readonly url: string; readonly pid: number } }> {
  const started = await rig.start([process.execPath, SOURCES, DYING, rig.folder.path, String(at)]);
  return { ...started, ready: started.ready as { url: string; pid: number } };
}

function chargedSoFar(rig: Rig): number {
  const db = new Database(rig.folder.ledgerFile);
  try {
    const row = db.get("SELECT coalesce(sum(micros), 0) AS micros FROM counter_fixed");
    return Number(row?.["micros"]) / 1_000_000;
  } catch {
    // Before the first start there is no table.
    return 0;
  } finally {
    db.close();
  }
}

function logged(rig: Rig, { args }: ClientCall): Pick<StepRow, "intents" | "outcome"> {
  const digest = rig.folder.keys.argumentsHmac(JSON.stringify(args));
  const calls = askLog(rig, readCalls).filter(({ intent }) => intent.argumentsHmac === digest);
  const statuses = calls.map(({ outcomes }) => outcomes.map(({ status }) => status));
  // One that has two outcomes counts as two.
  const rows = statuses.flatMap((some) => (some.length === 0 ? [NO_OUTCOME] : some));
  return { intents: rows.length, outcome: rows.join(" ") };
}

export const F2: Experiment = {
  id: "F2",
  fault: "kill -9 at each step of one call",
  run: async (): Promise<readonly Figure[]> => {
    const { rows, broken } = await dieAtEachStep();
    const told = rows.map(({ step, ran, intents, outcome, charged, client }): Figure => {
      const measured = `ran ${ran}, intents ${intents}, outcome ${outcome || "-"}, charged ${charged}, client ${client}`;
      const ok =
        ran <= intents && intents <= 1 && charged >= ran && (intents === 0 || outcome !== NO_OUTCOME);
      return { what: step, required: "ran ≤ intents ≤ 1", measured, ok };
    });
    const twice = rows.filter(({ ran }) => ran > 1).length;
    return [exactly("steps with a double execution", twice, 0), ...told, promises(broken)];
  },
};
