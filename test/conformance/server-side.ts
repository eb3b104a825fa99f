import { join } from "node:path";
import { type Rig, startRig } from "../e2e/harness.ts";
import { serveFixture } from "./fixture/fixture-server.ts";
import { openFrontDoor } from "./front-door.ts";
import { type Outcome, requiredScenarios, runServerScenarios } from "./official-suite.ts";
import { ALLOW_ALL, type Pair } from "./pair.ts";

type Target = Parameters<Rig["add"]>[1];

/** A revision, and how the suite is told to run it. */
interface Revision {
  readonly revision: string;
  readonly era: "legacy" | "modern";
  readonly selection: readonly string[];
  /** Run with the fixture as a child process too, a new one for each session. */
  readonly isRunOverStdio: boolean;
}

/** Is about streams of HTTP, which a process has none of. */
const NOT_OVER_STDIO: ReadonlySet<string> = new Set(["server-sse-polling"]);

const REVISIONS: readonly Revision[] = [
  // The suite froze no list for it: everything that applies to it is run, and all of it is required.
  {
    revision: "2025-06-18",
    era: "legacy",
    selection: ["--suite", "all", "--spec-version", "2025-06-18"],
    isRunOverStdio: false,
  },
  {
    revision: "2025-11-25",
    era: "legacy",
    selection: ["--requirements", "2025-11-25"],
    isRunOverStdio: true,
  },
  {
    revision: "2026-07-28",
    era: "modern",
    selection: ["--requirements", "2026-07-28"],
    isRunOverStdio: true,
  },
];

export const SERVER_REVISIONS: readonly string[] = REVISIONS.map(({ revision }) => revision);

/** Runs the official server scenarios of one revision: against the fixture, then through the gateway before it. */
export async function runServerSide(wanted: string): Promise<readonly Pair[]> {
  const found = REVISIONS.find(({ revision }) => revision === wanted);
  if (found === undefined) throw new Error(`no such revision: ${wanted}`);
  const { revision, era, selection, isRunOverStdio } = found;
  await using fixture = await serveFixture(era);
  const direct = await runServerScenarios(`http://localhost:${fixture.port}/mcp`, selection);
  const url = `http://127.0.0.1:${fixture.port}/mcp`;
  const http = await runThroughGateway({ kind: "http", url, headers: [] }, selection);
  const required = selection.includes("--requirements")
    ? requiredScenarios(revision, "server")
    : new Set(direct.keys());
  const pair: Pair = { place: "before the server", revision, required, direct, gateway: http };
  if (!isRunOverStdio) return [pair];
  const command = [process.execPath, join(import.meta.dirname, "fixture/stdio-server.ts"), era];
  const stdio = await runThroughGateway({ kind: "stdio", command }, selection);
  const place = "before the server, stdio";
  return [pair, { place, revision, required, direct: onStdio(direct), gateway: onStdio(stdio) }];
}

async function runThroughGateway(target: Target, selection: readonly string[]): Promise<Outcome> {
  await using door = await openFrontDoor();
  const { host, origin } = new URL(door.url);
  await using rig = await startRig({ allowedHosts: [host], allowedOrigins: [origin] });
  const { url, token } = rig.add("fixture", target, ALLOW_ALL, { era: "auto", onChange: "allow" });
  const { port, pathname } = new URL(url);
  door.open(pathname, { port: Number(port), token });
  return await runServerScenarios(`${door.url}${pathname}`, selection);
}

function onStdio(outcome: Outcome): Outcome {
  return new Map([...outcome].filter(([scenario]) => !NOT_OVER_STDIO.has(scenario)));
}
