import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { introspect } from "../../src/catalogue/introspect/introspect.ts";
import { detectIsolation } from "../../src/catalogue/introspect/isolation.ts";
import { parsePackageSpec } from "../../src/catalogue/introspect/package-spec.ts";
import { processTable } from "../../src/catalogue/introspect/process-table.ts";
import { startNpmRegistry } from "./npm-registry.ts";

/** A server of the legacy era in a few lines: `tools` is an expression. */
function serverCode(tools: string, before = ""): string {
  return `#!/usr/bin/env node
const { createInterface } = require("node:readline");
${before}
const answer = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "initialize") answer(id, { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } });
  else if (method === "tools/list") answer(id, { tools: ${tools} });
  else if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "unknown" } }) + "\\n");
});`;
}

const TOOL = '[{ name: "get_x", description: "does x", inputSchema: { type: "object" } }]';

/** Installs and asks one package of a registry of its own. Fails when a folder or a process is left behind. */
async function look(
  code: string,
  options: Parameters<typeof introspect>[1] & {
    readonly manifest?: object;
    readonly files?: { readonly [path: string]: string };
  } = {},
) {
  const home = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  const bin = { "acme-mcp": "server.js" };
  const manifest = { bin, license: "MIT", repository: "github:acme/mcp", ...options.manifest };
  const registry = await startNpmRegistry([
    { name: "@acme/mcp", manifest, files: { "server.js": code, ...options.files } },
  ]);
  vi.stubEnv("TMPDIR", home);
  const spec = { registry: "npm", name: "@acme/mcp", version: undefined } as const;
  const env = {
    ...process.env,
    npm_config_registry: registry,
    npm_config_cache: join(home, "cache"),
    ...options.env,
  };
  const found = await introspect(spec, { startMs: 20_000, ...options, env });
  expect(leftovers(home)).toEqual([]);
  return found;
}

/** Folders and processes of introspections whose throw-away folder lies in `home`. */
function leftovers(home: string): readonly string[] {
  const folders = readdirSync(home).filter((name) => name.startsWith("portcullis-introspect-"));
  const processes = readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(join(home, "portcullis-introspect-"));
    } catch {
      return false;
    }
  });
  return [...folders, ...processes];
}

/** Processes that sleep for exactly so long. */
function sleepers(seconds: string): readonly number[] {
  return [...processTable().keys()].filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1") === `sleep\0${seconds}\0`;
    } catch {
      return false;
    }
  });
}

afterEach(() => vi.unstubAllEnvs());

