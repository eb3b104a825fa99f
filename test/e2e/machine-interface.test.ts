import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, jsonOf, portcullis as run } from "./cli-child.ts";
import { sendModern } from "./modern-client.ts";
import { connectSdk2Stdio } from "./sdk-clients.ts";
import { PORTCULLIS, type Served, startServed } from "./served.ts";

const FIXTURE = join(import.meta.dirname, "../../packages/cli/test/fixtures/listed-server.mjs");
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const TOKEN = expect.stringMatching(/^pcl_g_[0-9A-Za-z]{38}$/);
const idOf = (prefix: string) => expect.stringMatching(new RegExp(`^${prefix}_[0-9A-Za-z]{16}$`));

/** Where the user types, with a running gateway whose data folder is `data`. */
let cwd: string;
let served: Served;
let url: string;
let toolsFile: string;

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-machine-")));
  toolsFile = join(cwd, "tools.json");
  setTools(["read", "write", "gone"]);
  write("allow.json", { version: "1", default: "deny", tools: { read: {} } });
  write("deny.yaml", { version: "1", default: "deny" });
  write("broken.json", { version: "1", default: "deny", tools: { read: { require: 1 } } });
  served = await startServed(["--json", "--no-demo"], /\n/, join(cwd, "data"));
  url = (JSON.parse(served.printed()) as { url: string }).url;
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true, force: true });
});

function write(name: string, value: unknown): void {
  writeFileSync(join(cwd, name), JSON.stringify(value));
}

function setTools(names: readonly string[], description = ""): void {
  const tools = names.map((name) => ({ name, description, inputSchema: { type: "object" } }));
  writeFileSync(toolsFile, JSON.stringify(tools));
}

const portcullis = (...args: readonly string[]): Promise<Ended> => run({ cwd }, "--data", "data", ...args);

/** A command with `--json` that has nothing to say besides. */
async function json(...args: readonly string[]): Promise<unknown> {
  const ended = await portcullis(...args, "--json");
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  return jsonOf(ended);
}

interface Grant {
  readonly id: string;
  readonly url: string;
  readonly token: string;
}

async function addServer(name: string, ...options: readonly string[]): Promise<void> {
  const command = [process.execPath, FIXTURE, toolsFile];
  const ended = await portcullis("server", "add", "--name", name, ...options, "--json", "--", ...command);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
}

async function publish(server: string, file: string): Promise<unknown> {
  return json("policy", "publish", "--server", server, "--name", "p", file);
}

async function grant(server: string, label: string, ...more: readonly string[]): Promise<Grant> {
  return (await json("grant", "create", "--server", server, "--label", label, ...more)) as Grant;
}

/** What the next request of a grant gets: a status, and whether the tool ran. */
async function call(to: Grant, name = "read"): Promise<[number, "ran" | "denied" | "refused"]> {
  const response = await sendModern(to, "tools/call", { name, arguments: { b: 1, a: "x" } });
  const text = await response.text();
  if (text.includes("[POLICY DENIED]")) return [response.status, "denied"];
  return [response.status, text.includes('"done"') ? "ran" : "refused"];
}

describe("serve", () => {
  test("the first line is the ready event, and a second gateway on the folder is refused", async () => {
    const address = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { pid } = served.process;
    expect(JSON.parse(served.printed())).toEqual({ event: "ready", url: address, adminUrl: address, pid });
    expect(await run({ cwd }, "serve", "--data", "data", "--port", "0", "--json")).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: the data folder \`${join(cwd, "data")}\` is in use by the gateway with process id ${pid}; stop it, or choose another with --data DIR\n`,
    });
  });

  test("--public-url is the URL that commands print; --host another address", async () => {
    const folder = join(cwd, "public");
    const more = ["--json", "--no-demo", "--host", "127.0.0.2", "--public-url", "https://gw.example"];
    await using other = await startServed(more, /\n/, folder);
    expect(JSON.parse(other.printed())).toMatchObject({ url: "https://gw.example" });
    const added = await run(
      { cwd },
      ...["--data", folder, "server", "add", "--name", "s", "--json", "--"],
      ...[process.execPath, FIXTURE, toolsFile],
    );
    expect(jsonOf(added)).toMatchObject({ url: expect.stringMatching(/^https:\/\/gw\.example\/mcp\/srv_/) });
    const ended = once(other.process, "exit");
    other.process.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  });
});

