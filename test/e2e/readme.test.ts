import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** A copy of what a newcomer checks out; its dependencies are the ones that `npm ci` installed here. */
function copyCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), "portcullis-readme-"));
  const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
  });
  for (const file of tracked.toString().split("\n").filter(Boolean)) {
    cpSync(join(ROOT, file), join(copy, file), { recursive: true, force: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

describe("README: the first governed call", () => {
  let copy: string;
  let gateway: ChildProcess;
  let printed = "";

  beforeAll(async () => {
    copy = copyCheckout();
    const readme = readFileSync(join(copy, "README.md"), "utf8");
    // The command of the README, but for the installation, which brought this test here.
    expect(readme).toContain("```sh\nnpm ci && npm start\n```");
    gateway = spawn("npm", ["start", "--", "--port", "0"], {
      cwd: copy,
      env: cleanEnv(copy),
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      gateway.stdout?.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
        if (/A rate limit[\s\S]*\ncurl|\nfor i in[^\n]*\n/.test(printed)) resolve();
      });
      gateway.on("exit", () => reject(new Error(`the gateway ended:\n${printed}`)));
    });
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => gateway.on("exit", resolve));
    gateway.kill("SIGTERM");
    await ended;
    rmSync(copy, { recursive: true, force: true });
  });

  /** The line under a heading, run by a shell as it stands. */
  function runLine(heading: string): string {
    const line = new RegExp(`${heading}[^\\n]*\\n([^\\n]+)\\n`).exec(printed)?.[1];
    if (line === undefined) throw new Error(`no line under ${heading} in:\n${printed}`);
    return execFileSync("bash", ["-c", line]).toString();
  }

  test("prints URL, token, snippet", () => {
    expect(printed).toMatch(/http:\/\/127\.0\.0\.1:\d+\/mcp\/srv_[0-9A-Za-z]{16}\//);
    expect(printed).toMatch(/pcl_g_[0-9A-Za-z]{38}/);
    expect(printed).toContain('"mcpServers"');
  });

  test("the allowed call is answered", () => {
    expect(JSON.parse(runLine("An allowed call"))).toMatchObject({
      result: { resultType: "complete", isError: false },
    });
  });

  test("the denied call says why", () => {
    const { result } = JSON.parse(runLine("A denied call")) as {
      result: { isError: boolean; content: unknown };
    };
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain("[POLICY DENIED] ");
  });

  test("the eleventh call within a minute is refused", () => {
    const answers = runLine("A rate limit").trim().split("\n");
    const refused = answers.filter((answer) =>
      /Rate limit of 10 per minute reached; retry in \d+ s\./.test(answer),
    );
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(answers.slice(0, 10).every((answer) => !answer.includes("[POLICY DENIED]"))).toBe(true);
  });

  test("the log has them, and verifies", () => {
    const portcullis = (...args: string[]) =>
      execFileSync("npm", ["run", "-s", "portcullis", "--", ...args, "--data", "./data"], {
        cwd: copy,
        env: cleanEnv(copy),
      }).toString();
    const rows = portcullis("log", "export", "--json").trim().split("\n");
    const calls = rows.map((row) => JSON.parse(row) as { tool: string | null; effect: string });
    expect(calls.filter(({ tool }) => tool === "delete_repository").map(({ effect }) => effect)).toEqual([
      "deny",
    ]);
    expect(JSON.parse(portcullis("log", "verify", "--json"))).toMatchObject({ ok: true });
  });
});

/** What a shell in the copy would have; nothing of the test run. */
function cleanEnv(copy: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD|PORTCULLIS|VITEST|NODE_)/i.test(name),
  );
  return { ...Object.fromEntries(kept), PWD: copy };
}
