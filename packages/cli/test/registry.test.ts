import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";
import { openWorkbench, tool, type Workbench } from "./workbench.ts";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const POLICY = { version: "1", default: "deny", tools: { read: {} } };

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

describe("server commands", () => {
  test("add prints id, name and the gateway's URL, and accepts the first list", async () => {
    const bench = openWorkbench();
    bench.setTools([tool("read"), tool("write")]);
    const added = await bench.run(["--json", "server", "add", "--name", "files", "--", ...bench.command]);
    const { id } = JSON.parse(added.stdout);
    expect(id).toMatch(/^srv_[0-9A-Za-z]{16}$/);
    expect([added.code, added.stderr, JSON.parse(added.stdout)]).toEqual([
      0,
      "",
      { id, name: "files", url: `http://127.0.0.1:7411/mcp/${id}/` },
    ]);
    expect(await bench.json("server", "tools", "files")).toEqual([
      { name: "read", description: "does read", category: "Read", risk: "low", pin: "accepted" },
      { name: "write", description: "does write", category: "Write", risk: "medium", pin: "accepted" },
    ]);
    expect(await bench.json("server", "list")).toEqual([
      {
        id,
        name: "files",
        url: `http://127.0.0.1:7411/mcp/${id}/`,
        transport: "stdio",
        target: process.execPath,
        package: null,
        era: "auto",
        deadlineMs: 55_000,
        onChange: "block",
        tools: 2,
        waiting: 0,
      },
    ]);
  });

  test("every option of add is stored, the public URL is told, and a secret is not", async () => {
    const bench = openWorkbench();
    const argv = ["--json", "server", "add", "--name", "web", "--url", "http://127.0.0.1:1/mcp?key=k1"];
    const more = [
      "--header",
      "Authorization: env:TOKEN",
      "--era",
      "modern",
      "--deadline",
      "5s",
      "--on-change",
      "hold",
    ];
    const env = { TOKEN: "Bearer s3cret", PORTCULLIS_PUBLIC_URL: "https://gw.example" };
    const added = await bench.run([...argv, ...more], { env });
    expect(JSON.parse(added.stdout)).toEqual({
      id: expect.stringMatching(/^srv_/),
      name: "web",
      url: expect.stringMatching(/^https:\/\/gw\.example\/mcp\/srv_[0-9A-Za-z]{16}\/$/),
    });
    expect(added.stderr).toBe(
      "warning: `web`: it cannot be reached; the server is registered, and its first list will be accepted later\n",
    );
    expect(await bench.json("server", "list")).toMatchObject([
      { target: "http://127.0.0.1:1/mcp", era: "modern", deadlineMs: 5000, onChange: "hold", tools: 0 },
    ]);
    const stored = readFileSync(join(bench.dataDir, "state.db"));
    expect([stored.includes("s3cret"), stored.includes("k1-of-the-query")]).toEqual([false, false]);
  });

  test.each<{ name: string; env: Record<string, string>; more: string[]; deadlineMs: number }>([
    { name: "the configuration's", env: { PORTCULLIS_DEADLINE_MS: "7s" }, more: [], deadlineMs: 7_000 },
    {
      name: "its own before the configuration's",
      env: { PORTCULLIS_DEADLINE_MS: "7s" },
      more: ["--deadline", "5s"],
      deadlineMs: 5_000,
    },
    { name: "55 s without either", env: {}, more: [], deadlineMs: 55_000 },
  ])("the deadline of a new server: $name", async ({ env, more, deadlineMs }) => {
    const bench = openWorkbench();
    const words = ["server", "add", "--name", "files", ...more, "--", ...bench.command];
    expect((await bench.run(words, { env })).code).toBe(0);
    expect(await bench.json("server", "list")).toMatchObject([{ deadlineMs }]);
  });

  test("a typed header value is warned about: it is in the shell's history", async () => {
    const bench = openWorkbench();
    const argv = [
      "server",
      "add",
      "--name",
      "web",
      "--url",
      "http://127.0.0.1:1/",
      "--header",
      "X-Key: s3cret",
    ];
    const { stderr } = await bench.run(argv);
    expect(stderr.split("\n")[0]).toBe(
      `warning: a header's value was typed, so it may be in your shell's history; \`--header "Name: env:VARIABLE"\` keeps it out`,
    );
  });

  test("tools shows what changed; accept-tools accepts it by name or all", async () => {
    const bench = openWorkbench();
    bench.setTools([tool("gone"), tool("read"), tool("same")]);
    await bench.json("server", "add", "--name", "files", "--", ...bench.command);
    bench.setTools([tool("read", "does more\u202e"), tool("same"), tool("write")]);
    const pins = [
      { name: "gone", description: "does gone", category: "Write", risk: "medium", pin: "removed" },
      { name: "read", description: "does more\u202e", category: "Read", risk: "low", pin: "changed" },
      { name: "same", description: "does same", category: "Write", risk: "medium", pin: "accepted" },
      { name: "write", description: "does write", category: "Write", risk: "medium", pin: "new" },
    ];
    expect(await bench.json("server", "tools", "files")).toEqual(pins);
    const text = await bench.run(["server", "tools", "files"]);
    expect(text.stdout).toBe(
      [
        "Changed since they were accepted (calls are stopped as --on-change says)",
        "  read (Read, low)",
        '    - description: "does read"',
        '    + description: "does more\\u{202e}"',
        "New (unknown to agents until accepted)",
        "  write (Write, medium)",
        "No longer listed by the server",
        "  gone (Write, medium)",
        "Accepted",
        "  same (Write, medium)",
        "",
      ].join("\n"),
    );
    const one = await bench.run(["--json", "server", "accept-tools", "files", "read"]);
    expect(one.stderr).toBe("accepted 1 tool of files (1 changed, 0 new, 0 removed), by name\n");
    expect(JSON.parse(one.stdout)).toEqual(
      pins.map((p) => (p.name === "read" ? { ...p, pin: "accepted" } : p)),
    );
    const all = await bench.run(["--json", "server", "accept-tools", "files", "--all"]);
    expect(all.stderr).toBe("accepted 2 tools of files (0 changed, 1 new, 1 removed), with --all\n");
    expect(JSON.parse(all.stdout)).toEqual([
      { name: "read", description: "does more\u202e", category: "Read", risk: "low", pin: "accepted" },
      { name: "same", description: "does same", category: "Write", risk: "medium", pin: "accepted" },
      { name: "write", description: "does write", category: "Write", risk: "medium", pin: "accepted" },
    ]);
  });

  test("remove", async () => {
    const bench = openWorkbench();
    const { id } = await addServer(bench);
    expect(await bench.json("server", "remove", "files")).toEqual({ id, name: "files" });
    expect(await bench.json("server", "list")).toEqual([]);
  });
});