describe("server", () => {
  test("add -- command: id, name and the running gateway's URL; every option is taken", async () => {
    const options = ["--era", "modern", "--deadline", "5s", "--on-change", "hold"];
    const command = ["--", process.execPath, FIXTURE, toolsFile, "--json", "--data", "elsewhere"];
    const ended = await portcullis("server", "add", "--name", "added", ...options, "--json", ...command);
    const { id } = jsonOf(ended) as { id: string };
    expect([ended.code, ended.stderr, jsonOf(ended)]).toEqual([
      0,
      "",
      { id: idOf("srv"), name: "added", url: `${url}/mcp/${id}/` },
    ]);
    expect(await json("server", "list")).toMatchObject([
      { id, name: "added", era: "modern", deadlineMs: 5_000, onChange: "hold", tools: 3 },
    ]);
    expect(await json("server", "remove", "added")).toEqual({ id, name: "added" });
  });

  test("add --url --header: one that is down is registered with a warning", async () => {
    const ended = await run(
      { cwd, env: { KEY: "Bearer s3cret-value" } },
      ...["server", "add", "--data", "data", "--name", "down", "--url", "http://127.0.0.1:1/mcp", "--json"],
      ...["--header", "Authorization: env:KEY", "--header", "X-Other: env:KEY"],
    );
    expect([ended.code, jsonOf(ended)]).toMatchObject([0, { id: idOf("srv"), name: "down" }]);
    expect(ended.stderr).toMatch(
      /^warning: `down`: it cannot be reached; the server is registered, [^\n]*\n$/,
    );
    await json("server", "remove", "down");
  });

  test("tools and accept-tools tell and accept what changed, one by one and all", async () => {
    setTools(["read", "write", "gone"]);
    await addServer("pinned");
    setTools(["read", "write", "new"], "changed");
    const rows = (pins: readonly string[]) =>
      ["gone", "new", "read", "write"].flatMap((name, at) => {
        const description = name === "gone" ? "" : "changed";
        const [category, risk] = name === "read" ? ["Read", "low"] : ["Write", "medium"];
        return pins[at] === "-" ? [] : [{ name, description, category, risk, pin: pins[at] }];
      });
    expect(await json("server", "tools", "pinned")).toEqual(rows(["removed", "new", "changed", "changed"]));
    const one = await portcullis("server", "accept-tools", "pinned", "read", "--json");
    expect([one.code, jsonOf(one)]).toEqual([0, rows(["removed", "new", "accepted", "changed"])]);
    const all = await portcullis("server", "accept-tools", "pinned", "--all", "--json");
    expect([all.code, jsonOf(all)]).toEqual([0, rows(["-", "accepted", "accepted", "accepted"])]);
    setTools(["read", "write", "gone"]);
  });
});

