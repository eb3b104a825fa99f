/** Parts of the line alone, in this process: what a decision and a strict reading cost. */
import { compilePolicy, evaluateCall, validatePolicy } from "../../packages/policy/src/index.ts";
import { readStrict } from "../../packages/server/src/mcp/strict-reading.ts";
import type { Bench } from "../bench.ts";
import { unwrap } from "../contestants/data-folder.ts";
import { sharedPolicy } from "../contestants/policies.ts";
import { type Spread, shownSpread, spreadOf } from "../figures.ts";
import type { Result } from "../report.ts";
import { callBody, toolNames } from "../wire.ts";

export const micro: Bench = {
  what: "a policy decision alone, strict reading alone, in this process",
  run: async () => measure(),
};

/** Interleaved, so that a slow moment is the same for all. */
const BATCHES = 15;
/** Of one batch: the kernel counts CPU time in steps of some milliseconds. */
const BATCH_MS = 100;

interface Part {
  readonly id: string;
  readonly title: string;
  readonly work: (turn: number) => void;
}

function measure(): Result {
  const parts = [...[10, 20, 2_000].map(decision), ...READ_BYTES.map(reading)];
  const counts = new Map(parts.map((part) => [part.id, runsIn(part, BATCH_MS)]));
  const micros = new Map<string, number[]>(parts.map(({ id }) => [id, []]));
  for (let batch = 0; batch < BATCHES; batch += 1) {
    for (const part of parts) micros.get(part.id)?.push(microsPerRun(part, counts.get(part.id) ?? 1));
  }
  const of = (id: string): Spread => spreadOf(micros.get(id) ?? []);
  const flat = (micros.get("decision-2000") ?? []).map(
    (value, batch) => value / (micros.get("decision-10")?.[batch] ?? Number.NaN),
  );
  return {
    name: "micro",
    tables: [
      {
        title: "Parts of the line alone",
        head: ["what", "CPU µs"],
        rows: parts.map(({ id, title }) => [title, shownSpread(of(id))]),
      },
    ],
    measured: {
      "decision-us": of("decision-20"),
      "decision-flat": spreadOf(flat),
      "strict-1k-us": of("strict-1024"),
      "strict-100k-us": of("strict-102400"),
    },
    notes: [],
  };
}

/** So many of the tools are called in turn, whatever there are: what differs is the policy, not the caller. */
const CALLED = 10;

/** Ten conditions and two limits. Every answer must be an allow. */
function decision(count: number): Part {
  const policy = compilePolicy(unwrap(validatePolicy(sharedPolicy(count))));
  const { params } = JSON.parse(callBody("modern", 1, "tool_0000", 503));
  const called = toolNames(count).filter((_, index) => index % (count / CALLED) === 0);
  const calls = called.map((tool) => ({
    tool,
    args: params.arguments,
    nowMs: 1_790_000_000_000,
    grantLabel: "bench",
  }));
  const decide = (turn: number) => {
    const call = calls[turn % CALLED];
    if (call === undefined || evaluateCall(policy, call).effect !== "allow") throw new Error("not allowed");
  };
  return {
    id: `decision-${count}`,
    title: `decision, ${count} tools, 10 conditions, 2 limits`,
    work: decide,
  };
}

const READ_BYTES = [503, 1_024, 102_400] as const;

function reading(bytes: number): Part {
  const body = Buffer.from(callBody("modern", 1, "tool_0000", bytes));
  const read = () => {
    if (!readStrict(body).ok) throw new Error("not read");
  };
  return {
    id: `strict-${bytes}`,
    title: `strict reading, ${bytes.toLocaleString("en-US")} bytes`,
    work: read,
  };
}

/** How often the part runs in `ms` once it is warm. */
function runsIn(part: Part, ms: number): number {
  let runs = 1;
  while (microsPerRun(part, runs) * runs < ms * 1000) runs *= 2;
  return runs;
}

/** CPU time of this thread: others that take the core do not count. */
function microsPerRun({ work }: Part, runs: number): number {
  const before = process.threadCpuUsage();
  for (let turn = 0; turn < runs; turn += 1) work(turn);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / runs;
}