describe("policy commands on a server", () => {
  test("publish makes versions; list and show print them (policy-spec A2)", async () => {
    const bench = openWorkbench();
    await addServer(bench);
    bench.writePolicy("p.json", POLICY);
    const first = await bench.json("policy", "publish", "--server", "files", "--name", "p", "p.json");
    const { id } = Object(first);
    expect(first).toEqual({
      id: expect.stringMatching(/^pol_[0-9A-Za-z]{16}$/),
      name: "p",
      version: 1,
      notes: [expect.stringMatching(/resources and prompts/)],
    });
    const next = { ...POLICY, default: "allow" };
    bench.writePolicy("p.json", next);
    const argv = ["policy", "publish", "--server", "files", "--name", "p", "--note", "open", "p.json"];
    expect(await bench.json(...argv)).toEqual({ id, name: "p", version: 2 });
    expect(await bench.json("policy", "list", "--server", "files")).toEqual([
      {
        id,
        name: "p",
        server: "files",
        version: 2,
        publishedAt: expect.stringMatching(ISO),
        author: expect.any(String),
        note: "open",
      },
    ]);
    const show = ["policy", "show", "--server", "files", "--name", "p"];
    expect(await bench.json(...show)).toEqual({ id, name: "p", version: 2, document: next });
    expect(await bench.json(...show, "--version-number", "1")).toEqual({
      id,
      name: "p",
      version: 1,
      document: POLICY,
    });
    expect((await bench.run(show)).stdout).toBe(`${JSON.stringify(next)}\n`);
  });

  test("a policy that does not compile never becomes a version", async () => {
    const bench = openWorkbench();
    await addServer(bench);
    bench.writePolicy("p.json", { version: "1", default: "maybe" });
    const ended = await bench.run([
      "--json",
      "policy",
      "publish",
      "--server",
      "files",
      "--name",
      "p",
      "p.json",
    ]);
    expect([ended.code, ended.stdout]).toEqual([2, ""]);
    expect(ended.stderr).toMatch(
      /^error: p\.json:1:\d+ \/default: .+; `portcullis policy check` lists every error\n$/,
    );
    expect(await bench.json("policy", "list")).toEqual([]);
  });
});

