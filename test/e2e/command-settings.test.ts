import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, connectSdk1, connectSdk1Stdio, endpointOf } from "./sdk-clients.ts";
import { PORTCULLIS, type Served, startServed } from "./served.ts";

const MIRROR = [process.execPath, join(import.meta.dirname, "fixtures/mirror.mjs")];
const SECRET = "credential-canary-5f1d7a90";
const OURS = "our-own-secret-4b1c";
const POLICY = { version: "1", default: "allow" };
/** What the user's shell holds; a command may see the first two. */
const SHELL = { PATH: process.env["PATH"] ?? "", HOME: "/", DOCS_KEY: SECRET, OUR_SECRET: OURS };
const SETTINGS = ["--env", "API_KEY=env:DOCS_KEY", "--env", "MODE=a=b", "--cwd", "folder"];

let served: Served;
/** Where the user types: a folder with `folder` and `p.json` in it. */
let cwd: string;

beforeAll(async () => {
  served = await startServed(["--no-demo", "--json"], /"ready"/);
  cwd = join(served.dataDir, "typed-here");
  mkdirSync(join(cwd, "folder"), { recursive: true });
  writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
});
afterAll(() => served[Symbol.asyncDispose]());

async function portcullis(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const [node = "", ...script] = PORTCULLIS;
  const options = { cwd, env: SHELL };
  return promisify(execFile)(node, [...script, "--data", served.dataDir, ...args], options);
}

interface Shown {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

async function show(client: Caller): Promise<Shown> {
  const answer = (await client.callTool({ name: "show", arguments: {} })) as { content: { text: string }[] };
  await client.close();
  return JSON.parse(answer.content[0]?.text ?? "") as Shown;
}

/** Given, with the secret taken out of the answer, and nothing else of ours. */
function expectGiven(shown: Shown): void {
  expect(shown.env).toMatchObject({ API_KEY: "[redacted]", MODE: "a=b" });
  expect(Object.keys(shown.env).filter((name) => /DOCS_KEY|OUR_SECRET|PORTCULLIS/.test(name))).toEqual([]);
  expect(shown.cwd).toBe(join(cwd, "folder"));
}

describe("what a command is given", () => {
  test("`server add --env --cwd`: variables and folder reach it, sealed at rest, never shown", async () => {
    const added = await portcullis(
      ...["server", "add", "--name", "docs", ...SETTINGS, "--json", "--", ...MIRROR],
    );
    await portcullis("policy", "publish", "--server", "docs", "--name", "p", "p.json");
    const grant = await portcullis(
      ...["grant", "create", "--server", "docs", "--policy", "p", "--label", "ci", "--json"],
    );
    const client = await connectSdk1(endpointOf(JSON.parse(grant.stdout) as { url: string; token: string }));
    expectGiven(await show(client));
    const listed = await portcullis("server", "list", "--json");
    const files = readdirSync(served.dataDir, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(join(served.dataDir, name), "latin1"));
    for (const text of [added.stdout, added.stderr, listed.stdout, served.logged(), ...files])
      expect(text).not.toContain(SECRET.slice(0, 12));
    expect(served.logged()).toContain("credential_reflected");
  });

  test("a secret that was typed is warned about", async () => {
    const { stderr } = await portcullis(
      ...["server", "add", "--name", "typed", "--env", "API_KEY=abc", "--json", "--", ...MIRROR],
    );
    expect(stderr).toBe(
      "warning: a secret was typed, so it may be in your shell's history; `--env NAME=env:VARIABLE` keeps it out\n",
    );
  });

  test("`run --env --cwd`, and a later run is given what it was told, not what the first was", async () => {
    const data = join(served.dataDir, "run");
    const [node = "", ...script] = PORTCULLIS;
    const run = (...settings: readonly string[]) =>
      connectSdk1Stdio(
        [
          ...["/bin/sh", "-c", 'cd "$0" && exec "$@"', cwd, node, ...script],
          ...["run", "-c", "p.json", "--data", data, ...settings, "--", ...MIRROR],
        ],
        SHELL,
      );
    expectGiven(await show(await run(...SETTINGS)));
    const later = await show(await run("--env", "MODE=other", "--cwd", "folder"));
    expect([later.env["MODE"], later.env["API_KEY"]]).toEqual(["other", undefined]);
  });
});
