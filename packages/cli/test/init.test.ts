import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FILES, type Home, makeHome } from "./clients/home.ts";
import { type Ended, runInProcess } from "./fake-io.ts";

const FIXTURE = fileURLToPath(new URL("./fixtures/listed-server.mjs", import.meta.url));
const SECRET = "s3cret-of-the-bot";

const TOOLS = [
  { name: "list_notes", description: "Lists the notes.", inputSchema: { type: "object" } },
  { name: "delete_note", description: "Deletes a note for good.", inputSchema: { type: "object" } },
];

/** A home folder with a server that lists {@link TOOLS}. */
function homeWithServer(): Home & { readonly server: { command: string; args: string[] } } {
  const home = makeHome();
  const tools = home.write("tools.json", JSON.stringify(TOOLS));
  return { ...home, server: { command: process.execPath, args: [FIXTURE, tools] } };
}

function run(home: Home, ...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: home.project, env: home.env });
}

async function json(home: Home, ...argv: readonly string[]): Promise<Record<string, unknown>> {
  const ended = await run(home, "--json", ...argv);
  if (ended.code !== 0) throw new Error(`${argv.join(" ")} ended with ${ended.code}: ${ended.stderr}`);
  return JSON.parse(ended.stdout);
}

function read(home: Home, path: string): string {
  return readFileSync(join(home.home, path), "utf8");
}

function modeOf(home: Home, path: string): number {
  return statSync(join(home.home, path)).mode & 0o777;
}

/** The eight kinds of files, in the layouts that people have. */
function fillHome(home: ReturnType<typeof homeWithServer>): void {
  const { command, args } = home.server;
  const [c, a] = [JSON.stringify(command), JSON.stringify(args)];
  const env = `"env": { "BOT_TOKEN": "${SECRET}" }`;
  home.write(FILES.claudeDesktop, `{"mcpServers":{"notes":{"command":${c},"args":${a},${env}}}}`);
  home.write(
    FILES.claudeCodeProject,
    `{\r\n\t"mcpServers": {\r\n\t\t"notes": { "type": "stdio", "command": ${c}, "args": ${a}, ${env} }\r\n\t}\r\n}\r\n`,
  );
  home.write(
    FILES.claudeCodeUser,
    `{"numStartups": 3, "mcpServers": {}, "projects": {"${home.project}": {"mcpServers": {"Nötes ✓": {"command": ${c}, "args": ${a}, ${env}}}}}}`,
  );
  home.write(
    FILES.cursorUser,
    `// mine\n{\n  "mcpServers": {\n    // the bot's\n    "notes": {\n      "command": ${c}, // node\n      "args": ${a},\n      ${env},\n    },\n    "off": { "command": "x", "disabled": true },\n  },\n}\n`,
  );
  home.write(FILES.vscodeUser, `\uFEFF{ "servers": { "notes": { "command": ${c}, "args": ${a}, ${env} } } }`);
  home.write(
    FILES.windsurf,
    `{"mcpServers":{"notes":{"command":${c},"args":${a},${env},"disabledTools":["x"]}}}`,
  );
  home.write(
    FILES.gemini,
    `{"theme":"x","mcpServers":{"notes":{"command":${c},"args":${a},${env},"trust":true}}}`,
  );
  home.write(
    FILES.codex,
    `model = "o3" # mine\n\n[mcp_servers.notes]\ncommand = ${c}\nargs = ${a}\nstartup_timeout_sec = 20\n\n[mcp_servers.notes.env]\nBOT_TOKEN = "${SECRET}" # of the bot\n`,
  );
}

const EIGHT = [
  FILES.claudeDesktop,
  FILES.claudeCodeProject,
  FILES.claudeCodeUser,
  FILES.cursorUser,
  FILES.vscodeUser,
  FILES.windsurf,
  FILES.gemini,
  FILES.codex,
];

function contents(home: Home): { readonly [path: string]: string } {
  return Object.fromEntries(EIGHT.map((path) => [path, read(home, path)]));
}

