/** `run` in front of a server, where its rows cannot be written, or it dies. */

import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { openDataFolder } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import type { World } from "./cells.ts";
import { until } from "./conversation.ts";
import type { Outlet } from "./evasion.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { startRun } from "./own-run.ts";
import type { RawReply } from "./raw-upstream.ts";
import { readLines, wellFormedness } from "./reply.ts";
import type { WatchedProcess } from "./watched-process.ts";

let runs = 0;
/** Calls `run` where its rows cannot be written: nothing runs; failures are lines. */
export async function runOutlets(
  outlets: readonly Outlet[],
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  for (const outlet of outlets) {
    const problems = await tryOutlet(outlet, world).catch((error: unknown) => [String(error)]);
    failures.push(...problems.map((problem) => `${outlet.id}: ${problem}`));
  }
  const died = await tryDying(world).catch((error: unknown) => [String(error)]);
  failures.push(...died.map((problem) => `killed: ${problem}`));
  return { cells: outlets.length + 1, failures };
}

async function tryOutlet({ log, closes, expect }: Outlet, world: World): Promise<readonly string[]> {
  runs += 1;
  const options = log === undefined ? [] : ["--log", log];
  await using run = startRun(options, `/modern/outlet-${runs}`, world);
  if (closes === "before") run.process.child.stderr.destroy();
  const problems: string[] = [];
  for (const wanted of [expect.first, expect.later, expect.later]) {
    const before = run.calls();
    const text = await run.ask();
    const found = text.includes("The audit log cannot be written") ? "refused" : "ran";
    const ran = run.calls() - before;
    if (found !== wanted || ran !== (wanted === "ran" ? 1 : 0))
      problems.push(`a call is ${found} instead of ${wanted}, and the server got ${ran}`);
    const { id } = JSON.parse(text) as { readonly id?: number };
    problems.push(...wellFormedness(readLines([text]), "modern", id));
    if (closes === "after" && !run.process.child.stderr.destroyed) await leave(run.process);
  }
  return problems;
}

async function leave({ child }: WatchedProcess): Promise<void> {
  const closed = once(child.stderr, "close");
  child.stderr.destroy();
  await closed;
}

/** Killed while the server works on a call: the next run tells that nobody knows how it ended. */
async function tryDying(world: World): Promise<readonly string[]> {
  const path = "/modern/outlet-killed";
  const data = mkdtempSync(join(world.folder, "outlet-data-"));
  const previous = world.upstream.script;
  const silence: RawReply = { pieces: [] };
  world.upstream.script = (seen) =>
    seen.path === path && seen.message?.["method"] === "tools/call" ? silence : previous(seen);
  await using first = startRun(["--data", data], path, world);
  // Nobody answers it.
  first.ask().catch(() => {});
  await until(() => first.calls() === 1, "for the call at the server");
  const ended = once(first.process.child, "exit");
  first.process.child.kill("SIGKILL");
  await ended;
  world.upstream.script = previous;
  await using second = startRun(["--data", data], path, world);
  const text = await second.ask();
  using ledger = new LedgerReader(unwrap(openDataFolder(data)));
  const rows = () => ledger.after(0).map(({ effect, status }) => `${effect} ${status}`);
  await until(() => rows().at(-1) === "allow ok", "for the second outcome");
  const found = [second.calls(), text.includes('"text":"done"'), ...rows(), ledger.verify().ok];
  const wanted = [2, true, "allow unknown", "allow ok", true];
  return JSON.stringify(found) === JSON.stringify(wanted) ? [] : [`found ${JSON.stringify(found)}`];
}
