import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { listGrants, listPolicies, listServers, openState } from "@portcullis/server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Ended, portcullis as run } from "./cli-child.ts";
import { unwrap } from "./harness.ts";

const FIXTURE = join(import.meta.dirname, "fixtures/mirror.mjs");

/** Where the user types: `good` is a data folder with one server, one policy, one grant. */
let cwd: string;

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), "portcullis-faults-")));
  writeFileSync(join(cwd, "good.json"), JSON.stringify({ version: "1", default: "deny" }));
  writeFileSync(join(cwd, "broken.json"), JSON.stringify({ version: "1", default: "maybe" }));
  writeFileSync(join(cwd, "cut.json"), '{"version": "1"');
  writeFileSync(join(cwd, "file"), "");
  const commands = [
    ["server", "add", "--name", "s", "--", process.execPath, FIXTURE],
    ["policy", "publish", "--server", "s", "--name", "p", "good.json"],
    ["grant", "create", "--server", "s", "--policy", "p", "--label", "g"],
  ];
  for (const words of commands) expect((await run({ cwd }, "--data", "good", ...words)).code).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** What people decided: it must be the same after every refusal. */
function stored(): unknown {
  const state = unwrap(openState(join(cwd, "good", "state.db")));
  try {
    return [listServers(state), listPolicies(state), listGrants(state)];
  } finally {
    state.db.close();
  }
}

/** One line that says what to do, nothing on standard output. */
function refused(ended: Ended): string {
  expect([ended.code, ended.stdout]).toEqual([2, ""]);
  expect(ended.stderr).toMatch(/^error: [^\n]+\n$/);
  return ended.stderr.slice("error: ".length, -1);
}

describe("wrong words: one line, exit code 2, nothing changed", () => {
  const on = (...words: readonly string[]) => ["--data", "good", ...words];
  test.each<{ name: string; words: readonly string[]; says: string }>([
    { name: "an unknown command", words: ["serv"], says: "unknown command 'serv'" },
    { name: "an unknown subcommand", words: on("grant", "revok", "g"), says: "unknown command 'revok'" },
    { name: "an unknown option", words: on("grant", "revoke", "g", "--now"), says: "unknown option '--now'" },
    { name: "an option without its value", words: on("serve", "--port"), says: "argument missing" },
    { name: "a missing operand", words: on("grant", "revoke"), says: "missing required argument" },
    { name: "a missing file", words: on("policy", "check", "none.json"), says: "there is no such file" },
    { name: "a folder for a file", words: on("policy", "check", "good"), says: "it is a folder" },
    {
      name: "a policy that is not JSON",
      words: on("policy", "publish", "--server", "s", "--name", "p", "cut.json"),
      says: "cut.json:1:",
    },
    {
      name: "a broken policy",
      words: on("policy", "publish", "--server", "s", "--name", "p", "broken.json"),
      says: "broken.json:1:26 /default",
    },
    {
      name: "a policy for an unknown server",
      words: on("policy", "publish", "--server", "x", "--name", "p", "good.json"),
      says: "there is no server `x`; known: `s`",
    },
    {
      name: "an unknown policy",
      words: on("grant", "create", "--server", "s", "--policy", "x", "--label", "h"),
      says: "known: `p`",
    },
    {
      name: "a label that is taken",
      words: on("grant", "create", "--server", "s", "--label", "g"),
      says: "`g`",
    },
    {
      name: "a label with a space",
      words: on("grant", "create", "--server", "s", "--label", "a b"),
      says: "must be 1 to 64 of a-z, 0-9 and -",
    },
    {
      name: "a time that is none",
      words: on("grant", "create", "--server", "s", "--label", "h", "--expires", "soon"),
      says: "`--expires soon` must be a time",
    },
    { name: "an unknown grant", words: on("grant", "revoke", "x"), says: "known: `g`" },
    { name: "nothing to set", words: on("grant", "set", "g"), says: "nothing to change" },
    { name: "an unknown tool", words: on("server", "accept-tools", "s", "x"), says: "`server tools s`" },
    {
      name: "a server name that is taken",
      words: on("server", "add", "--name", "s", "--", "true"),
      says: "a server named `s` exists",
    },
    {
      name: "neither URL nor command",
      words: on("server", "add", "--name", "t"),
      says: "name either `--url URL` or a command",
    },
    {
      name: "a broken policy for run",
      words: ["run", "-c", "broken.json", "--", "true"],
      says: "`portcullis policy check` lists every error",
    },
    {
      name: "a command for run that is not there",
      words: ["run", "-c", "good.json", "--", "/no/such/program"],
      says: "start it by hand to see why",
    },
    {
      name: "a name with a space, on a new folder",
      words: ["--data", "none", "server", "add", "--name", "a b", "--", "true"],
      says: "must be 1 to 64 of a-z, 0-9 and -",
    },
    {
      name: "a folder that is empty",
      words: ["--data", "none", "server", "list"],
      says: "begin with `server add`",
    },
    { name: "no log yet", words: ["--data", "none", "log", "export"], says: "there is no audit log" },
  ])("$name", async ({ words, says }) => {
    const before = stored();
    const ended = await run({ cwd }, ...words, ...(words.includes("--") ? [] : ["--json"]));
    expect(refused({ ...ended, stderr: withoutLog(ended.stderr) })).toContain(says);
    expect(stored()).toEqual(before);
    expect(readdirSync(cwd)).not.toContain("none");
  });
});