describe("init on a home folder with all eight kinds of files", () => {
  test("imports one server, rewrites every file, and a second run changes nothing", async () => {
    const home = homeWithServer();
    fillHome(home);
    const before = contents(home);
    const dry = await json(home, "init", "--dry-run", "--yes");
    expect(contents(home)).toEqual(before);
    expect(existsSync(join(home.home, ".local/share/portcullis"))).toBe(false);
    expect(dry).toMatchObject({ applied: false });

    const done = await json(home, "init", "--yes");
    expect(done).toMatchObject({
      applied: true,
      servers: [
        {
          name: "notes",
          isNew: true,
          tools: [
            { name: "delete_note", category: "Destructive", risk: "critical", recommended: "hide" },
            { name: "list_notes", category: "Read", risk: "low", recommended: "allow" },
          ],
          policy: { hide: ["delete_note"] },
        },
      ],
      left: [{ client: "cursor", server: "off", reason: "it is switched off" }],
    });
    const grants = (await json(home, "grant", "list")) as unknown as { label: string; policy: string }[];
    expect(grants.map(({ label, policy }) => `${label} ${policy}`).sort()).toEqual([
      "claude-code-no-tes recommended",
      "claude-code-notes recommended",
      "claude-desktop-notes recommended",
      "codex-notes recommended",
      "cursor-notes recommended",
      "gemini-cli-notes recommended",
      "vscode-notes recommended",
      "windsurf-notes recommended",
    ]);
    const rewritten = contents(home);
    for (const [path, text] of Object.entries(rewritten)) {
      expect(text, path).not.toContain(SECRET);
      expect(read(home, `${path}.bak`), path).toBe(before[path]);
      expect(modeOf(home, `${path}.bak`), path).toBe(0o600);
      expect(modeOf(home, path), path).toBe(text.includes("pcl_g_") ? 0o600 : 0o644);
    }
    const again = await json(home, "init", "--yes");
    expect([again["servers"], contents(home)]).toEqual([[], rewritten]);
    const people = await run(home, "init", "--yes");
    expect(people.stdout).toContain("8 servers of your clients already go through the gateway.");
  });

  test("each file keeps its layout, and everything that is not about the server", async () => {
    const home = homeWithServer();
    fillHome(home);
    await json(home, "init", "--yes");
    const text = (path: string): string =>
      read(home, path)
        .replaceAll(/srv_\w{16}/g, "srv")
        .replaceAll(/pcl_g_\w+/g, "token");
    const url = "http://127.0.0.1:7411/mcp/srv/";
    expect(text(FILES.cursorUser)).toBe(
      `// mine\n{\n  "mcpServers": {\n    // the bot's\n    "notes": {\n      "url": "${url}",\n      "headers": {\n        "Authorization": "Bearer token"\n      }, // node\n    },\n    "off": { "command": "x", "disabled": true },\n  },\n}\n`,
    );
    expect(text(FILES.codex)).toBe(
      `model = "o3" # mine\n\n[mcp_servers.notes]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer token" }\nstartup_timeout_sec = 20\n\n# of the bot\n`,
    );
    expect(text(FILES.claudeCodeProject)).toBe(
      `{\r\n\t"mcpServers": {\r\n\t\t"notes": { "type": "http", "url": "${url}", "headers": { "Authorization": "Bearer token" } }\r\n\t}\r\n}\r\n`,
    );
    expect(text(FILES.vscodeUser)[0]).toBe("\uFEFF");
    expect(JSON.parse(text(FILES.windsurf)).mcpServers.notes).toEqual({
      serverUrl: url,
      headers: { Authorization: "Bearer token" },
      disabledTools: ["x"],
    });
    expect(JSON.parse(text(FILES.gemini))).toEqual({
      theme: "x",
      mcpServers: { notes: { httpUrl: url, headers: { Authorization: "Bearer token" }, trust: true } },
    });
    expect(JSON.parse(text(FILES.claudeDesktop)).mcpServers.notes).toEqual({
      command: process.execPath,
      args: expect.arrayContaining(["connect", "claude-desktop-notes", "--data"]),
    });
  });

  test("no output holds a secret or a token", async () => {
    const home = homeWithServer();
    fillHome(home);
    const { command, args } = home.server;
    const keyed = { command, args: [...args, "--api-key", `${SECRET}-2`, `--token=${SECRET}-3`] };
    home.write(FILES.cursorProject, JSON.stringify({ mcpServers: { keyed } }, undefined, 2));
    const outputs = [
      await run(home, "init", "--dry-run", "--yes"),
      await run(home, "init", "--dry-run", "--yes", "--json"),
      await run(home, "init", "--yes"),
      await run(home, "restore", "--dry-run"),
      await run(home, "restore", "--dry-run", "--json"),
      await run(home, "scan"),
      await run(home, "scan", "--json"),
    ];
    const printed = outputs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(printed).not.toContain(SECRET);
    expect(printed).not.toMatch(/pcl_g_\w/);
    expect(readFileSync(join(home.home, ".local/share/portcullis/clients.json"), "utf8")).not.toContain(
      SECRET,
    );
  });

  test("a server that is added later is picked up by another run", async () => {
    const home = homeWithServer();
    fillHome(home);
    await json(home, "init", "--yes");
    const path = join(home.home, FILES.windsurf);
    const document = JSON.parse(readFileSync(path, "utf8"));
    document.mcpServers.second = { command: home.server.command, args: home.server.args };
    writeFileSync(path, JSON.stringify(document));
    const second = await json(home, "init", "--yes");
    expect(second).toMatchObject({ servers: [{ name: "second", isNew: true, clients: ["windsurf"] }] });
    expect((await json(home, "init", "--yes"))["servers"]).toEqual([]);
  });
});