describe("policy and grant, effective on the next request", () => {
  test("publish, create, set, rotate, revoke", async () => {
    await addServer("files");
    const version = { id: idOf("pol"), name: "p", version: 1, notes: [expect.any(String)] };
    expect(await publish("files", "allow.json")).toEqual(version);
    const made = await grant("files", "ci", "--policy", "p", "--mode", "enforce", "--expires", "30d");
    expect(made).toEqual({
      id: idOf("grt"),
      label: "ci",
      token: TOKEN,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp\/srv_\w{16}\/$/),
      expiresAt: ISO,
    });
    const leftMs = Date.parse((made as unknown as { expiresAt: string }).expiresAt) - Date.now();
    expect(Math.round(leftMs / 86_400_000)).toBe(30);
    expect(await call(made)).toEqual([200, "ran"]);
    expect(await publish("files", "deny.yaml")).toMatchObject({ name: "p", version: 2 });
    expect(await call(made)).toEqual([200, "denied"]);
    expect(await json("grant", "set", "ci", "--mode", "shadow")).toMatchObject({
      id: made.id,
      mode: "shadow",
    });
    expect(await call(made)).toEqual([200, "ran"]);
    const set = await json("grant", "set", made.id, "--policy", "p", "--mode", "enforce");
    expect(set).toMatchObject({ id: made.id, label: "ci", policy: "p", mode: "enforce" });
    expect(await call(made)).toEqual([200, "denied"]);
    await publish("files", "allow.json");
    const rotated = (await json("grant", "rotate", "ci")) as { id: string; token: string };
    expect(rotated).toEqual({ id: made.id, token: TOKEN });
    expect([await call(made), await call({ ...made, ...rotated })]).toEqual([
      [401, "refused"],
      [200, "ran"],
    ]);
    expect(await json("grant", "revoke", made.id)).toEqual({ id: made.id, revokedAt: ISO });
    expect(await call({ ...made, ...rotated })).toEqual([401, "refused"]);
  });

  test("a grant without a policy is warned about and denies; without --expires it lives 90 days", async () => {
    await addServer("bare");
    const ended = await portcullis(...["grant", "create", "--server", "bare", "--label", "bare", "--json"]);
    expect(ended.stderr).toMatch(/^warning: `bare` has no policy, [^\n]*\n$/);
    const made = jsonOf(ended) as Grant & { expiresAt: string };
    expect(Math.round((Date.parse(made.expiresAt) - Date.now()) / 86_400_000)).toBe(90);
    expect(await call(made)).toEqual([200, "denied"]);
  });

  test.each([
    { file: "allow.json", code: 0, printed: { errors: [], warnings: [] } },
    {
      file: "broken.json",
      code: 2,
      printed: { errors: [{ pointer: "/tools/read/require", code: expect.any(String) }], warnings: [] },
    },
  ])("policy check $file: exit code $code", async ({ file, code, printed }) => {
    const ended = await portcullis("policy", "check", file, "--json");
    expect([ended.code, ended.stderr, jsonOf(ended)]).toMatchObject([code, "", printed]);
  });

  test("policy eval: one call, several, and a policy that does not compile", async () => {
    const evaluate = (policy: string, stdin: unknown) =>
      run(
        { cwd, stdin: JSON.stringify(stdin) },
        ...["policy", "eval", "--policy", policy, "--call", "-", "--json"],
      );
    const allowed = { effect: "allow", rule: "", message: "" };
    const denied = {
      effect: "deny",
      rule: "(default deny)",
      message: 'Tool "write" is not permitted by policy.',
    };
    const one = await evaluate("allow.json", { tool: "read", args: {} });
    expect([one.code, jsonOf(one)]).toEqual([0, allowed]);
    const two = await evaluate("allow.json", [{ tool: "read" }, { tool: "write", grant: "ci" }]);
    expect([two.code, jsonOf(two)]).toEqual([0, [allowed, denied]]);
    const broken = await evaluate("broken.json", { tool: "read" });
    expect([broken.code, jsonOf(broken)]).toMatchObject([
      2,
      { errors: [{ pointer: "/tools/read/require" }] },
    ]);
  });
});

