import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, newFolder, runInProcess, type Surroundings } from "./fake-io.ts";

/** A data folder with commands run on it, and a server whose tools the test decides. */
export interface Workbench {
  readonly cwd: string;
  readonly dataDir: string;
  /** Runs a command with `--data` and returns what it printed. */
  run(argv: readonly string[], surroundings?: Surroundings): Promise<Ended>;
  /** Runs a command with `--json` that must succeed, and returns the JSON. */
  json(...argv: readonly string[]): Promise<unknown>;
  /** The words after `--` that start the server. */
  readonly command: readonly string[];
  setTools(tools: readonly object[]): void;
  writePolicy(name: string, document: object): void;
}

const FIXTURE = fileURLToPath(new URL("./fixtures/listed-server.mjs", import.meta.url));

export function openWorkbench(): Workbench {
  const cwd = newFolder();
  const dataDir = join(cwd, "data");
  const toolsFile = join(cwd, "tools.json");
  const run = (argv: readonly string[], surroundings: Surroundings = {}): Promise<Ended> =>
    runInProcess(["--data", "data", ...argv], { cwd, ...surroundings });
  writeFileSync(toolsFile, "[]");
  return {
    cwd,
    dataDir,
    run,
    json: async (...argv) => {
      const ended = await run(["--json", ...argv]);
      if (ended.code !== 0) throw new Error(`${argv.join(" ")} ended with ${ended.code}: ${ended.stderr}`);
      return JSON.parse(ended.stdout);
    },
    command: [process.execPath, FIXTURE, toolsFile],
    setTools: (tools) => writeFileSync(toolsFile, JSON.stringify(tools)),
    writePolicy: (name, document) => writeFileSync(join(cwd, name), JSON.stringify(document)),
  };
}

export function tool(name: string, description = `does ${name}`): object {
  return { name, description, inputSchema: { type: "object" } };
}