test("an entry whose grant ended is told, with the way to renew it", async () => {
  const home = homeWithServer();
  home.write(FILES.cursorUser, JSON.stringify({ mcpServers: { notes: home.server } }));
  await json(home, "init", "--yes");
  expect((await json(home, "init", "--yes"))["left"]).toEqual([]);
  const dayMs = 86_400_000;
  const later = { cwd: home.project, env: home.env, nowMs: Date.now() + 91 * dayMs };
  const told = await runInProcess(["init", "--yes", "--json"], later);
  expect(JSON.parse(told.stdout).left).toMatchObject([
    { client: "cursor", server: "notes", reason: expect.stringContaining("its grant has expired") },
  ]);
  await runInProcess(["restore", "--client", "cursor"], later);
  await runInProcess(["init", "--yes"], later);
  const renewed = await runInProcess(["init", "--yes", "--json"], later);
  expect(JSON.parse(renewed.stdout).left).toEqual([]);
});

describe("init leaves alone", () => {
  test("what is broken, read-only, linked away or cannot be started, and says why", async () => {
    const home = homeWithServer();
    const entry = JSON.stringify({ mcpServers: { notes: home.server } });
    home.write(FILES.claudeDesktop, '{"mcpServers": {');
    chmodSync(home.write(FILES.windsurf, entry), 0o444);
    const outside = join(makeHome().home, "elsewhere.json");
    writeFileSync(outside, entry);
    mkdirSync(join(home.home, ".gemini"));
    symlinkSync(outside, join(home.home, FILES.gemini));
    home.write(
      FILES.cursorUser,
      JSON.stringify({
        mcpServers: {
          good: home.server,
          bad: { command: process.execPath, args: ["-e", "process.exit(1)"] },
        },
      }),
    );
    const done = await json(home, "init", "--yes");
    expect(done["left"]).toEqual([
      {
        client: "claude-desktop",
        path: join(home.home, FILES.claudeDesktop),
        server: null,
        reason: expect.stringContaining("not valid JSON"),
      },
      { client: "windsurf", path: join(home.home, FILES.windsurf), server: null, reason: "it is read-only" },
      {
        client: "gemini-cli",
        path: join(home.home, FILES.gemini),
        server: null,
        reason: expect.stringContaining("it is a link to"),
      },
      {
        client: "cursor",
        path: join(home.home, FILES.cursorUser),
        server: "bad",
        reason: "its process ended",
      },
    ]);
    expect([
      read(home, FILES.claudeDesktop),
      read(home, FILES.windsurf),
      readFileSync(outside, "utf8"),
    ]).toEqual(['{"mcpServers": {', entry, entry]);
    expect(JSON.parse(read(home, FILES.cursorUser)).mcpServers.bad).toEqual({
      command: process.execPath,
      args: ["-e", "process.exit(1)"],
    });
  });

  test("a project's servers, until somebody says yes", async () => {
    const home = homeWithServer();
    const text = JSON.stringify({ mcpServers: { notes: home.server } });
    home.write(FILES.claudeCodeProject, text);
    const dry = await run(home, "init", "--dry-run");
    expect(dry.stderr).toContain("They are not started, and stay as they are.");
    expect(dry.stdout).not.toContain("list_notes");
    const bare = await run(home, "init");
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("say `--yes`")]);
    expect(read(home, FILES.claudeCodeProject)).toBe(text);
  });

  test("clients that were not named", async () => {
    const home = homeWithServer();
    fillHome(home);
    const before = contents(home);
    await json(home, "init", "--yes", "--client", "cursor");
    const changed = EIGHT.filter((path) => read(home, path) !== before[path]);
    expect(changed).toEqual([FILES.cursorUser]);
    expect((await run(home, "init", "--yes", "--client", "emacs")).code).toBe(2);
  });
});

