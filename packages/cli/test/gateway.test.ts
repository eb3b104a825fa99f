import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Ended, newFolder, runInProcess } from "./fake-io.ts";
import { openWorkbench, tool, type Workbench } from "./workbench.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

describe("serve as a process", () => {
  test("the first line is the ready event; SIGTERM ends it with 0 and frees the folder", async () => {
    const cwd = newFolder();
    const child = spawn(
      process.execPath,
      ["--conditions=portcullis-source", MAIN, "serve", "--data", "d", "--port", "0", "--no-demo", "--json"],
      { cwd, stdio: ["ignore", "pipe", "pipe"] },
    );
    // A failed assertion must not leave a gateway behind.
    onTestFinished(() => void child.kill("SIGKILL"));
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    await once(child.stdout, "data");
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(JSON.parse(stdout)).toEqual({ event: "ready", url, adminUrl: url, pid: child.pid });
    const second = await runInProcess(["serve", "--data", "d", "--port", "0"], { cwd });
    expect(second).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: the data folder \`${join(cwd, "d")}\` is in use by the gateway with process id ${child.pid}; stop it, or choose another with --data DIR\n`,
    });
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect([code, stdout.trimEnd().split("\n").length, existsSync(join(cwd, "d", "gateway.json"))]).toEqual([
      0,
      1,
      false,
    ]);
  });
});

describe("the first start", () => {
  test("makes a demo whose three calls do as they say, and is made once", async () => {
    const cwd = newFolder();
    const env = { HOME: cwd, npm_lifecycle_event: "start", INIT_CWD: cwd };
    const first = await serveUntil(
      ["serve", "--port", "0", "--admin-port", "0"],
      { cwd: "/", env },
      "A rate limit",
      async (text) => {
        const curls = text.split("\n").filter((line) => line.startsWith("curl "));
        return Promise.all(curls.map(postCurl));
      },
    );
    expect(first.answers).toMatchObject([
      { result: { isError: false } },
      {
        result: {
          isError: true,
          content: [{ text: "[POLICY DENIED] Repositories are deleted by people, never by an agent." }],
        },
      },
    ]);
    const loop = /^for i in \$\(seq (\d+)\); do (curl .+); echo; done$/m.exec(first.ended.stdout);
    expect(Number(loop?.[1])).toBeGreaterThan(20);
    expect(existsSync(join(cwd, "data", "state.db"))).toBe(true);
    const again = await serveUntil(
      ["serve", "--port", "0", "--admin-port", "0"],
      { cwd: "/", env },
      "a new token",
      async () => [],
    );
    expect(again.ended.stdout).toContain(
      `npm run -s portcullis -- grant rotate demo --data ${join(cwd, "data")}`,
    );
    expect(again.ended.stdout).not.toContain("pcl_g_");
  });

  test("--no-demo makes none, and --json tells of one in its second line", async () => {
    const cwd = newFolder();
    const none = await serveUntil(
      ["serve", "--data", "d", "--port", "0", "--no-demo"],
      { cwd },
      "data ",
      async () => [],
    );
    expect([none.ended.code, none.ended.stdout]).not.toContain("demo");
    const json = await serveUntil(
      ["serve", "--data", "d", "--port", "0", "--json"],
      { cwd },
      '"demo"',
      async () => [],
    );
    const [, demo] = json.ended.stdout.trimEnd().split("\n");
    expect(JSON.parse(demo ?? "")).toEqual({
      event: "demo",
      server: expect.stringMatching(/^srv_/),
      grant: expect.stringMatching(/^grt_/),
      token: expect.stringMatching(/^pcl_g_/),
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp\/srv_\w{16}\/$/),
    });
  });
});