describe("introspect", () => {
  test("the tools and the facts of a package are read", async () => {
    expect(await look(serverCode(TOOL))).toEqual({
      ok: true,
      value: {
        spec: { registry: "npm", name: "@acme/mcp", version: undefined },
        installed: {
          version: "1.0.0",
          license: "MIT",
          title: undefined,
          description: undefined,
          repository: "https://github.com/acme/mcp",
          registryId: undefined,
        },
        tools: [{ name: "get_x", description: "does x", inputSchema: { type: "object" } }],
        era: "legacy",
        network: detectIsolation().network,
        dummies: [],
      },
    });
  });

  test.each([
    ["MIT License\n\nCopyright", "MIT"],
    ["                                 Apache License\n                           Version 2.0", "Apache-2.0"],
    ["All rights reserved", "SEE LICENSE IN LICENSE"],
  ])("a licence that is only in a file is read there: %j", async (text, license) => {
    const manifest = { license: "SEE LICENSE IN LICENSE" };
    expect(await look(serverCode(TOOL), { manifest, files: { LICENSE: text } })).toMatchObject({
      ok: true,
      value: { installed: { license } },
    });
  });

  test("its install script does not run", async () => {
    const trace = join(mkdtempSync(join(tmpdir(), "portcullis-test-")), "trace");
    const scripts = {
      preinstall: `touch ${trace}`,
      install: `touch ${trace}`,
      postinstall: `touch ${trace}`,
    };
    expect(await look(serverCode(TOOL), { manifest: { scripts } })).toMatchObject({ ok: true });
    expect(existsSync(trace)).toBe(false);
  });

  test("it sees no variable and no home of ours", async () => {
    const tools =
      '[{ name: "get_env", description: JSON.stringify(process.env), inputSchema: { type: "object" } }]';
    const env = { AWS_SECRET_ACCESS_KEY: "canary-1", NPM_TOKEN: "canary-2", HOME: "/home/canary-3" };
    const found = await look(serverCode(tools), { env });
    expect(JSON.stringify(found)).toContain("get_env");
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  test("it reaches nobody, where the system allows that", async () => {
    // The list waits for what comes of the request.
    const before = `let reached;
      const asked = fetch(process.argv[2]).then(() => "somebody", () => "nobody").then((who) => { reached = who; });`;
    const late = serverCode(
      '[{ name: "get_x", description: reached, inputSchema: { type: "object" } }]',
      before,
    ).replace(/answer\(id, (\{ tools: .*\})\);/, "asked.then(() => answer(id, $1));");
    expect(late).toContain("asked.then(() => answer");
    const target = await startNpmRegistry([]);
    const found = await look(late, { args: [target] });
    const reached = detectIsolation().network === "none" ? "nobody" : "somebody";
    expect(found).toMatchObject({ ok: true, value: { tools: [{ description: reached }] } });
  });

  test("a variable that it asks for gets a made-up value", async () => {
    const before = `if (!process.env.ACME_WIDGET_ID) { console.error("set ACME_WIDGET_ID first"); process.exit(1); }`;
    expect(await look(serverCode(TOOL, before))).toMatchObject({
      ok: true,
      value: { dummies: ["ACME_WIDGET_ID"], tools: [{ name: "get_x" }] },
    });
  });

  test.each([
    ["exits", "process.exit(3)", /ended/],
    ["prints garbage", "setInterval(() => console.log('hello there'), 5)", /not answer|protocol|ended/],
    [
      "prints without end",
      "for (;;) process.stdout.write('x'.repeat(65536))",
      /not answer|protocol|ended|large/,
    ],
    ["hangs", "process.stdin.resume(); setInterval(() => {}, 1000)", /in time/],
    ["ignores signals", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", /in time/],
  ])("a package that %s is reported", async (_what, code, reason) => {
    const found = await look(`#!/usr/bin/env node\n${code}`, { startMs: 4_000 });
    expect(found).toMatchObject({ ok: false, error: expect.stringMatching(reason) });
  });

  test("children that left the process group are ended with it", async () => {
    const before = `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"],
      { detached: true, stdio: "ignore" }).unref();`;
    expect(await look(serverCode(TOOL, before))).toMatchObject({ ok: true });
    const open = { network: "open", wrap: (command: readonly string[]) => command } as const;
    expect(await look(serverCode(TOOL, before), { isolation: open })).toMatchObject({ ok: true });
  });

  const IN_THE_FOLDER = "env -i setsid sleep $N &";
  const SEEN_WITH_ITS_PARENT =
    "cd / && { env -i setsid sleep $N </dev/null >/dev/null 2>&1 & sleep 0.5; } </dev/null >/dev/null 2>&1";
  test.skipIf(process.platform !== "linux").each([IN_THE_FOLDER, SEEN_WITH_ITS_PARENT])(
    "a process that left group and environment is ended: %s",
    async (script) => {
      const seconds = `9${process.pid}.${script.length}`;
      onTestFinished(() => {
        for (const pid of sleepers(seconds)) process.kill(pid, "SIGKILL");
      });
      const shell = JSON.stringify(script.replace("$N", seconds));
      const before = `require("node:child_process").spawnSync("sh", ["-c", ${shell}], { stdio: "ignore" });`;
      const open = { network: "open", wrap: (command: readonly string[]) => command } as const;
      expect(await look(serverCode(TOOL, before), { isolation: open })).toMatchObject({ ok: true });
      expect(sleepers(seconds)).toEqual([]);
    },
  );

  test("a package without a command is no server", async () => {
    expect(await look("", { manifest: { bin: undefined } })).toMatchObject({
      ok: false,
      error: expect.stringContaining("no command"),
    });
  });

  test("a manifest beyond all reason is a stated problem", async () => {
    const manifest = { description: "x".repeat(1_100_000) };
    expect(await look(serverCode(TOOL), { manifest })).toEqual({
      ok: false,
      error: "`@acme/mcp`: its `package.json` is larger than 1 MiB",
    });
  });

  test("a package that unpacks to more than is allowed is not started", async () => {
    const found = await look(serverCode(TOOL), {
      files: { zeros: "0".repeat(3_000_000) },
      maxInstalledBytes: 2_000_000,
    });
    expect(found).toEqual({
      ok: false,
      error: "npm unpacks more for `@acme/mcp@latest` than is allowed",
    });
  });

  test("a command outside of the package is not followed", async () => {
    const outside = join(mkdtempSync(join(tmpdir(), "portcullis-test-")), "x.js");
    writeFileSync(outside, "");
    const found = await look("", { manifest: { bin: { "acme-mcp": `../../../../../../..${outside}` } } });
    expect(found).toMatchObject({ ok: false });
  });

  test("a package that is not there is reported", async () => {
    const registry = await startNpmRegistry([]);
    const home = mkdtempSync(join(tmpdir(), "portcullis-test-"));
    const env = { ...process.env, npm_config_registry: registry, npm_config_cache: home };
    const found = await introspect({ registry: "npm", name: "acme-none", version: undefined }, { env });
    expect(found).toMatchObject({ ok: false, error: expect.stringContaining("could not install") });
  });

  test("a stop is obeyed", async () => {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const found = look("#!/usr/bin/env node\nsetInterval(() => {}, 1000)", {
      signal: stop.signal,
      onStep: (step) => step.startsWith("listing") && stop.abort(),
    });
    expect(await found).toMatchObject({ ok: false });
  });
});

describe("the name of a package", () => {
  test.each([
    ["@acme/mcp", { registry: "npm", name: "@acme/mcp" }],
    ["@acme/mcp@1.2.3-beta.1", { registry: "npm", name: "@acme/mcp", version: "1.2.3-beta.1" }],
    ["pypi:acme@1.0", { registry: "pypi", name: "acme", version: "1.0" }],
    ["npm:acme-mcp", { registry: "npm", name: "acme-mcp" }],
    ["pypi:acme.mcp-server", { registry: "pypi", name: "acme.mcp-server" }],
  ])("%s is read", (text, value) => {
    expect(parsePackageSpec(text)).toMatchObject({ ok: true, value });
  });

  test.each([
    "",
    "../x",
    "/etc",
    "-g",
    "--prefix=/",
    "file:x",
    "git+https://example.com/x",
    "a b",
    "@acme",
    "pypi:-e",
    "@acme/mcp@",
    "a@b@c",
  ])("%j is refused", (text) => {
    expect(parsePackageSpec(text)).toMatchObject({ ok: false });
  });

  test.each(["", "latest || 1", "file:..", "../1", "--x"])("the version %j is refused", (version) => {
    expect(parsePackageSpec(`acme@${version}`)).toMatchObject({ ok: false });
  });
});
