import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoCommand } from "@portcullis/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Ended, newFolder, runInProcess } from "./fake-io.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

const POLICY = {
  version: "1",
  default: "deny",
  tools: {
    list_repositories: {},
    build_and_push_image_to_ecr: { limits: [{ counter: "builds", window: "day", max: 1 }] },
  },
};

describe("run -c POLICY -- command", () => {
  test("standard output is MCP alone; rows go to --log", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    const calls = [call(1, "list_repositories", {}), call(2, "delete_repository", { name: "x" })];
    const ended = await runChild(
      cwd,
      ["run", "-c", "p.json", "--log", "rows.jsonl", "--", ...demoCommand()],
      calls,
    );
    const answers = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.sort((a, b) => a.id - b.id)).toMatchObject([
      { id: 1, result: { isError: false } },
      {
        id: 2,
        result: {
          isError: true,
          content: [{ text: '[POLICY DENIED] Tool "delete_repository" is not permitted by policy.' }],
        },
      },
    ]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /^warning: limits with windows above an hour are forgotten when this process ends; /,
    );
    const rows = readFileSync(join(cwd, "rows.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row));
    expect(
      rows
        .filter((row) => "effect" in row)
        .map((row) => [row.tool, row.effect])
        .sort(),
    ).toEqual([
      ["delete_repository", "deny"],
      ["list_repositories", "allow"],
    ]);
  });

  test("--data keeps counters and log from one run to the next", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    const argv = ["run", "-c", "p.json", "--data", "d", "--", ...demoCommand()];
    const build = [call(1, "build_and_push_image_to_ecr", { repository: "web" })];
    const [first, second] = [await runChild(cwd, argv, build), await runChild(cwd, argv, build)];
    expect([first, second].map(({ stdout }) => JSON.parse(stdout).result.isError)).toEqual([false, true]);
    const exported = await runInProcess(["log", "export", "--data", "d"], { cwd });
    const rows = exported.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => [row.tool, row.effect, row.status])).toEqual([
      ["build_and_push_image_to_ecr", "allow", "ok"],
      ["build_and_push_image_to_ecr", "deny", null],
    ]);
    const tail = await runInProcess(["log", "tail", "--no-follow", "--json", "--data", "d"], { cwd });
    expect([tail.code, tail.stdout]).toEqual([0, exported.stdout]);
    // One that follows ends once its rows reach nobody.
    expect(await unread(cwd, ["log", "tail", "--data", "d"])).toBe(0);
  });

  test("a failed check whose report nobody reads has failed all the same", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "broken.json"), "{");
    expect(await unread(cwd, ["scan", "broken.json", "--fail-on", "low", "--json"])).toBe(1);
  });

  test("a run whose answers nobody reads ends, though its input stays open", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    const argv = ["run", "-c", "p.json", "--", ...demoCommand()];
    expect(await unread(cwd, argv, call(1, "list_repositories", {}))).toBe(0);
  });

  test("--data signs a checkpoint after a thousand entries, not only at the end (faults F31)", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    const argv = ["run", "-c", "p.json", "--data", "d", "--", ...demoCommand()];
    const child = spawn(process.execPath, ["--conditions=portcullis-source", MAIN, ...argv], { cwd });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdout.resume();
    for (let id = 1; id <= 1_000; id += 1) child.stdin.write(`${call(id, "list_repositories_not", {})}\n`);
    await vi.waitFor(() => expect(existsSync(join(cwd, "d", "checkpoints.log"))).toBe(true), 20_000);
    child.stdin.end();
    expect(await once(child, "close")).toEqual([0, null]);
    const verified = await runInProcess(["log", "verify", "--json", "--data", "d"], { cwd });
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true });
  });

  test("--data says on standard error what fails of the log, and answers on", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    // A folder where the file should be.
    mkdirSync(join(cwd, "d", "checkpoints.log"), { recursive: true });
    const argv = ["run", "-c", "p.json", "--data", "d", "--", ...demoCommand()];
    const ended = await runChild(cwd, argv, [call(1, "list_repositories", {})]);
    expect([ended.code, JSON.parse(ended.stdout).id]).toEqual([0, 1]);
    const warnings = ended.stderr.trimEnd().split("\n");
    expect(warnings.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ event: "checkpoint_failed", reason: expect.stringContaining("EISDIR") }),
    ]);
  });

  test.each<{ argv: string[]; stderr: RegExp }>([
    { argv: ["run", "-c", "p.json"], stderr: /^error: name either `--url URL` or a command after `--`/ },
    {
      argv: ["run", "-c", "none.json", "--", "x"],
      stderr: /^error: `none\.json` cannot be read: there is no such file\n$/,
    },
    {
      argv: ["run", "-c", "bad.json", "--", "x"],
      stderr: /^error: bad\.json:1:\d+: .+; `portcullis policy check` lists every error\n$/,
    },
    {
      argv: ["run", "-c", "p.json", "--log", "no/where", "--", "x"],
      stderr: /^error: `--log no\/where` cannot be written: there is no such file\n$/,
    },
    {
      argv: ["run", "-c", "p.json", "--", "/no/such/program"],
      stderr: /error: the server does not answer: /,
    },
  ])("refused: $argv", async ({ argv, stderr }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify({ version: "1", default: "deny" }));
    writeFileSync(join(cwd, "bad.json"), "{");
    expect(await runInProcess(argv, { cwd })).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(stderr),
    });
  });
});

function call(id: number, name: string, args: object): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name, arguments: args, _meta: META },
  });
}

/** A client that sends its messages, waits for as many answers and closes its side. */
async function runChild(cwd: string, argv: readonly string[], messages: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=portcullis-source", MAIN, ...argv], { cwd });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (stdout.split("\n").length > messages.length) child.stdin.end();
  });
  child.stdin.write(messages.map((message) => `${message}\n`).join(""));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** The exit code of a command of whose standard output nothing is read. */
async function unread(cwd: string, argv: readonly string[], input = ""): Promise<number | null> {
  const child = spawn(process.execPath, ["--conditions=portcullis-source", MAIN, ...argv], { cwd });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdout.destroy();
  child.stderr.resume();
  child.stdin.on("error", () => {}).write(`${input}\n`);
  const [code] = await once(child, "exit");
  return code;
}
