import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLIENTS } from "../../src/clients/all-clients.ts";
import type { ClientFile } from "../../src/clients/discover.ts";
import { discoverFiles } from "../../src/clients/discover.ts";
import { placesOf } from "../../src/clients/places.ts";
import { newFolder } from "../fake-io.ts";
import { FILES, type Home, linuxPlaces, makeHome, readingIo } from "./home.ts";

function discover(home: Home): readonly ClientFile[] {
  return discoverFiles(CLIENTS, linuxPlaces(home), readingIo(home));
}

/** `client:scope name` of every entry, with what is made of it. */
function summary(files: readonly ClientFile[]): readonly unknown[] {
  return files.flatMap(({ kind, place, entries }) =>
    entries.map(({ name, state }) => {
      const what = state.kind === "server" ? state.target : state.kind === "left" ? state.reason : state.kind;
      return [`${kind.id}:${place.scope} ${name}`, what];
    }),
  );
}

function stdio({ home }: Home, command: readonly string[], environment: readonly object[] = []) {
  return { kind: "stdio", command, environment, workingDirectory: home };
}

function http(url: string, headers: readonly (readonly [string, string])[] = [], transport?: string) {
  return { kind: "http", url, headers, transport };
}

describe("the eight kinds of files", () => {
  test("each is found and read as its client reads it", () => {
    const home = makeHome({ DOCS_KEY: "k1", TOKEN: "t1", GEM: "g1" });
    home.write(FILES.claudeDesktop, '{"mcpServers":{"a":{"command":"npx","args":["-y","x@1"]}}}');
    home.write(
      FILES.claudeCodeProject,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
      '{"mcpServers":{"b":{"type":"http","url":"https://b.example/mcp","headers":{"X-Key":"${DOCS_KEY}"}}}}',
    );
    home.write(
      FILES.claudeCodeUser,
      `{"mcpServers":{"c":{"command":"c","env":{"N":1}}},"projects":{"${home.project}":{"mcpServers":{"d":{"type":"sse","url":"https://d.example/sse"}}}}}`,
    );
    home.write(FILES.cursorProject, '{"mcpServers":{"e":{"command":"./run.sh"}}}');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
    home.write(FILES.cursorUser, '{"mcpServers":{"f":{"url":"https://f.example/${env:TOKEN}"}}}');
    home.write(
      FILES.vscodeProject,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
      '{"inputs":[],"servers":{"g":{"type":"stdio","command":"g","args":["${workspaceFolder}"]}}}',
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
    home.write(FILES.vscodeUser, '{"servers":{"h":{"command":"h","env":{"K":"${input:key}"}}}}');
    home.write(FILES.windsurf, '{"mcpServers":{"i":{"serverUrl":"https://i.example/mcp"}}}');
    home.write(
      FILES.gemini,
      '{"mcpServers":{"j":{"httpUrl":"https://j.example/mcp"},"k":{"command":"k","env":{"GEM":"$GEM"}}}}',
    );
    home.write(
      FILES.codex,
      '[mcp_servers.l]\nurl = "https://l.example/mcp"\nbearer_token_env_var = "TOKEN"\n[mcp_servers.m]\ncommand = "m"\nenv_vars = ["DOCS_KEY"]\n',
    );
    const files = discover(home);
    expect(files.map(({ place }) => place.path)).toEqual(
      Object.values(FILES)
        .map((path) => join(home.home, path))
        .sort((a, b) => order(a, home) - order(b, home)),
    );
    const inUrl = {
      ...http("https://f.example/t1"),
      hidden: { shown: "https://f.example/***", secrets: [] },
    };
    expect(summary(files)).toEqual([
      ["claude-desktop:user a", stdio(home, ["npx", "-y", "x@1"])],
      ["claude-code:project b", http("https://b.example/mcp", [["X-Key", "k1"]], "http")],
      ["claude-code:user c", stdio(home, ["c"], [{ name: "N", value: "1", isSecret: false }])],
      ["claude-code:user d", http("https://d.example/sse", [], "sse")],
      ["cursor:project e", { ...stdio(home, ["./run.sh"]), workingDirectory: home.project }],
      ["cursor:user f", inUrl],
      ["vscode:project g", stdio(home, ["g", home.project])],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
      ["vscode:user h", "it needs `${input:key}`, which has no value here"],
      ["windsurf:user i", http("https://i.example/mcp")],
      ["gemini-cli:user j", http("https://j.example/mcp", [], "http")],
      ["gemini-cli:user k", stdio(home, ["k"], [{ name: "GEM", value: "g1", isSecret: true }])],
      ["codex:user l", http("https://l.example/mcp", [["Authorization", "Bearer t1"]])],
      ["codex:user m", stdio(home, ["m"], [{ name: "DOCS_KEY", value: "k1", isSecret: true }])],
    ]);
  });

  test.each([
    ["darwin", "Library/Application Support", {}],
    ["win32", "AppData/Roaming", {}],
    ["win32", "elsewhere", { APPDATA: "<home>/elsewhere" }],
    ["linux", "xdg", { XDG_CONFIG_HOME: "<home>/xdg" }],
    ["linux", ".config", { XDG_CONFIG_HOME: "relative" }],
  ] as const)("on %s programs keep settings in %s", (platform, settings, env) => {
    const home = makeHome();
    const named = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.replace("<home>", home.home)]),
    );
    const places = placesOf(
      readingIo({ ...home, env: { HOME: home.home, USERPROFILE: home.home, ...named } }),
      platform,
    );
    expect(places.settings).toBe(join(home.home, settings));
  });

  test("CLAUDE_CONFIG_DIR and CODEX_HOME move the files", () => {
    const home = makeHome();
    const moved = {
      ...home,
      env: { ...home.env, CLAUDE_CONFIG_DIR: `${home.home}/c`, CODEX_HOME: `${home.home}/x` },
    };
    home.write("c/.claude.json", '{"mcpServers":{"a":{"command":"a"}}}');
    home.write("x/config.toml", '[mcp_servers.b]\ncommand = "b"\n');
    expect(summary(discover(moved)).map((row) => (row as unknown[])[0])).toEqual([
      "claude-code:user a",
      "codex:user b",
    ]);
  });
});

