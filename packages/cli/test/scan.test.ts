import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FILES, type Home, makeHome } from "./clients/home.ts";
import { type Ended, runInProcess } from "./fake-io.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FIXTURE = fileURLToPath(new URL("./fixtures/listed-server.mjs", import.meta.url));

/** Tools whose texts try to be more than text. */
const HOSTILE = [
  {
    name: "run_shell",
    description: "Runs a command. \u001b[31mred\u001b[0m \u202etxt",
    inputSchema: { type: "object", properties: { command: { type: "string" } } },
  },
  { name: "delete_all", description: "Deletes everything for good.", inputSchema: { type: "object" } },
  { name: "read`|<img>_[x](http://e.example)", description: "Reads.", inputSchema: { type: "object" } },
];

let home: Home;
let server: { readonly command: string; readonly args: readonly string[] };
let started: string;

beforeAll(() => {
  home = makeHome();
  const tools = home.write("tools.json", JSON.stringify(HOSTILE));
  started = join(home.home, "started");
  const wrapper = home.write(
    "server.mjs",
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(started)}, ""); await import(${JSON.stringify(FIXTURE)});`,
  );
  server = { command: process.execPath, args: [wrapper, tools] };
  const entries = {
    notes: { ...server, env: { API_KEY: "hunter2" } },
    pinned: { command: "npx", args: ["-y", "@acme/none@1.0.0"] },
    moving: { command: "npx", args: ["-y", "@acme/moving"] },
    far: { url: "http://far.example/mcp?api_key=hunter3", headers: { Authorization: "Bearer hunter4" } },
  };
  home.write("project/mcp.json", JSON.stringify({ mcpServers: entries }, undefined, 2));
});

function run(...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: home.project, env: home.env });
}

describe("scan without --start", () => {
  test("starts nothing, says so, and names what stands in the file", async () => {
    const ended = await run("scan", "mcp.json", "--json");
    expect(ended.code).toBe(0);
    expect(existsSync(started)).toBe(false);
    const { servers } = JSON.parse(ended.stdout);
    const shown = servers.map(
      ({ name, learned, findings }: { name: string; learned: string; findings: { rule: string }[] }) => [
        name,
        learned,
        findings.map(({ rule }) => rule),
      ],
    );
    expect(Object.fromEntries(shown.map(([name, ...rest]: unknown[]) => [name, rest]))).toEqual({
      notes: ["unknown", ["plain-text-secret"]],
      pinned: ["unknown", []],
      moving: ["unknown", ["unpinned-package"]],
      far: ["unknown", ["plain-text-secret", "plain-text-secret", "plain-http"]],
    });
    expect(ended.stdout).not.toMatch(/hunter\d/);
  });

  test("fails closed with --fail-on: what is not known has not passed", async () => {
    const entries = { far: { url: "https://far.example/mcp" } };
    home.write("project/remote.json", JSON.stringify({ mcpServers: entries }));
    const ended = await run("scan", "remote.json", "--fail-on", "CRITICAL");
    expect([ended.code, ended.stderr.split("\n").slice(1).join("\n")]).toEqual([
      1,
      "error: --fail-on critical: far: its tools are not known: it was not asked; `--start` does\n",
    ]);
    expect((await run("scan", "remote.json", "--fail-on", "dreadful")).code).toBe(2);
    expect((await run("scan", "remote.json")).code).toBe(0);
  });

  test("finds the files of all clients, one row for a server that several name", async () => {
    const own = makeHome();
    const entry = JSON.stringify({ mcpServers: { notes: { command: "a" } } });
    own.write(FILES.cursorUser, entry);
    own.write(FILES.windsurf, entry);
    own.write(FILES.gemini, "{");
    const ended = await runInProcess(["scan", "--json"], { cwd: own.project, env: own.env });
    const { servers, broken } = JSON.parse(ended.stdout);
    expect(servers).toHaveLength(1);
    expect(servers[0].places.map(({ client }: { client: string }) => client)).toEqual(["cursor", "windsurf"]);
    expect(broken).toEqual([{ path: join(own.home, FILES.gemini), problem: expect.any(String) }]);
    const failing = await runInProcess(["scan", "--fail-on", "low"], { cwd: own.project, env: own.env });
    expect(failing.code).toBe(1);
  });

  test.each([
    [["scan", "none.json"], "`none.json`: there is no such file"],
    [["scan", "mcp.json", "--url", "https://x.example"], "one of the three"],
    [["scan", "mcp.json", "--output", "x"], "`--output` needs"],
    [["scan", "mcp.json", "--header", "A: b"], "`--header` belongs to"],
    [["scan", "--env", "A=b"], "`--env` belongs to"],
    [["scan", "mcp.json", "--json", "--format", "sarif"], "exclude each other"],
  ])("%j is refused", async (argv, message) => {
    const ended = await run(...argv);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test("a broken file among others is reported, and fails --fail-on", async () => {
    home.write("project/broken.json", "{");
    home.write("project/fine.json", '{"mcpServers":{}}');
    const both = await run("scan", "broken.json", "mcp.json", "--json");
    expect([both.code, JSON.parse(both.stdout)]).toMatchObject([
      0,
      { servers: { length: 4 }, broken: [{ path: join(home.project, "broken.json") }] },
    ]);
    const failing = await run("scan", "fine.json", "broken.json", "--fail-on", "critical");
    expect([failing.code, failing.stdout]).toEqual([1, expect.stringContaining("broken  ")]);
    expect((await run("scan", "broken.json", "--fail-on", "critical")).code).toBe(1);
    expect((await run("scan", "broken.json")).code).toBe(2);
  });

  test("a word that is no file is not started", async () => {
    expect((await run("scan", process.execPath)).code).toBe(2);
  });
});

describe("scan that starts", () => {
  test("a command after --: its tools, worst first, safe to print", async () => {
    const ended = await run("scan", "--", server.command, ...server.args);
    expect(ended.code).toBe(0);
    const lines = ended.stdout.split("\n");
    const rows = ["delete_all", "run_shell", "read`"].map((name) =>
      lines.findIndex((line) => line.includes(name)),
    );
    expect(rows).toEqual(rows.toSorted((a, b) => a - b));
    expect(Math.min(...rows)).toBeGreaterThan(0);
    expect(ended.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  });

  test("--fail-on, --policies and JSON of a file with --start", async () => {
    const own = home.write("project/one.json", JSON.stringify({ mcpServers: { "My Notes": server } }));
    const ended = await run(
      "scan",
      own,
      "--start",
      "--json",
      "--fail-on",
      "critical",
      "--policies",
      "policies",
    );
    const { servers, failures } = JSON.parse(ended.stdout);
    expect([ended.code, failures]).toEqual([1, ["My Notes: delete_all is critical (Destructive)"]]);
    expect(servers).toMatchObject([
      {
        name: "My Notes",
        learned: "started",
        worst: "critical",
        tools: [
          { name: "delete_all", risk: "critical" },
          { name: "run_shell", risk: "high" },
          { risk: "low" },
        ],
        policy: { default: "deny", hide: ["delete_all"] },
      },
    ]);
    const file = join(home.project, "policies", "my-notes.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(servers[0].policy);
    expect((await run("policy", "check", file)).code).toBe(0);
    expect((await run("scan", own, "--start", "--json", "--policies", "policies")).code).toBe(0);
    writeFileSync(file, "{}");
    const again = await run("scan", own, "--start", "--json", "--policies", "policies");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("says something else")]);
    expect(readFileSync(file, "utf8")).toBe("{}");
  });

  test("policies of which one exists already and says something else: none is written", async () => {
    const two = { aaa: server, bbb: { ...server, env: { A: "b" } } };
    const own = home.write("project/two.json", JSON.stringify({ mcpServers: two }));
    home.write("project/two/bbb.json", "{}");
    const ended = await run("scan", own, "--start", "--policies", "two");
    expect([ended.code, readdirSync(join(home.project, "two"))]).toEqual([2, ["bbb.json"]]);
  });

  test("a report that cannot be written leaves no policies", async () => {
    const own = home.write("project/one.json", JSON.stringify({ mcpServers: { notes: server } }));
    const output = ["--format", "json", "--output", join(home.project, "none", "report.json")];
    const ended = await run("scan", own, "--start", "--policies", "three", ...output);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining("cannot be written")]);
    expect(existsSync(join(home.project, "three"))).toBe(false);
  });

  test("a server that does not start is reported, and fails --fail-on", async () => {
    const command = [process.execPath, "-e", "process.exit(1)"];
    const ended = await run("scan", "--fail-on", "high", "--", ...command);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("its process ended")]);
    expect(ended.stderr).not.toContain("No server was started");
  });

  test("a command that is not there, and a server that wants a sign-in, are told apart", async () => {
    const missing = await run("scan", "--json", "--", join(home.home, "none"));
    expect(JSON.parse(missing.stdout).servers[0].reason).toBe("its command cannot be started");
    const http = createServer((_request, response) => response.writeHead(401).end());
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const address = http.address();
    const port = typeof address === "object" ? address?.port : 0;
    const refused = await run("scan", "--json", "--url", `http://127.0.0.1:${port}/mcp`);
    http.close();
    expect(JSON.parse(refused.stdout).servers[0].reason).toBe("it wants other credentials (HTTP 401)");
  });

  test("a URL", async () => {
    const http = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const { id, method } = JSON.parse(body || "{}");
        const lists = method === "tools/list" ? { tools: [HOSTILE[1]] } : {};
        const discovered = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
        const result = { resultType: "complete", ttlMs: 0, cacheScope: "private", ...discovered, ...lists };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const address = http.address();
    const port = typeof address === "object" ? address?.port : 0;
    const ended = await run("scan", "--json", "--url", `http://127.0.0.1:${port}/mcp`);
    http.close();
    expect(JSON.parse(ended.stdout).servers).toMatchObject([
      { learned: "asked", transport: "http", tools: [{ name: "delete_all", risk: "critical" }] },
    ]);
  });
});

