import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandOf } from "../e2e/harness.ts";

const PACKAGE = "@modelcontextprotocol/conformance";
const require = createRequire(import.meta.url);

/** Dozens of processes load the same few files. */
const ENV = {
  ...process.env,
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/compiled"),
};

/** What the suite found out about one requirement. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

/** The checks of every scenario that ran, in the suite's order. */
export type Outcome = ReadonlyMap<string, readonly Check[]>;

/** Runs scenarios against the server at `url`; `selection` says which, as the suite's own options. */
export function runServerScenarios(url: string, selection: readonly string[]): Promise<Outcome> {
  return runSuite(["server", "--url", url, ...selection]);
}

/** Runs one scenario against the client that `command` starts, to which the suite adds its server's URL. */
export function runClientScenario(
  command: readonly string[],
  scenario: string,
  revision: string,
): Promise<Outcome> {
  const line = command.map((part) => (part.includes(" ") ? `"${part}"` : part)).join(" ");
  return runSuite(["client", "--command", line, "--scenario", scenario, "--spec-version", revision]);
}

/** The scenarios that an implementation of `revision` must pass: `server` or `client` of its frozen list. */
export function requiredScenarios(revision: string, side: "server" | "client"): ReadonlySet<string> {
  const folder = dirname(require.resolve(`${PACKAGE}/package.json`));
  const text = readFileSync(join(folder, "requirements", `${revision}.yaml`), "utf8");
  const [, section = ""] = new RegExp(`^${side}:\\n((?:  - .*\\n)+)`, "m").exec(text) ?? [];
  const names = [...section.matchAll(/^ {2}- (\S+)$/gm)].map(([, name = ""]) => name);
  if (names.length === 0) throw new Error(`${PACKAGE} lists no ${side} scenarios for ${revision}`);
  return new Set(names);
}

async function runSuite(args: readonly string[]): Promise<Outcome> {
  const [node = "", ...script] = commandOf(PACKAGE, "conformance");
  const folder = mkdtempSync(join(tmpdir(), "portcullis-conformance-"));
  try {
    const child = spawn(node, [...script, ...args, "--output-dir", folder], { stdio: "pipe", env: ENV });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await new Promise<void>((resolve, reject) => child.on("close", () => resolve()).on("error", reject));
    const outcome = readOutcome(folder);
    // The exit code says that checks failed, which is for the comparison to judge; no checks at all is a fault.
    if (outcome.size === 0) throw new Error(`the suite ran no scenario:\n${said}`);
    return outcome;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each scenario has a folder `[server-]<scenario>-<time>` with its checks, and what a client printed. */
function readOutcome(folder: string): Outcome {
  const outcome = new Map<string, readonly Check[]>();
  for (const name of readdirSync(folder).sort()) {
    const [, isServer, scenario] = /^(server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name) ?? [];
    if (scenario === undefined) throw new Error(`the suite left a folder of unknown form: ${name}`);
    const read = (file: string): string => readFileSync(join(folder, name, file), "utf8");
    const checks = JSON.parse(read("checks.json")) as readonly Check[];
    const own = isServer === undefined ? [completion(read("stdout.txt"), read("stderr.txt"))] : [];
    outcome.set(scenario, [...checks, ...own]);
  }
  return outcome;
}

/** A check of our own: the suite does not look whether the client got what it asked for. */
function completion(stdout: string, stderr: string): Check {
  const id = "client-completed";
  return stdout.includes("completed")
    ? { id, name: id, status: "SUCCESS" }
    : { id, name: id, status: "FAILURE", errorMessage: stderr };
}