/** Files come client by client, a project's before the user's. */
function order(path: string, { home }: Home): number {
  const sequence = [
    FILES.claudeDesktop,
    FILES.claudeCodeProject,
    FILES.claudeCodeUser,
    FILES.cursorProject,
    FILES.cursorUser,
    FILES.vscodeProject,
    FILES.vscodeUser,
    FILES.windsurf,
    FILES.gemini,
    FILES.codex,
  ];
  return sequence.findIndex((file) => join(home, file) === path);
}

describe("files that cannot be used", () => {
  test.each([
    ["broken JSON", '{"mcpServers": {', "it is not valid JSON: close brace expected on line 1"],
    ["no object", "[]", "it is not an object"],
    ["text that is no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "it is not valid UTF-8"],
  ])("%s is reported", (_name, text, problem) => {
    const home = makeHome();
    const path = home.write(FILES.cursorUser, "");
    writeFileSync(path, text);
    expect(discover(home).map((file) => [file.problem, file.entries])).toEqual([[problem, []]]);
  });

  test("files that want to keep us busy are put aside at once", () => {
    const home = makeHome();
    const servers = Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`s${at}`, { command: "a" }]));
    home.write(FILES.claudeDesktop, `{"mcpServers":${"[".repeat(1_000_000)}}`);
    home.write(FILES.cursorUser, JSON.stringify({ mcpServers: servers }));
    home.write(
      FILES.vscodeUser,
      JSON.stringify({ servers: { a: { command: "a", env: { K: "${".repeat(500_000) } } } }),
    );
    const files = discover(home);
    expect(files.map(({ problem }) => problem)).toEqual([
      "it is nested too deep",
      "it names more than 500 servers",
      undefined,
    ]);
  });

  test("broken TOML is reported with its line", () => {
    const home = makeHome();
    home.write(FILES.codex, 'a = 1\n[mcp_servers.x\ncommand = "a"\n');
    expect(discover(home)[0]?.problem).toBe("it is not valid TOML on line 2");
  });

  test("an empty file holds no server, and a byte order mark is none of its text", () => {
    const home = makeHome();
    home.write(FILES.cursorUser, " \n");
    home.write(FILES.windsurf, '\uFEFF{"mcpServers":{"a":{"command":"a"}}}');
    const [empty, marked] = discover(home);
    expect([empty?.problem, empty?.entries]).toEqual([undefined, []]);
    expect([marked?.file?.hasMark, marked?.file?.text[0], marked?.entries.length]).toEqual([true, "{", 1]);
  });

  test("a folder in place of a file, and a file that is too large", () => {
    const home = makeHome();
    mkdirSync(join(home.home, FILES.cursorUser), { recursive: true });
    home.write(FILES.windsurf, " ".repeat(16 * 1024 * 1024 + 1));
    expect(discover(home).map(({ problem }) => problem)).toEqual([
      "it is no file",
      "it is larger than 16 MiB",
    ]);
  });

  test("links are followed inside the home folder, and never written through outside of it", () => {
    const home = makeHome();
    const inside = home.write("dotfiles/cursor.json", '{"mcpServers":{"a":{"command":"a"}}}');
    const outside = join(newFolder(), "mcp.json");
    writeFileSync(outside, '{"mcpServers":{"b":{"command":"b"}}}');
    home.write(".cursor/x", "");
    home.write(".codeium/windsurf/x", "");
    symlinkSync(inside, join(home.home, FILES.cursorUser));
    symlinkSync(outside, join(home.home, FILES.windsurf));
    expect(discover(home).map(({ file }) => [file?.realPath, file?.fixed])).toEqual([
      [inside, undefined],
      [outside, `it is a link to \`${outside}\`, outside \`${home.home}\``],
    ]);
  });

  test("a project's link to a file of the user is not written through", () => {
    const home = makeHome();
    const user = home.write(FILES.claudeCodeUser, '{"mcpServers":{"a":{"command":"a"}}}');
    symlinkSync(user, join(home.home, FILES.claudeCodeProject));
    expect(discover(home)[0]?.file?.fixed).toBe(`it is a link to \`${user}\`, outside \`${home.project}\``);
  });

  test("a read-only file stays read-only", () => {
    const home = makeHome();
    chmodSync(home.write(FILES.cursorUser, '{"mcpServers":{"a":{"command":"a"}}}'), 0o444);
    expect(discover(home)[0]?.file?.fixed).toBe("it is read-only");
  });
});