test("connect knows only entries that init wrote, and says when no gateway runs", async () => {
  const home = homeWithServer();
  expect((await run(home, "connect", "x")).code).toBe(2);
  home.write(FILES.claudeDesktop, JSON.stringify({ mcpServers: { notes: home.server } }));
  await json(home, "init", "--yes");
  const unknown = await run(home, "connect", "cursor-notes");
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringContaining("made no entry `cursor-notes`"),
  ]);
  // Port 1 is nobody's.
  writeFileSync(join(home.home, ".local/share/portcullis/config.json"), '{"port":1}');
  const down = await run(home, "connect", "claude-desktop-notes");
  expect([down.code, down.stdout]).toEqual([2, ""]);
  expect(down.stderr).toContain("is `portcullis serve` running?");
  expect(down.stderr).not.toContain("pcl_g_");
});

test("a file in a git repository gets no token", async () => {
  const home = homeWithServer();
  mkdirSync(join(home.project, ".git"));
  home.write(FILES.cursorProject, JSON.stringify({ mcpServers: { notes: home.server } }));
  const done = await run(home, "init", "--yes");
  expect(done.stdout).toContain("no token is put in it");
  const { notes } = JSON.parse(read(home, FILES.cursorProject)).mcpServers;
  expect(notes.args).toEqual(expect.arrayContaining(["connect", "cursor-notes"]));
  expect(read(home, FILES.cursorProject)).not.toContain("pcl_g_");
});

test("at a terminal the plan is shown and a yes is waited for", async () => {
  const home = homeWithServer();
  home.write(FILES.cursorUser, JSON.stringify({ mcpServers: { notes: home.server } }, undefined, 2));
  const answer = (stdin: string): Promise<Ended> =>
    runInProcess(["init"], { cwd: home.project, env: home.env, stdin, isTerminal: true });
  const no = await answer("n\n");
  expect([no.code, no.stderr.endsWith("Rewrite 1 file? [y/N] Nothing was changed.\n")]).toEqual([0, true]);
  expect(no.stdout).toContain('+      "url": "http://127.0.0.1:7411/mcp/srv_…/"');
  const yes = await answer("y\n");
  expect([yes.code, yes.stdout]).toEqual([0, expect.stringContaining("Rewrote")]);
});

test("at a terminal a project's servers and the files are asked about one after the other", async () => {
  const home = homeWithServer();
  home.write(FILES.claudeCodeProject, JSON.stringify({ mcpServers: { notes: home.server } }));
  const surroundings = { cwd: home.project, env: home.env, isTerminal: true };
  const ended = await runInProcess(["init"], { ...surroundings, stdin: "y\ny\n" });
  expect(ended.stderr).toMatch(
    /Start them to list their tools\? \[y\/N\] (?:.|\n)*Rewrite 1 file\? \[y\/N\] /,
  );
  expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining("Rewrote")]);
});