describe("the log of a running gateway", () => {
  let bench: Workbench;
  let stop: AbortController;
  let served: Promise<Ended>;
  let grant: { readonly url: string; readonly token: string };

  beforeAll(async () => {
    bench = openWorkbench();
    bench.setTools([tool("read"), tool("write")]);
    stop = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    served = bench.run(["serve", "--port", "0", "--no-demo", "--json"], {
      stop: stop.signal,
      onStdout: resolve,
    });
    await promise;
    await bench.json("server", "add", "--name", "files", "--era", "modern", "--", ...bench.command);
    bench.writePolicy("p.json", { version: "1", default: "deny", tools: { read: {} } });
    await bench.json("policy", "publish", "--server", "files", "--name", "p", "p.json");
    grant = Object(
      await bench.json("grant", "create", "--server", "files", "--policy", "p", "--label", "ci"),
    );
  });

  afterAll(async () => {
    stop.abort();
    expect((await served).code).toBe(0);
  });

  test("export prints one row per call; verify finds it whole; since and server filter", async () => {
    await call(grant, "read", { path: "/a", b: 1 });
    await call(grant, "write", {});
    const rows = await exportRows(bench);
    const row = {
      time: ISO,
      requestId: expect.any(String),
      grant: "ci",
      server: "files",
      method: "tools/call",
    };
    const policy = { policy: "p", policyVersion: 1, mode: "enforce" };
    expect(rows).toEqual([
      {
        seq: 1,
        ...row,
        tool: "read",
        effect: "allow",
        rule: "",
        message: "",
        ...policy,
        argumentKeys: ["b", "path"],
        status: "ok",
        latencyMs: expect.any(Number),
      },
      {
        seq: expect.any(Number),
        ...row,
        tool: "write",
        effect: "deny",
        rule: "(default deny)",
        message: 'Tool "write" is not permitted by policy.',
        ...policy,
        argumentKeys: [],
        status: null,
        latencyMs: null,
      },
    ]);
    expect(await exportRows(bench, "--since", "1h", "--server", "files")).toEqual(rows);
    expect(await exportRows(bench, "--server", "other")).toEqual([]);
    expect(await exportRows(bench, "--since", "2999-01-01")).toEqual([]);
    expect(await bench.json("log", "verify")).toEqual({ ok: true, rows: 3, checkpoints: 0 });
  });

  test("tail follows, in JSON and for people, and hides ping and notifications unless --all", async () => {
    const stopTail = new AbortController();
    const followed = bench.run(["log", "tail", "--server", "files"], {
      stop: stopTail.signal,
      onStdout: (text) => {
        if (text.includes("tailed")) stopTail.abort();
      },
    });
    await post(grant, "ping", {});
    await call(grant, "tailed", {});
    const { code, stdout } = await followed;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+Z {2}deny {3}ci {2}files {2}tailed {2}\S.*$/m);
    expect(stdout).not.toContain("ping");
  });

  test("tail begins with the last rows that it shows, however many pings came after", async () => {
    for (let count = 0; count < 11; count += 1) await post(grant, "ping", {});
    const stopTail = new AbortController();
    const { stdout } = await bench.run(["log", "tail", "--server", "files"], {
      stop: stopTail.signal,
      onStdout: () => stopTail.abort(),
    });
    expect(stdout).toMatch(/ {2}deny {3}ci {2}files {2}tailed {2}.* {2}[A-Z`][^\n]+$/m);
  });

  test("a revoked grant and a new policy version act on the next request", async () => {
    const other = Object(
      await bench.json("grant", "create", "--server", "files", "--policy", "p", "--label", "other"),
    );
    expect((await call(other, "read", {})).status).toBe(200);
    bench.writePolicy("p.json", { version: "1", default: "deny" });
    await bench.json("policy", "publish", "--server", "files", "--name", "p", "p.json");
    expect(await (await call(other, "read", {})).json()).toMatchObject({ result: { isError: true } });
    await bench.json("grant", "revoke", "other");
    expect((await call(other, "read", {})).status).toBe(401);
  });

  test("verify finds a changed row in a copy: exit code 1", async () => {
    const copy = join(bench.cwd, "copy");
    const tar = await bench.run(["backup", "b.tar"]);
    expect(tar.code).toBe(0);
    mkdirSync(copy);
    copyFileSync(join(bench.dataDir, "audit.pub"), join(copy, "audit.pub"));
    new DatabaseSync(join(bench.dataDir, "ledger.db"), { readOnly: true }).exec(
      `VACUUM INTO '${join(copy, "ledger.db")}'`,
    );
    const database = new DatabaseSync(join(copy, "ledger.db"));
    database.exec(
      `UPDATE block SET bodies = CAST(replace(bodies, 'allow', 'deny') AS BLOB)
         WHERE seq = (SELECT min(seq) FROM block)`,
    );
    database.close();
    const ended = await runInProcess(["log", "verify", "--json", "--data", copy]);
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([
      1,
      { ok: false, rows: 0, checkpoints: 0, firstBad: 1 },
    ]);
    expect(ended.stderr).toBe("error: the audit log does not verify at entry 1: an entry was changed\n");
  });

  test("a ledger that is no database any more does not verify", async () => {
    const copy = newFolder();
    copyFileSync(join(bench.dataDir, "audit.pub"), join(copy, "audit.pub"));
    writeFileSync(join(copy, "ledger.db"), "x".repeat(8192));
    const ended = await runInProcess(["log", "verify", "--json", "--data", copy]);
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([1, { ok: false, rows: 0, checkpoints: 0 }]);
  });

  test.each<{ argv: string[]; stderr: RegExp }>([
    { argv: ["log", "export", "--since", "7"], stderr: /^error: `--since 7` must be an ISO time / },
    {
      argv: ["log", "verify", "--checkpoint", "none"],
      stderr: /^error: `none` cannot be read: there is no such file\n$/,
    },
    { argv: ["log", "verify", "--checkpoint", "empty"], stderr: /^error: `empty` holds no checkpoint\n$/ },
    {
      argv: ["log", "verify", "--data", "nope"],
      stderr: /^error: there is no `.*ledger\.db`; name the folder /,
    },
    { argv: ["log", "export", "--data", "nope"], stderr: /^error: there is no audit log in `.*nope` yet; / },
    { argv: ["log", "tail", "--data", "nope"], stderr: /^error: there is no audit log in `.*nope` yet; / },
    {
      argv: ["serve", "--host", "0.0.0.0"],
      stderr: /^error: `--host 0\.0\.0\.0` is reachable from other machines: /,
    },
  ])("refused: $argv", async ({ argv, stderr }) => {
    writeFileSync(join(bench.cwd, "empty"), "");
    expect(await bench.run([...argv, "--json"])).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(stderr),
    });
  });

  test("serve on a port in use: one line, exit code 2, and the folder is free again", async () => {
    const port = new URL(grant.url).port;
    const cwd = newFolder();
    const ended = await runInProcess(["serve", "--data", "d", "--port", port, "--admin-port", "0"], { cwd });
    expect(ended).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: port ${port} is in use; choose another with --port N (0 takes any)\n`,
    });
    expect(existsSync(join(cwd, "d", "gateway.json"))).toBe(false);
  });

  test("doctor finds everything in order", async () => {
    const ended = await bench.run(["doctor", "--json"]);
    const { ok, checks } = JSON.parse(ended.stdout);
    expect([checks.filter((check: { status: string }) => check.status === "fail"), ok, ended.code]).toEqual([
      [],
      true,
      0,
    ]);
    expect(checks.map((check: { check: string }) => check.check)).toEqual([
      "node",
      "clock",
      "config",
      "gateway",
      "data folder",
      "key file",
      "state.db",
      "ledger.db",
      "state.db integrity",
      "ledger.db integrity",
      "server files",
      "grants",
      "policy files/p",
    ]);
  });
});

