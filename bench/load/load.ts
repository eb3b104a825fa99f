/** The load on a contestant: wrk, or a client of our own where wrk is missing. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Contestant, callsOf } from "../contestants/contestant.ts";
import { sourceCommand } from "../contestants/running.ts";
import type { Programs } from "../machine.ts";
import { callBody, callHeaders, listBody, listHeaders } from "../wire.ts";

export interface LoadOptions {
  readonly seconds: number;
  /** Calls a second over all connections; undefined: as many as are answered. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  /** Of the answers, heads included. */
  readonly bytes: number;
}

/** What ids in a template are replaced by has nine digits. */
const FIRST_ID = 100_000_000;
/** More than any one load makes, so that no id comes twice. */
const IDS_PER_LOAD = 500_000;
const ID_MARK = "@@@@@@@@@";
const MAX_LOADS = 1_700;

let loads = 0;

/** A load that runs. */
export interface StartedLoad {
  /** Rejects when a call failed: figures of wrong answers are worth nothing. */
  readonly result: Promise<LoadResult>;
  hasEnded(): boolean;
  /** To its process, as long as it is there. */
  signal(name: NodeJS.Signals): void;
}

/** Runs one load to its end. Throws when a call failed. */
export function runLoad(
  contestant: Contestant,
  programs: Programs,
  options: LoadOptions,
): Promise<LoadResult> {
  return startLoad(contestant, programs, options).result;
}

export function startLoad(contestant: Contestant, programs: Programs, options: LoadOptions): StartedLoad {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-load-"));
  const file = join(folder, "calls");
  writeFileSync(file, templates(contestant), "latin1");
  const [program = "", ...args] = commandOf(contestant, file, programs, options);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const result = resultOf(child, contestant.name).finally(() => rmSync(folder, { recursive: true }));
  // Whoever waits for it is told; until then it is no fault of the bench.
  result.catch(() => {});
  return { result, hasEnded, signal: (name) => void (hasEnded() || child.kill(name)) };
}

function commandOf(
  contestant: Contestant,
  file: string,
  programs: Programs,
  { seconds, perSecond }: LoadOptions,
): readonly string[] {
  const { url } = contestant;
  const { connections } = callsOf(contestant);
  loads += 1;
  const firstId = String(FIRST_ID + (loads % MAX_LOADS) * IDS_PER_LOAD);
  // Pauses are drawn evenly from zero to twice their mean, so that connections do not march in step.
  const pauseMs = perSecond === undefined ? 0 : Math.round((2 * connections * 1000) / perSecond);
  if (programs.wrk === undefined) {
    const client = join(import.meta.dirname, "client.ts");
    return sourceCommand(client, url, file, firstId, String(connections), String(seconds), String(pauseMs));
  }
  const script = join(import.meta.dirname, "wrk.lua");
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script];
  return [programs.wrk, ...args, url, "--", file, firstId, String(pauseMs)];
}

/** Whole HTTP requests, one for each tool. */
function templates(contestant: Contestant): string {
  const { era, url, headers } = contestant;
  const { method, tools, bytes } = callsOf(contestant);
  const { host, pathname } = new URL(url);
  const request = (own: Record<string, string>, body: string) => {
    const lines = Object.entries({ host, ...own, ...headers, "content-length": body.length });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return `POST ${pathname} HTTP/1.1\r\n${head}\r\n${body.replace(String(FIRST_ID), ID_MARK)}%%%%`;
  };
  if (method === "tools/list") return request(listHeaders(era), listBody(era, FIRST_ID));
  return tools.map((tool) => request(callHeaders(era, tool), callBody(era, FIRST_ID, tool, bytes))).join("");
}

async function resultOf(child: ChildProcessByStdio<null, Readable, null>, name: string): Promise<LoadResult> {
  const exited = once(child, "exit");
  const output = await text(child.stdout);
  const [code] = await exited;
  const last = output.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !last.startsWith("{")) {
    throw new Error(`${name}: \`${child.spawnfile}\` ended with ${code}: ${output}`);
  }
  const result = JSON.parse(last) as LoadResult;
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} of ${result.calls} calls failed`);
  return result;
}
