import { startRig } from "../e2e/harness.ts";
import { serveFixture } from "./fixture/fixture-server.ts";
import { openFrontDoor } from "./front-door.ts";
import { type Outcome, requiredScenarios, runServerScenarios } from "./official-suite.ts";
import { ALLOW_ALL, type Pair } from "./pair.ts";

/** A revision, and how the suite is told to run it. */
interface Revision {
  readonly revision: string;
  readonly era: "legacy" | "modern";
  readonly selection: readonly string[];
}

const REVISIONS: readonly Revision[] = [
  // The suite froze no list for it: everything that applies to it is run, and all of it is required.
  {
    revision: "2025-06-18",
    era: "legacy",
    selection: ["--suite", "all", "--spec-version", "2025-06-18"],
  },
  { revision: "2025-11-25", era: "legacy", selection: ["--requirements", "2025-11-25"] },
  { revision: "2026-07-28", era: "modern", selection: ["--requirements", "2026-07-28"] },
];

export const SERVER_REVISIONS: readonly string[] = REVISIONS.map(({ revision }) => revision);

/** Runs the official server scenarios of one revision: against the fixture, then through the gateway before it. */
export async function runServerSide(wanted: string): Promise<Pair> {
  const found = REVISIONS.find(({ revision }) => revision === wanted);
  if (found === undefined) throw new Error(`no such revision: ${wanted}`);
  const { revision, era, selection } = found;
  await using fixture = await serveFixture(era);
  const direct = await runServerScenarios(`http://localhost:${fixture.port}/mcp`, selection);
  const gateway = await runThroughGateway(fixture.port, selection);
  const required = selection.includes("--requirements")
    ? requiredScenarios(revision, "server")
    : new Set(direct.keys());
  return { place: "before the server", revision, required, direct, gateway };
}

async function runThroughGateway(fixturePort: number, selection: readonly string[]): Promise<Outcome> {
  await using door = await openFrontDoor();
  const { host, origin } = new URL(door.url);
  await using rig = await startRig({ allowedHosts: [host], allowedOrigins: [origin] });
  const target = { kind: "http", url: `http://127.0.0.1:${fixturePort}/mcp`, headers: [] } as const;
  const { url, token } = rig.add("fixture", target, ALLOW_ALL, { era: "auto", onChange: "allow" });
  const { port, pathname } = new URL(url);
  door.open(pathname, { port: Number(port), token });
  return await runServerScenarios(`${door.url}${pathname}`, selection);
}