describe("reports", () => {
  let sarif: SarifLog;
  let markdown: string;

  beforeAll(async () => {
    mkdirSync(join(home.project, "sub"), { recursive: true });
    const text = `{\n  // ours\n  "mcpServers": {\n    "notes": ${JSON.stringify({ ...server, env: { API_KEY: "hunter2" } })}\n  }\n}\n`;
    home.write("project/sub/mcp ü.json", text);
    const common = ["scan", "sub/mcp ü.json", "--start"];
    const made = await run(...common, "--format", "sarif", "--output", "out.sarif");
    expect([made.code, made.stdout]).toEqual([0, ""]);
    sarif = JSON.parse(readFileSync(join(home.project, "out.sarif"), "utf8"));
    markdown = (await run(...common, "--format", "markdown", "--fail-on", "high")).stdout;
  });

  afterAll(() => expect(markdown + JSON.stringify(sarif)).not.toContain("hunter2"));

  test("SARIF 2.1.0: each result names a rule and points at the entry's line", () => {
    expect([sarif.version, sarif.runs.length]).toEqual(["2.1.0", 1]);
    const [run0] = sarif.runs;
    const rules = run0?.tool.driver.rules.map(({ id }) => id) ?? [];
    expect(new Set(rules).size).toBe(rules.length);
    const results = run0?.results ?? [];
    expect(results.map(({ ruleId }) => ruleId).slice(0, 3)).toEqual([
      "critical-tool",
      "high-tool",
      "plain-text-secret",
    ]);
    for (const { ruleId, ruleIndex, level, message, locations, partialFingerprints } of results) {
      expect(rules[ruleIndex]).toBe(ruleId);
      expect(["error", "warning", "note"]).toContain(level);
      expect(message.text).not.toBe("");
      expect(locations[0]?.physicalLocation).toEqual({
        artifactLocation: { uri: "sub/mcp%20%C3%BC.json" },
        region: { startLine: 4 },
      });
      expect(Object.values(partialFingerprints)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    }
    expect(new Set(results.map((each) => JSON.stringify(each.partialFingerprints))).size).toBe(
      results.length,
    );
  });

  test("Markdown for a pull request, in which a stranger's text is inert", () => {
    expect(markdown).toContain("## MCP servers: what agents can do");
    expect(markdown).toContain("| `delete_all` | 🔴 critical | Destructive |");
    expect(markdown).toContain("| `read'\\|<img>_[x](http://e.example)` |");
    expect(markdown).toContain("<details><summary>Recommended policy</summary>");
    const outside = markdown.replaceAll(/```json[\s\S]*?```/g, "").replaceAll(/`[^`\n]*`/g, "");
    expect(outside).not.toContain("<img>");
    expect(outside.replaceAll(/<\/?(?:details|summary|br)>/g, "")).not.toMatch(/[<>]/);
  });
});

/** What is looked at of a SARIF log. */
interface SarifLog {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly { readonly physicalLocation?: object }[];
      readonly partialFingerprints: object;
    }[];
  }[];
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends the servers that are being listed", async (signal, code) => {
  const listener = createTcpServer();
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as AddressInfo;
  // It hears neither the end of its input nor a signal.
  const stubborn = `process.on("SIGTERM", () => {}); require("node:net").connect(${port}, "127.0.0.1")`;
  const argv = ["--conditions=portcullis-source", MAIN, "scan", "--", process.execPath, "-e", stubborn];
  const cli = spawn(process.execPath, argv, { env: { ...process.env, ...home.env }, stdio: "ignore" });
  const [connection] = (await once(listener, "connection")) as [Socket];
  const isGone = once(connection.on("error", () => {}).resume(), "close");
  cli.kill(signal);
  expect((await once(cli, "exit"))[0]).toBe(code);
  await isGone;
  listener.close();
});