test("a state that cannot be opened ends init before anything is started", async () => {
  const home = homeWithServer();
  home.write(FILES.cursorUser, JSON.stringify({ mcpServers: { notes: home.server } }));
  home.write(".local/share/portcullis/state.db", "x".repeat(8192));
  const ended = await run(home, "init", "--dry-run");
  expect([ended.code, ended.stdout]).toEqual([2, ""]);
  expect(ended.stderr).toMatch(/^error: .+restore it from a backup.*\n$/);
});

test.each(["0s", "3651d", "soon"])("--expires %s is refused", async (expires) => {
  const ended = await run(homeWithServer(), "init", "--yes", "--expires", expires);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining("from `1s` to `3650d`")]);
});

test("connect takes the entry whose grant is live, where a label was used before", async () => {
  const home = homeWithServer();
  home.write(FILES.cursorUser, JSON.stringify({ mcpServers: { notes: home.server } }));
  await json(home, "init", "--yes");
  await run(home, "grant", "revoke", "cursor-notes");
  const other = { ...home.server, env: { PLACE: "project" } };
  home.write(FILES.cursorProject, JSON.stringify({ mcpServers: { notes: other } }));
  const { servers } = (await json(home, "init", "--yes")) as { servers: { name: string }[] };
  const registered = (await json(home, "server", "list")) as unknown as { id: string; name: string }[];
  const asked: string[] = [];
  const gateway = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(401).end();
  });
  await once(gateway.listen(0, "127.0.0.1"), "listening");
  const { port } = gateway.address() as AddressInfo;
  writeFileSync(join(home.home, ".local/share/portcullis/config.json"), JSON.stringify({ port }));
  const call = `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} })}\n`;
  await runInProcess(["connect", "cursor-notes"], { cwd: home.project, env: home.env, stdin: call });
  gateway.close();
  const id = registered.find(({ name }) => name === servers[0]?.name)?.id;
  expect([servers.length, [...new Set(asked)]]).toEqual([1, [`/mcp/${id}/`]]);
});

test("two projects of one file that name a server alike are told apart", async () => {
  const home = homeWithServer();
  const [one, two] = [join(home.home, "one"), join(home.home, "two")];
  const bad = { command: process.execPath, args: ["-e", "process.exit(1)"] };
  const projects = { [one]: { mcpServers: { notes: home.server } }, [two]: { mcpServers: { notes: bad } } };
  const path = home.write(FILES.claudeCodeUser, JSON.stringify({ projects }));
  const entries = async (...argv: readonly string[]) =>
    Object((await json(home, ...argv))["files"]).at(0).entries;
  expect(await entries("init", "--yes")).toEqual([
    { name: "notes", status: "planned" },
    { name: "notes", status: "server" },
  ]);
  projects[two] = { mcpServers: { notes: home.server } };
  const again = JSON.parse(readFileSync(path, "utf8"));
  again.projects[two] = projects[two];
  writeFileSync(path, JSON.stringify(again));
  await json(home, "init", "--yes");
  const now = JSON.parse(readFileSync(path, "utf8"));
  delete now.projects[one];
  writeFileSync(path, JSON.stringify(now));
  expect(await json(home, "restore")).toMatchObject({ files: [{ restored: ["notes"], gone: ["notes"] }] });
});

test("a dry run with nothing to do has applied nothing; a client that nobody has is refused", async () => {
  const home = homeWithServer();
  expect(await json(home, "init", "--dry-run")).toMatchObject({ applied: false, files: [] });
  await json(home, "init", "--yes");
  await json(home, "server", "add", "--name", "x", "--", home.server.command, ...home.server.args);
  const typo = await run(home, "restore", "--client", "cursr");
  expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining("there is no client `cursr`")]);
});