describe("grant commands", () => {
  test("create, set, rotate, revoke, list", async () => {
    const bench = openWorkbench();
    const { id: serverId } = await addServer(bench);
    bench.writePolicy("p.json", POLICY);
    await bench.json("policy", "publish", "--server", "files", "--name", "p", "p.json");
    const nowMs = Date.UTC(2026, 10, 1);
    const create = [
      "--json",
      "grant",
      "create",
      "--server",
      "files",
      "--policy",
      "p",
      "--label",
      "ci",
      "--expires",
      "30d",
    ];
    const created = await bench.run(create, { nowMs });
    const { id, token } = JSON.parse(created.stdout);
    expect([created.code, created.stderr, JSON.parse(created.stdout)]).toEqual([
      0,
      "",
      {
        id: expect.stringMatching(/^grt_[0-9A-Za-z]{16}$/),
        label: "ci",
        token: expect.stringMatching(/^pcl_g_[0-9A-Za-z]{38}$/),
        url: `http://127.0.0.1:7411/mcp/${serverId}/`,
        expiresAt: "2026-12-01T00:00:00.000Z",
      },
    ]);
    const grant = {
      id,
      label: "ci",
      server: "files",
      policy: "p",
      mode: "enforce",
      last4: token.slice(-4),
      createdAt: "2026-11-01T00:00:00.000Z",
      expiresAt: "2026-12-01T00:00:00.000Z",
      revokedAt: null,
    };
    expect(await bench.json("grant", "list")).toEqual([grant]);
    expect(await bench.json("grant", "set", "ci", "--mode", "shadow")).toEqual({ ...grant, mode: "shadow" });
    const rotated = Object(await bench.json("grant", "rotate", id));
    expect(rotated).toEqual({ id, token: expect.stringMatching(/^pcl_g_[0-9A-Za-z]{38}$/) });
    expect(rotated.token).not.toBe(token);
    const revoked = Object(await bench.json("grant", "revoke", "ci"));
    expect(revoked).toEqual({ id, revokedAt: expect.stringMatching(ISO) });
    expect(await bench.json("grant", "revoke", "ci")).toEqual(revoked);
    expect(await bench.json("grant", "list")).toMatchObject([{ id, revokedAt: revoked.revokedAt }]);
    expect(readFileSync(join(bench.dataDir, "state.db")).includes(token)).toBe(false);
  });

  test("without a policy a warning says that every call is denied", async () => {
    const bench = openWorkbench();
    await addServer(bench);
    const ended = await bench.run(["--json", "grant", "create", "--server", "files", "--label", "ci"]);
    expect([ended.code, ended.stderr]).toEqual([
      0,
      "warning: `ci` has no policy, so every call is denied; `grant set ci --policy NAME` gives it one\n",
    ]);
  });
});