/** Serves in this process until `text` is printed, lets `work` use it, then stops. */
async function serveUntil(
  argv: readonly string[],
  surroundings: { readonly cwd: string; readonly env?: { readonly [name: string]: string } },
  text: string,
  work: (stdout: string) => Promise<unknown>,
): Promise<{ readonly ended: Ended; readonly answers: unknown }> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const onStdout = (soFar: string): void => {
    const at = soFar.indexOf(text);
    // The line that holds the text, and a rate limit's line below it, must be whole.
    if (at >= 0 && soFar.endsWith("\n")) resolve(soFar);
  };
  const served = runInProcess(argv, { ...surroundings, stop: stop.signal, onStdout });
  await Promise.race([promise, served]);
  const answers = await work(await promise);
  stop.abort();
  return { ended: await served, answers };
}

/** Sends what a `curl` line of the banner says. */
async function postCurl(line: string): Promise<unknown> {
  const words = [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  const headers = words.flatMap((word, index) => (word === "-H" ? [words[index + 1] ?? ""] : []));
  const response = await fetch(words[2] ?? "", {
    method: "POST",
    headers: Object.fromEntries(headers.map((header) => header.split(/: (.*)/s, 2))),
    body: words[words.indexOf("-d") + 1] ?? "",
  });
  return response.json();
}

function call(
  grant: { readonly url: string; readonly token: string },
  name: string,
  args: object,
): Promise<Response> {
  return post(grant, "tools/call", { name, arguments: args }, { "Mcp-Name": name });
}

function post(
  { url, token }: { readonly url: string; readonly token: string },
  method: string,
  params: object,
  headers: { readonly [name: string]: string } = {},
): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": method,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } }),
  });
}

async function exportRows(bench: Workbench, ...more: readonly string[]): Promise<unknown[]> {
  const ended = await bench.run(["log", "export", ...more]);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  return ended.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
