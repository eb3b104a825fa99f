import type { PolicyDocument } from "@portcullis/policy";
import { atMost, type Experiment, exactly, type Figure, info, promises } from "./experiment.ts";
import { Load, percentile } from "./load.ts";
import { answerOk, startOdd } from "./odd-upstream.ts";
import { cpuMsOf, PROBED, probe } from "./process-figures.ts";
import { callBody, callHeaders, TOOLS } from "./protocol.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { type Registered, Rig, type Served } from "./rig.ts";

const MAX_CPU_MS = 100;
const MAX_LAG_MS = 50;
const REPEATS = 20;
/** Other work on the machine makes turns late as well, for a while. */
const WINDOWS = 3;
const OTHERS_PER_SECOND = 50;

/** What one call brings, made to stop the event loop. */
interface Hostile {
  readonly name: string;
  readonly body: () => string;
}

const call = (args: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{${args}}}}`;
/** One that nobody refuses. */
const valid = (args: object) => {
  const message = JSON.parse(callBody("pay", { n: 1 })) as { params: { arguments: object } };
  message.params.arguments = args;
  return JSON.stringify(message);
};
const many = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join(",");

const BODIES: readonly Hostile[] = [
  { name: "1 MiB of brackets", body: () => "[".repeat(1 << 20) },
  { name: "1 MiB of nested objects", body: () => '{"a":'.repeat(1 << 18) },
  { name: "a million numbers", body: () => call(`"a":[${"1,".repeat(1_000_000)}1]`) },
  { name: "a 4 MiB string", body: () => call(`"a":"${"x".repeat(4_000_000)}"`) },
  { name: "50,000 keys", body: () => call(many(50_000, (at) => `"k${at}":1`)) },
  {
    name: "a 20-digit fraction at the end of 1 MiB",
    body: () => call(`"a":"${"é".repeat(500_000)}","b":0.12345678901234567890`),
  },
];

/** What a pattern is held against has so many letters at most. */
const LONGEST = 65_536;
/** Patterns on which an engine that backtracks would not come to an end, and what they are held against. */
const PATTERNS: readonly { readonly pattern: string; readonly text: string }[] = [
  { pattern: "^(a+)+$", text: `${"a".repeat(LONGEST - 1)}!` },
  { pattern: "^(a|aa|a*)*b$", text: "a".repeat(LONGEST) },
  { pattern: "(x+x+)+y", text: "x".repeat(LONGEST) },
];

const deep = (levels: number): object =>
  levels === 0 ? { type: "string" } : { type: "object", properties: { a: deep(levels - 1) } };
const wide = (count: number): object => ({
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`argument_${at}`, { type: "string" }]),
  ),
});

/** Tools besides the usual ones, that take long to read, to hash and to keep. */
const LISTS: readonly { readonly name: string; readonly tools: readonly object[] }[] = [
  { name: "a schema of 24,000 members", tools: [{ name: "t", inputSchema: wide(24_000) }] },
  { name: "a schema 180 levels deep", tools: [{ name: "t", inputSchema: deep(90) }] },
  { name: "a schema 1,000 levels deep", tools: [{ name: "t", inputSchema: deep(500) }] },
  {
    name: "300 tools with 80 arguments each",
    tools: Array.from({ length: 300 }, (_, at) => ({ name: `t${at}`, inputSchema: wide(80) })),
  },
];

/** F21: bodies, patterns and tool lists made to stop the event loop, while others call. */
export async function blockTheLoop(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using well = await startOdd(answerOk);
  const served = await rig.serve({ node: PROBED });
  const others = new Load(rig.target(served), 16);
  await others.offer(OTHERS_PER_SECOND, () => "pay", 2_000);
  const offering = others.offer(OTHERS_PER_SECOND, () => "pay");
  const figures: Figure[] = [];
  for (const { name, body } of BODIES)
    figures.push(...(await watched(served, name, REPEATS, asking(served, rig.bank, body()))));
  for (const [at, { pattern, text }] of PATTERNS.entries()) {
    const registered = rig.register(`pattern-${at}`, well.url, matching(pattern));
    const ask = asking(served, registered, valid({ a: text }));
    figures.push(...(await watched(served, `${pattern} on ${text.length} letters`, REPEATS, ask)));
  }
  for (const [at, { name, tools }] of LISTS.entries()) {
    await using listing = await startOdd(answerOk, [...TOOLS, ...tools]);
    const registered = rig.register(`list-${at}`, listing.url, { version: "1", default: "allow" });
    figures.push(...(await watched(served, name, 1, asking(served, registered, valid({})))));
  }
  others.end();
  await offering;
  await others.close();
  await rig.stop(served);
  const failed = others.calls.filter(({ outcome }) => outcome !== "ran").length;
  const times = others.calls.map(({ ms }) => ms);
  return [
    ...figures,
    exactly("calls of others that failed", failed, 0),
    info("  their p99", `${percentile(times, 0.99).toFixed(1)} ms`),
    promises(brokenPromises(reconcile(rig, others.calls), { drift: 0 })),
  ];
}

function matching(value: string): PolicyDocument {
  const condition = { path: "args.a", op: "regex", value } as const;
  return { version: "1", default: "deny", tools: { pay: { deny_if: [{ conditions: [condition] }] } } };
}

/** Makes one call by hand, and resolves with the beginning of what it was answered. */
function asking({ url }: Served, { path, token }: Registered, body: string): () => Promise<string> {
  const headers = callHeaders(token, "pay");
  return async () => {
    const answer = await fetch(url + path, { method: "POST", headers, body }).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    const said = /"(?:message|text)":"([^"]{0,80})/.exec(text ?? "")?.[1];
    return said ?? (text === undefined ? "cut" : "answered");
  };
}

/** What each of some calls costs, and how late everything else is meanwhile; of a few times the best. */
async function watched(
  served: Served,
  name: string,
  times: number,
  ask: () => Promise<string>,
): Promise<readonly Figure[]> {
  const windows: Window[] = [];
  // A list is read once and known then.
  for (let window = 0; window < (times === 1 ? 1 : WINDOWS); window += 1)
    windows.push(await watchOnce(served, times, ask));
  const best = (of: (window: Window) => number) => Math.min(...windows.map(of));
  const lagMs = best((window) => window.lagMs);
  const late = atMost("  p99 of how late a turn of the loop is", lagMs, MAX_LAG_MS, " ms");
  return [
    atMost(
      `CPU of one call, ${name}`,
      best(({ cpuMs }) => cpuMs),
      MAX_CPU_MS,
      " ms",
    ),
    { ...late, measured: `${late.measured}; ${windows[0]?.said}` },
  ];
}

interface Window {
  readonly cpuMs: number;
  readonly lagMs: number;
  readonly said: string;
}

async function watchOnce(served: Served, times: number, ask: () => Promise<string>): Promise<Window> {
  await probe(served);
  const beforeMs = cpuMsOf(served.pid);
  let said = "";
  for (let time = 0; time < times; time += 1) said = await ask();
  const cpuMs = (cpuMsOf(served.pid) - beforeMs) / times;
  const { lagP99Ms: lagMs } = await probe(served);
  return { cpuMs, lagMs, said };
}

export const F21: Experiment = { id: "F21", fault: "what blocks the event loop", run: blockTheLoop };
