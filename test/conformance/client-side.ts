import { join } from "node:path";
import { type Outcome, runClientScenario } from "./official-suite.ts";
import type { Pair } from "./pair.ts";

const DRIVER = [
  process.execPath,
  "--conditions=portcullis-source",
  join(import.meta.dirname, "client-driver.ts"),
];

const AT_A_TIME = 3;

/** The client scenarios that concern a gateway without OAuth, per revision. */
const SCENARIOS: { readonly [revision: string]: readonly string[] } = {
  "2025-06-18": ["initialize", "tools_call"],
  "2025-11-25": [
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
    "json-schema-2020-12-preservation",
  ],
  "2026-07-28": [
    "tools_call",
    "request-metadata",
    "sep-2322-client-request-state",
    "http-standard-headers",
    "http-custom-headers",
    "http-invalid-tool-headers",
    "json-schema-ref-no-deref",
    "json-schema-2020-12-preservation",
  ],
};

export const CLIENT_REVISIONS: readonly string[] = Object.keys(SCENARIOS);

/** Runs the client scenarios of one revision: the SDK's client alone, then the same client through the gateway. */
export async function runClientSide(revision: string): Promise<readonly Pair[]> {
  const scenarios = SCENARIOS[revision];
  if (scenarios === undefined) throw new Error(`no such revision: ${revision}`);
  const required = new Set(scenarios);
  const direct = await runAll(DRIVER, scenarios, revision);
  const http = await runAll([...DRIVER, "--through-gateway"], scenarios, revision);
  const stdio = await runAll([...DRIVER, "--through-run"], scenarios, revision);
  return [
    { place: "behind the client", revision, required, direct, gateway: http },
    { place: "behind the client, stdio", revision, required, direct, gateway: stdio },
  ];
}

/** A few at a time: each is mostly the start of processes. */
async function runAll(
  command: readonly string[],
  scenarios: readonly string[],
  revision: string,
): Promise<Outcome> {
  const left = [...scenarios];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift()) {
      outcomes.push(await runClientScenario(command, scenario, revision));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return new Map(outcomes.flatMap((outcome) => [...outcome]));
}