describe("entries that stay as they are", () => {
  const governed = {
    url: "http://127.0.0.1:7411/mcp/srv_0123456789abcdef/",
    headers: { Authorization: "Bearer pcl_g_x" },
  };
  test.each([
    ["a switched-off server", { command: "a", disabled: true }, "it is switched off"],
    ["neither command nor URL", { args: [] }, "it has neither a command nor a URL"],
    ["both", { command: "a", url: "https://x.example" }, "it has both a command and a URL"],
    ["a command that is no text", { command: 7 }, "`command` is not a text"],
    ["arguments that are no list", { command: "a", args: "b" }, "`args` is not a list of texts"],
    ["a value that is no text", { command: "a", env: { K: {} } }, "`K` in `env` is not a text"],
    ["no object", "npx", "it is not an object"],
    ["a URL that is none", { url: "nowhere?key=k" }, "its URL is none"],
    [
      "letters that mean a variable elsewhere",
      { url: "https://x.example", headers: { A: "env:HOME" } },
      "a value of it begins with `env:`",
    ],
    ["an entry that goes through the gateway", governed, "governed"],
    [
      "a command that goes through the gateway",
      { command: "npx", args: ["portcullis@0.1.0", "run", "-c", "p", "--", "x"] },
      "governed",
    ],
  ])("%s", (_name, entry, reason) => {
    const home = makeHome();
    home.write(FILES.cursorUser, JSON.stringify({ mcpServers: { a: entry } }));
    expect(summary(discover(home))).toEqual([["cursor:user a", reason]]);
  });

  test("a name that is there twice", () => {
    const home = makeHome();
    home.write(FILES.cursorUser, '{"mcpServers":{"a":{"command":"a"},"a":{"command":"b"}}}');
    expect(summary(discover(home))).toEqual([["cursor:user a", "a name in it is there twice"]]);
  });

  test("a file of variables is read, and one that is missing is named", () => {
    const home = makeHome();
    home.write("project/.env", "KEY=v1\n# note\nOTHER='v 2'\n");
    const entry = (envFile: string) => ({ mcpServers: { [envFile]: { command: "a", envFile } } });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
    home.write(FILES.cursorProject, JSON.stringify(entry("${workspaceFolder}/.env")));
    home.write(FILES.cursorUser, JSON.stringify(entry(".none")));
    expect(summary(discover(home)).map((row) => (row as unknown[])[1])).toEqual([
      stdio(
        home,
        ["a"],
        [
          { name: "KEY", value: "v1", isSecret: true },
          { name: "OTHER", value: "v 2", isSecret: true },
        ],
      ),
      "its variables in `.none` cannot be read: there is no such file",
    ]);
  });

  test("a file of variables that never ends is not read", () => {
    const home = makeHome();
    home.write(FILES.cursorUser, '{"mcpServers":{"a":{"command":"a","envFile":"/dev/zero"}}}');
    expect(summary(discover(home))).toEqual([["cursor:user a", "`/dev/zero` is no file of variables"]]);
  });

  test("an entry is named with its line", () => {
    const home = makeHome();
    home.write(
      FILES.cursorUser,
      '{\n  "mcpServers": {\n    // first\n    "a": {\n      "command": "a" } } }',
    );
    home.write(FILES.codex, 'model = "x"\n\n[mcp_servers.a]\ncommand = "a"\n');
    expect(discover(home).map(({ entries }) => entries[0]?.line)).toEqual([4, 3]);
  });
});
