import { execFile } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../scripts/bundle.ts";
import { connectSdk2, type Endpoint } from "./sdk-clients.ts";
import { startServed } from "./served.ts";

const MIB = 1024 * 1024;
const PACKAGES = join(import.meta.dirname, "../../packages");
const run = promisify(execFile);

/** The published package far from this repository: no `node_modules` is above it. */
let folder: string;
let command: readonly string[];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-built-")));
  for (const part of ["bin", "package.json"])
    cpSync(join(PACKAGES, "cli", part), join(folder, part), { recursive: true });
  await bundle(join(folder, "dist"));
  command = [process.execPath, join(folder, "bin/portcullis.cjs")];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the built command, alone with its files", () => {
  test("serves its demo, whose server is a child, and the catalogue from its snapshot, and moves the pages of its log in a thread", async () => {
    await using served = await startServed([], /\nfor i in [^\n]*\n/, join(folder, "data"), command);
    const snippet = /For a client's mcp\.json:\n(\{[\s\S]*?\n\})\n/.exec(served.printed())?.[1] ?? "";
    const { demo } = (JSON.parse(snippet) as { mcpServers: { demo: Endpoint } }).mcpServers;
    const client = await connectSdk2(demo);
    expect(await client.callTool({ name: "get_file", arguments: { path: "/srv/demo/a" } })).toMatchObject({
      content: [{ type: "text", text: "(the pretended content of /srv/demo/a)" }],
      isError: false,
    });
    // Each is a row: the thread begins when there is a megabyte to move.
    const again = { name: "get_file", arguments: { path: "/srv/demo/a" } };
    while (statSync(join(served.dataDir, "ledger.db-wal")).size <= MIB) await client.callTool(again);
    await client.close();
    const tool = await fetch(
      new URL("/catalogue/tools/awslabs.ecs-mcp-server/build_and_push_image_to_ecr", demo.url),
    );
    expect([tool.status, await tool.text()]).toEqual([200, expect.stringContaining("High risk")]);
    // One page is written when the file is made; all others come from its log, and only the thread brings them.
    await expect
      .poll(() => statSync(join(served.dataDir, "ledger.db")).size, { timeout: 10_000 })
      .toBeGreaterThan(4096);
  });

  test.each([
    { name: "config.yaml", text: "port: 1 # why\n" },
    { name: "config.jsonc", text: '{"port": 1,} // why\n' },
  ])("reads $name, a policy in YAML, and a pattern", async ({ name, text }) => {
    const dataDir = mkdtempSync(join(folder, "data-"));
    writeFileSync(join(dataDir, name), text);
    const shown = JSON.parse(await portcullis("config", "show", "--json", "--data", dataDir));
    expect(shown.port).toEqual({ value: 1, from: name });
    const policy = join(dataDir, "policy.yaml");
    writeFileSync(
      policy,
      'version: "1"\ndefault: deny\ntools:\n  t:\n    require:\n      - conditions: [{ path: args.a, op: regex, value: "^x+$" }]\n',
    );
    const checked = JSON.parse(await portcullis("policy", "check", policy, "--json", "--data", dataDir));
    expect(checked).toMatchObject({ errors: [], warnings: [] });
  });

  test("has the licence of everything that came from others, and maps to the sources", () => {
    const listed = readFileSync(join(folder, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    const packages = [...listed.matchAll(/^(\S+) \d+\.\d+\.\d+ \([^)]+\)$/gm)].map((match) => match[1]);
    expect(packages).toEqual(expect.arrayContaining([...dependencies()]));
    const maps = readdirSync(join(folder, "dist")).filter((file) => file.endsWith(".map"));
    const mapped = maps.flatMap(
      (file) => JSON.parse(readFileSync(join(folder, "dist", file), "utf8")).sources,
    );
    expect(mapped).toEqual(
      expect.arrayContaining([expect.stringMatching(/packages\/server\/src\/main\.ts$/)]),
    );
  });
});

async function portcullis(...args: readonly string[]): Promise<string> {
  const [node = "", ...script] = command;
  const env = { PATH: process.env["PATH"], HOME: folder };
  return (await run(node, [...script, ...args], { cwd: folder, env })).stdout;
}

/** What our packages say that they take from others. */
function dependencies(): readonly string[] {
  return ["policy", "server", "cli"].flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(PACKAGES, name, "package.json"), "utf8"));
    const { dependencies = {}, devDependencies = {} } = manifest;
    return Object.keys({ ...dependencies, ...devDependencies }).filter(
      (found) => !found.startsWith("@portcullis/"),
    );
  });
}
