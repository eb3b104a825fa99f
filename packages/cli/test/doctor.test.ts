import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import { checkClock, checkNode } from "../src/doctor/machine.ts";
import { newFolder, runInProcess } from "./fake-io.ts";
import { openWorkbench, tool, type Workbench } from "./workbench.ts";

interface Check {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
}

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

describe("doctor", () => {
  test("an empty data folder is no fault", async () => {
    const cwd = newFolder();
    const ended = await runInProcess(["doctor", "--json", "--data", "d"], {
      cwd,
      env: { PORTCULLIS_PORT: "0" },
    });
    const { ok, checks } = JSON.parse(ended.stdout);
    expect([ended.code, ok, checks.map(({ check, status }: Check) => [check, status])]).toEqual([
      0,
      true,
      [
        ["node", "ok"],
        ["clock", "ok"],
        ["config", "ok"],
        ["gateway", "ok"],
        ["port", "ok"],
        ["data folder", "ok"],
      ],
    ]);
  });

  test.each<{ name: string; spoil(bench: Workbench): void; finding: object; isOk?: true }>([
    {
      name: "a key that others can read",
      spoil: ({ dataDir }) => chmodSync(join(dataDir, "key"), 0o644),
      finding: {
        check: "key file",
        status: "fail",
        detail: expect.stringMatching(/has mode 644.*; run: chmod 600 .*key$/),
      },
    },
    {
      name: "a data folder that others can read",
      spoil: ({ dataDir }) => chmodSync(dataDir, 0o755),
      finding: {
        check: "data folder",
        status: "fail",
        detail: expect.stringMatching(/has mode 755.*; run: chmod 700 /),
      },
    },
    {
      name: "a weak key",
      spoil: ({ dataDir }) => writeFileSync(join(dataDir, "key"), "AAAA\n"),
      finding: {
        check: "key",
        status: "fail",
        detail: expect.stringMatching(/is not 32 random bytes in base64; /),
      },
    },
    {
      name: "a damaged database",
      spoil: ({ dataDir }) => writeFileSync(join(dataDir, "ledger.db"), "x".repeat(8192)),
      finding: {
        check: "ledger.db integrity",
        status: "fail",
        detail: expect.stringMatching(/; restore it from a backup$/),
      },
    },
    {
      name: "a configuration that is refused",
      spoil: ({ dataDir }) => writeFileSync(join(dataDir, "config.json"), '{"prot":1}'),
      finding: {
        check: "config",
        status: "fail",
        detail: expect.stringMatching(/^unknown key `prot` in config\.json; /),
      },
    },
    {
      name: "a server that is down",
      spoil: ({ dataDir }) => edit(dataDir, "UPDATE server SET command = '[\"/no/such/program\"]'"),
      finding: { check: "server files", status: "fail", detail: expect.stringMatching(/^`files`: /) },
    },
    {
      name: "a server whose tools wait",
      spoil: (bench) => bench.setTools([tool("read"), tool("write")]),
      finding: {
        check: "server files",
        status: "warn",
        detail: "1 tool to be accepted; see: server tools files",
      },
      isOk: true,
    },
    {
      name: "a grant that ends within a week",
      spoil: ({ dataDir }) => edit(dataDir, `UPDATE grant_ SET expires_at = ${Date.now() + 86_400_000}`),
      finding: {
        check: "grant ci",
        status: "warn",
        detail: expect.stringMatching(/^expires at .*; make a new one with: /),
      },
      isOk: true,
    },
    {
      name: "a grant that has ended",
      spoil: ({ dataDir }) => edit(dataDir, "UPDATE grant_ SET expires_at = 1"),
      finding: { check: "grant ci", status: "warn", detail: expect.stringMatching(/^expired at 1970-/) },
      isOk: true,
    },
    {
      name: "a grant without a policy",
      spoil: ({ dataDir }) => edit(dataDir, "UPDATE grant_access SET policy = NULL"),
      finding: {
        check: "grant ci",
        status: "warn",
        detail: expect.stringMatching(/^has no policy, so every call is denied; /),
      },
      isOk: true,
    },
    {
      name: "a stored policy that does not compile",
      spoil: ({ dataDir }) =>
        edit(dataDir, 'UPDATE policy_version SET document = \'{"version":"1","default":"x"}\''),
      finding: {
        check: "policy files/p",
        status: "fail",
        detail: expect.stringMatching(/^version 1 is not valid: \/default /),
      },
    },
    {
      name: "a state of a newer version",
      spoil: ({ dataDir }) => edit(dataDir, "PRAGMA user_version = 999"),
      finding: { check: "state.db", status: "fail", detail: expect.stringMatching(/newer/) },
    },
    {
      name: "a state without one of its tables",
      spoil: ({ dataDir }) => edit(dataDir, "ALTER TABLE server RENAME TO gone"),
      finding: { check: "state.db", status: "fail", detail: expect.stringMatching(/cannot be used: /) },
    },
  ])("finds $name", async ({ spoil, finding, isOk = false }) => {
    const bench = openWorkbench();
    bench.setTools([tool("read")]);
    await bench.json("server", "add", "--name", "files", "--", ...bench.command);
    bench.writePolicy("p.json", { version: "1", default: "deny", tools: { read: {} } });
    await bench.json("policy", "publish", "--server", "files", "--name", "p", "p.json");
    await bench.json("grant", "create", "--server", "files", "--policy", "p", "--label", "ci");
    spoil(bench);
    const ended = await bench.run(["doctor", "--json"], { env: { PORTCULLIS_PORT: "0" } });
    const { ok, checks } = JSON.parse(ended.stdout);
    expect(checks).toContainEqual(finding);
    expect([ended.code, ok]).toEqual(isOk ? [0, true] : [1, false]);
  });

  test("finds a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const ended = await runInProcess(["doctor", "--json"], { env: { PORTCULLIS_PORT: port } });
    server.close();
    expect(JSON.parse(ended.stdout).checks).toContainEqual({
      check: "port",
      status: "fail",
      detail: `127.0.0.1:${port} is in use by another program; choose another with --port`,
    });
  });

  test.each([
    { version: "24.15.0", status: "ok" },
    { version: "26.0.1", status: "ok" },
    { version: "24.14.9", status: "fail" },
    { version: "20.20.2", status: "fail" },
  ])("Node $version: $status", ({ version, status }) => {
    expect(checkNode(version).status).toBe(status);
  });

  test.each([
    { name: "now", nowMs: Date.UTC(2026, 10, 1), newest: undefined, status: "ok" },
    {
      name: "the newest row a little ahead",
      nowMs: Date.UTC(2026, 10, 1),
      newest: Date.UTC(2026, 10, 1) + 59_000,
      status: "ok",
    },
    {
      name: "the newest row far ahead",
      nowMs: Date.UTC(2026, 10, 1),
      newest: Date.UTC(2026, 10, 2),
      status: "fail",
    },
    { name: "1970", nowMs: 0, newest: undefined, status: "fail" },
  ])("clock, $name: $status", ({ nowMs, newest, status }) => {
    expect(checkClock(nowMs, newest).status).toBe(status);
  });
});

function edit(dataDir: string, sql: string): void {
  const database = new DatabaseSync(join(dataDir, "state.db"));
  database.exec(sql);
  database.close();
}