/** What `run` logs besides. */
function withoutLog(text: string): string {
  return text.replaceAll(/^\{.*\}\n/gm, "");
}

describe("a folder that cannot be used: one line, exit code 2", () => {
  let held: { close: () => void } | undefined;
  afterEach(() => {
    held?.close();
    held = undefined;
  });

  const folder = (name: string, files: Readonly<Record<string, string>> = {}): string => {
    mkdirSync(join(cwd, name));
    for (const [file, text] of Object.entries(files))
      writeFileSync(join(cwd, name, file), text, { mode: 0o600 });
    return name;
  };
  const weak = `${Buffer.alloc(32, 7).toString("base64")}\n`;
  const strong = `${Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7)).toString("base64")}\n`;

  test.each<{ name: string; make: () => string; says: string }>([
    { name: "a file", make: () => "file", says: "is not a folder; choose another with --data DIR" },
    {
      name: "below a file",
      make: () => "file/data",
      says: "is not a folder; choose another with --data DIR",
    },
    {
      name: "a weak key",
      make: () => folder("weak", { key: weak }),
      says: "is not 32 random bytes in base64; restore it from a backup",
    },
    {
      name: "a key that others can read",
      make: () => {
        const name = folder("readable", { key: strong });
        chmodSync(join(cwd, name, "key"), 0o644);
        return name;
      },
      says: "run `chmod 600 ",
    },
    {
      name: "a database without its key",
      make: () => folder("keyless", { "state.db": "" }),
      says: "is missing; restore it from a backup (--with-key)",
    },
    {
      name: "a public key of another key",
      make: () => folder("foreign", { key: strong, "audit.pub": "another" }),
      says: "does not belong to the key file beside it",
    },
    {
      name: "a damaged database",
      make: () => folder("damaged", { key: strong, "state.db": "x".repeat(8_192) }),
      says: "restore it from a backup",
    },
    {
      name: "an unknown key in its configuration",
      make: () => folder("configured", { "config.json": '{"prot": 1}' }),
      says: "unknown key `prot` in config.json; known: ",
    },
  ])("$name", async ({ make, says }) => {
    const data = make();
    const before = data.startsWith("file") ? [] : readdirSync(join(cwd, data));
    const served = await run({ cwd }, "serve", "--data", data, "--port", "0", "--json");
    expect(refused(served)).toContain(says);
    const after = data.startsWith("file") ? [] : readdirSync(join(cwd, data));
    // Nothing that a later start would take for data; the lock alone is empty and holds nobody up.
    const made = after.filter((name) => !before.includes(name) && /\.db|^key$|gateway/.test(name));
    expect(made.filter((name) => name !== "lock.db")).toEqual([]);
  });

  test("a folder that may not be written", async () => {
    // Who may do everything may still not write here.
    const isRoot = process.getuid?.() === 0;
    const path = isRoot ? "/sys/portcullis" : join(cwd, folder("locked"));
    if (!isRoot) chmodSync(path, 0o500);
    const ended = await run({ cwd }, "serve", "--data", path, "--port", "0", "--json");
    if (!isRoot) chmodSync(path, 0o700);
    expect(refused(ended).replace(/\(E[A-Z]+\)/, "(CODE)")).toBe(
      `cannot write to the data folder \`${path}\` (CODE); check its owner and mode, or choose another with --data DIR`,
    );
  });

  test("a database that another program holds: the command gives up after its time, unchanged", async () => {
    const before = stored();
    const other = new DatabaseSync(join(cwd, "good", "state.db"));
    held = other;
    other.exec("BEGIN IMMEDIATE");
    const ended = await run({ cwd }, "--data", "good", "grant", "revoke", "g", "--json");
    other.exec("ROLLBACK");
    expect(refused(ended)).toContain("locked");
    expect(stored()).toEqual(before);
  });
});

describe("a port that is taken: one line, exit code 2, and the folder is free again", () => {
  let other: Server;
  let port: string;
  beforeAll(async () => {
    other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    port = String((other.address() as AddressInfo).port);
  });
  afterAll(() => new Promise((resolve) => other.close(resolve)));

  test.each([
    { name: "the gateway's", option: "--port", free: "--admin-port" },
    { name: "the one for health", option: "--admin-port", free: "--port" },
  ])("$name", async ({ option, free }) => {
    const ports = [option, port, free, "0"];
    const ended = await run({ cwd }, "serve", "--data", "good", ...ports, "--no-demo", "--json");
    expect(refused(ended)).toBe(`port ${port} is in use; choose another with ${option} N (0 takes any)`);
    expect(readdirSync(join(cwd, "good"))).not.toContain("gateway.json");
  });
});