describe("log", () => {
  test("export and verify; a changed entry ends with exit code 1", async () => {
    await addServer("logged");
    await publish("logged", "allow.json");
    const made = await grant("logged", "logger", "--policy", "p");
    await call(made);
    await call(made, "write");
    const ended = await portcullis("log", "export", "--server", "logged", "--since", "1h", "--json");
    const row = {
      seq: expect.any(Number),
      time: ISO,
      requestId: expect.stringMatching(/^[\w-]{16}$/),
      grant: "logger",
      server: "logged",
      method: "tools/call",
      policy: "p",
      policyVersion: 1,
      mode: "enforce",
      argumentKeys: ["a", "b"],
    };
    const rows = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect([ended.code, ended.stderr, rows]).toEqual([
      0,
      "",
      [
        {
          ...row,
          tool: "read",
          effect: "allow",
          rule: "",
          message: "",
          status: "ok",
          latencyMs: expect.any(Number),
        },
        {
          ...row,
          tool: "write",
          effect: "deny",
          rule: "(default deny)",
          message: 'Tool "write" is not permitted by policy.',
          status: null,
          latencyMs: null,
        },
      ],
    ]);
    const verified = await json("log", "verify");
    expect(verified).toEqual({ ok: true, rows: expect.any(Number), checkpoints: expect.any(Number) });
    const copy = join(cwd, "copy");
    mkdirSync(copy);
    writeFileSync(join(copy, "audit.pub"), readFileSync(join(cwd, "data", "audit.pub")));
    const source = new DatabaseSync(join(cwd, "data", "ledger.db"), { readOnly: true });
    source.exec(`VACUUM INTO '${join(copy, "ledger.db")}'`);
    source.close();
    const tampered = new DatabaseSync(join(copy, "ledger.db"));
    tampered.exec(
      `UPDATE block SET bodies = CAST(replace(bodies, 'allow', 'deny') AS BLOB)
         WHERE seq = (SELECT min(seq) FROM block)`,
    );
    tampered.close();
    const found = await run({ cwd }, "log", "verify", "--data", "copy", "--json");
    expect([found.code, jsonOf(found)]).toMatchObject([1, { ok: false, firstBad: 1 }]);
  });
});

describe("run", () => {
  test("speaks MCP on stdio and takes every option of a server", async () => {
    write("run.json", { version: "1", default: "deny", tools: { show: {} } });
    const options = ["--era", "modern", "--deadline", "5s", "--on-change", "allow", "--cwd", cwd];
    const client = await connectSdk2Stdio([
      ...[...PORTCULLIS, "run", "-c", join(cwd, "run.json"), "--log", join(cwd, "rows.jsonl"), ...options],
      ...["--", process.execPath, join(import.meta.dirname, "fixtures/mirror.mjs")],
    ]);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["show"]);
    const shown = await client.callTool({ name: "show", arguments: {} });
    expect(JSON.stringify(shown)).toContain(cwd);
    await client.close();
    const rows = readFileSync(join(cwd, "rows.jsonl"), "utf8").trimEnd().split("\n");
    const read = rows.map((row) => JSON.parse(row) as { tool?: string; effect?: string });
    expect(read.flatMap(({ tool, effect }) => (tool === "show" ? [effect] : []))).toEqual(["allow"]);
  });
});

describe("the data folder of a command", () => {
  test.each<{ name: string; env: Record<string, string>; args: string[] }>([
    { name: "--data before the command", env: {}, args: ["--data", "data", "server", "list"] },
    { name: "--data between its words", env: {}, args: ["server", "--data", "data", "list"] },
    { name: "--data after it", env: {}, args: ["server", "list", "--data", "data"] },
    { name: "--data=DIR", env: {}, args: ["server", "list", "--data=data"] },
    { name: "PORTCULLIS_DATA", env: { PORTCULLIS_DATA: "data" }, args: ["server", "list"] },
    {
      name: "--data before PORTCULLIS_DATA",
      env: { PORTCULLIS_DATA: "nowhere" },
      args: ["server", "list", "--data", "data"],
    },
  ])("$name", async ({ env, args }) => {
    const listed = jsonOf(await run({ cwd, env }, ...args, "--json"));
    expect(listed).toEqual(await json("server", "list"));
  });
});