describe("input that is refused: one line that says what to do, exit code 2, nothing changed", () => {
  test.each<{ argv: string[]; stderr: RegExp }>([
    { argv: ["server", "tools", "nope"], stderr: /^error: there is no server `nope`; known: `files`\n$/ },
    { argv: ["server", "remove", "nope"], stderr: /^error: there is no server `nope`/ },
    {
      argv: ["server", "accept-tools", "files"],
      stderr: /^error: name the tools to accept, or give `--all`\n$/,
    },
    {
      argv: ["server", "accept-tools", "files", "x", "--all"],
      stderr: /^error: name the tools to accept, or give `--all`\n$/,
    },
    {
      argv: ["server", "accept-tools", "files", "x"],
      stderr: /^error: there is no tool `x` on `files`; `server tools files` lists them\n$/,
    },
    {
      argv: ["server", "add", "--name", "files", "--", "x"],
      stderr: /^error: a server named `files` exists; /,
    },
    {
      argv: ["server", "add", "--name", "Not_a_name", "--", "x"],
      stderr: /^error: the server name `Not_a_name` must be /,
    },
    {
      argv: ["server", "add", "--name", "x"],
      stderr: /^error: name either `--url URL` or a command after `--`/,
    },
    {
      argv: ["server", "add", "--name", "x", "--deadline", "9", "--", "x"],
      stderr: /^error: `--deadline 9` must be a time from `1s` to `1h`\n$/,
    },
    {
      argv: ["policy", "publish", "--server", "nope", "--name", "p", "good.json"],
      stderr: /^error: there is no server `nope`/,
    },
    {
      argv: ["policy", "publish", "--server", "files", "--name", "P", "good.json"],
      stderr: /^error: the policy name `P` must be /,
    },
    {
      argv: ["policy", "publish", "--server", "files", "--name", "p", "none.json"],
      stderr: /^error: `none\.json` cannot be read: there is no such file\n$/,
    },
    { argv: ["policy", "list", "--server", "nope"], stderr: /^error: there is no server `nope`/ },
    {
      argv: ["policy", "show", "--server", "files", "--name", "nope"],
      stderr: /^error: there is no policy `nope` on server `files`; there is none yet\n$/,
    },
    {
      argv: ["grant", "create", "--server", "nope", "--label", "x"],
      stderr: /^error: there is no server `nope`/,
    },
    {
      argv: ["grant", "create", "--server", "files", "--label", "X"],
      stderr: /^error: the label `X` must be /,
    },
    {
      argv: ["grant", "create", "--server", "files", "--label", "x", "--policy", "nope"],
      stderr: /^error: there is no policy `nope` on server `files`/,
    },
    {
      argv: ["grant", "create", "--server", "files", "--label", "x", "--expires", "soon"],
      stderr: /^error: `--expires soon` must be a time from /,
    },
    {
      argv: ["grant", "create", "--server", "files", "--label", "old"],
      stderr: /^error: a grant labelled `old` exists; /,
    },
    {
      argv: ["grant", "set", "old"],
      stderr: /^error: nothing to change: give `--policy`, `--mode` or both\n$/,
    },
    {
      argv: ["grant", "set", "nope", "--mode", "shadow"],
      stderr: /^error: there is no grant `nope`; known: `old`, `revoked`\n$/,
    },
    { argv: ["grant", "set", "revoked", "--mode", "shadow"], stderr: /^error: grant `revoked` is revoked; / },
    { argv: ["grant", "rotate", "revoked"], stderr: /^error: grant `revoked` is revoked; / },
    { argv: ["grant", "revoke", "nope"], stderr: /^error: there is no grant `nope`/ },
  ])("$argv", async ({ argv, stderr }) => {
    const bench = await sharedBench();
    const before = [
      await bench.json("server", "list"),
      await bench.json("grant", "list"),
      await bench.json("policy", "list"),
    ];
    for (const extra of [[], ["--json"]]) {
      expect(await bench.run([...extra, ...argv])).toEqual({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(stderr),
      });
    }
    const after = [
      await bench.json("server", "list"),
      await bench.json("grant", "list"),
      await bench.json("policy", "list"),
    ];
    expect(after).toEqual(before);
  });

  test.each([
    ["server", "list"],
    ["grant", "list"],
    ["policy", "list"],
    ["server", "tools", "x"],
    ["grant", "revoke", "x"],
  ])("a mistyped data folder is not made: %s %s", async (...argv) => {
    const cwd = newFolder();
    const ended = await runInProcess([...argv, "--data", "nope"], { cwd });
    const stderr = `error: nothing is in the data folder \`${join(cwd, "nope")}\` yet; name another with \`--data DIR\`, or begin with \`server add\`\n`;
    expect(ended).toEqual({ code: 2, stdout: "", stderr });
    expect(existsSync(join(cwd, "nope"))).toBe(false);
  });
});

let shared: Promise<Workbench> | undefined;

function sharedBench(): Promise<Workbench> {
  shared ??= (async () => {
    const bench = openWorkbench();
    await addServer(bench);
    bench.writePolicy("good.json", POLICY);
    await bench.json("grant", "create", "--server", "files", "--label", "old");
    await bench.json("grant", "create", "--server", "files", "--label", "revoked");
    await bench.json("grant", "revoke", "revoked");
    return bench;
  })();
  return shared;
}

async function addServer(bench: Workbench): Promise<{ readonly id: string }> {
  bench.setTools([tool("read")]);
  return Object(await bench.json("server", "add", "--name", "files", "--", ...bench.command));
}
