/** What must hold once everything was tried: the log verifies and exports, nothing leaked, nothing is left open. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { World } from "./cells.ts";
import type { Figures } from "./loop-watch.ts";
import { sendRaw } from "./raw-client.ts";
import type { WatchedProcess } from "./watched-process.ts";

/** What each process held before. */
export type Baseline = ReadonlyMap<WatchedProcess, Figures>;

/** Kept-alive connections to servers come and go by a few. */
const MORE_FILES = 16;
const MORE_HELD_BYTES = 64 * 1024 * 1024;
const SETTLE_MS = 5_000;

export async function takeBaseline({ cells }: World): Promise<Baseline> {
  const processes = [...new Set(cells.map(({ process }) => process))];
  const figures = await Promise.all(processes.map((process) => process.figures({ collect: true })));
  return new Map(processes.map((process, at) => [process, figures[at] as Figures]));
}

/** What is wrong; empty when all is well. */
export async function checkAftermath(world: World, baseline: Baseline): Promise<readonly string[]> {
  const { rig, cells, canaries } = world;
  const problems: string[] = [];
  const metrics = await readMetrics(rig.gateway.adminUrl);
  if (!metrics.startsWith("HTTP/1.1 200"))
    problems.push(`the metrics cannot be had: ${metrics.slice(0, 80)}`);
  const logs = [rig.logged(), ...cells.map(({ lines }) => lines?.log ?? "")];
  for (const [place, text] of [
    ["a log", logs.join("\n")],
    ["the metrics", metrics],
  ] as const) {
    const found = canaries.find(text);
    if (found !== undefined) problems.push(`the ${found} stands in ${place}`);
  }
  for (const { name, rows } of cells) {
    const verified = rows.verify();
    if (verified?.ok === false) problems.push(`${name}: the log does not verify: ${verified.reason}`);
  }
  problems.push(...checkExport(rig.folder.path, rig.rows().length));
  for (const [process, before] of baseline) problems.push(...(await checkHeld(process, before)));
  return problems;
}

export async function readMetrics(adminUrl: string): Promise<string> {
  const { host } = new URL(adminUrl);
  const request = `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  return (await sendRaw(adminUrl, Buffer.from(request))).wire.toString("utf8");
}

/** The command line writes one line for a row, whatever the strangers' names in it hold. */
function checkExport(dataDir: string, rows: number): readonly string[] {
  const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");
  const args = ["--conditions=portcullis-source", main, "log", "export", "--data", dataDir];
  const { stdout, status } = spawnSync(process.execPath, args, { maxBuffer: 1024 ** 3 });
  const text = stdout.toString("utf8");
  const lines = text.split(/[\n\v\f\r\u0085\u2028\u2029]/).slice(0, -1);
  const problems: string[] = [];
  if (status !== 0 || lines.length !== rows) problems.push(`${lines.length} lines exported for ${rows} rows`);
  if (/[^\n\P{Cc}]/u.test(text)) problems.push("the export has a raw control character");
  const broken = lines.findIndex((line) => !isJson(line));
  if (broken !== -1) problems.push(`line ${broken + 1} of the export is no JSON`);
  return problems;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nothing is left open, and nothing is kept. */
async function checkHeld(process: WatchedProcess, before: Figures): Promise<readonly string[]> {
  const endMs = performance.now() + SETTLE_MS;
  let now = await process.figures({ collect: true });
  while (now.files > before.files + MORE_FILES && performance.now() < endMs)
    now = await process.figures({ collect: true });
  const problems: string[] = [];
  if (now.files > before.files + MORE_FILES) problems.push(`${now.files} open files, ${before.files} before`);
  const grownBytes = (now.heldBytes ?? 0) - (before.heldBytes ?? 0);
  if (grownBytes > MORE_HELD_BYTES) problems.push(`the memory grew by ${grownBytes} bytes`);
  return problems;
}
