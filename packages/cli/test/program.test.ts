import { describe, expect, test } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import { isGroup } from "../src/command-spec.ts";
import { runInProcess } from "./fake-io.ts";

/** Every path of words that has a help text, the program itself first. */
const PATHS: readonly string[][] = [
  [],
  ...COMMANDS.flatMap((spec) =>
    isGroup(spec)
      ? [[spec.name], ...spec.commands.map((command) => [spec.name, ...firstWord(command.usage)])]
      : [firstWord(spec.usage)],
  ),
];

describe("help", () => {
  // Deliberate changes belong into the changelog and the documentation.
  test("every help text is as pinned", async () => {
    const texts: string[] = [];
    for (const path of PATHS) {
      const ended = await runInProcess([...path, "--help"]);
      expect([ended.code, ended.stderr]).toEqual([0, ""]);
      texts.push(`$ ${["portcullis", ...path, "--help"].join(" ")}\n${ended.stdout}`);
    }
    await expect(texts.join("\n")).toMatchFileSnapshot("./__snapshots__/help.txt");
  });

  test("every example names a command and options that exist", async () => {
    const unknown: string[] = [];
    for (const example of COMMANDS.flatMap((spec) => (isGroup(spec) ? spec.commands : [spec])).flatMap(
      (c) => c.examples,
    )) {
      const words =
        example
          .split(" -- ", 1)[0]
          ?.split(" > ", 1)[0]
          ?.match(/"[^"]*"|\S+/g) ?? [];
      const ended = await runInProcess([...words, "--help"]);
      if (ended.code !== 0) unknown.push(`${example}: ${ended.stderr}`);
    }
    expect(unknown).toEqual([]);
  });

  test("the version is the package's", async () => {
    expect(await runInProcess(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });
});

describe("wrong usage: one line on standard error, nothing on standard output, exit code 2", () => {
  test.each([
    {
      argv: ["serv"],
      stderr: "error: unknown command 'serv' (Did you mean serve?); see `portcullis --help`\n",
    },
    {
      argv: ["policy", "chek"],
      stderr: "error: unknown command 'chek' (Did you mean check?); see `portcullis policy --help`\n",
    },
    {
      argv: ["serve", "--prot", "1"],
      stderr: "error: unknown option '--prot' (Did you mean --port?); see `portcullis serve --help`\n",
    },
    {
      argv: ["--jsn"],
      stderr: "error: unknown option '--jsn' (Did you mean --json?); see `portcullis --help`\n",
    },
    {
      argv: ["policy", "check"],
      stderr: "error: missing required argument 'file'; see `portcullis policy check --help`\n",
    },
    {
      argv: ["serve", "now"],
      stderr:
        "error: too many arguments for 'serve'. Expected 0 arguments but got 1: now; see `portcullis serve --help`\n",
    },
    {
      argv: ["server", "add", "--url", "http://x"],
      stderr: "error: required option '--name <name>' not specified; see `portcullis server add --help`\n",
    },
    {
      argv: ["grant", "set", "x", "--mode", "off"],
      stderr:
        "error: option '--mode <mode>' argument 'off' is invalid. Allowed choices are enforce, shadow; see `portcullis grant set --help`\n",
    },
    { argv: ["completion", "tcsh"], stderr: "error: unknown shell `tcsh`: use bash, zsh or fish\n" },
    {
      argv: ["bad\u001b[31m\nname"],
      stderr: "error: unknown command 'bad\\u{1b}[31m name'; see `portcullis --help`\n",
    },
  ])("$argv", async ({ argv, stderr }) => {
    for (const extra of [[], ["--json"]]) {
      expect(await runInProcess([...argv, ...extra])).toEqual({ code: 2, stdout: "", stderr });
    }
  });

  test("no command: the help text, on standard error", async () => {
    const ended = await runInProcess([]);
    expect([ended.code, ended.stdout, ended.stderr.split("\n", 1)[0]]).toEqual([
      2,
      "",
      "Usage: portcullis [options] [command]",
    ]);
  });
});

describe("config show", () => {
  test("--json prints each value with where it came from", async () => {
    const ended = await runInProcess(["config", "show", "--json", "--port", "80"], {
      env: { PORTCULLIS_DURABLE: "1" },
    });
    const byDefault = (value: unknown): unknown => ({ value, from: "default" });
    expect([ended.code, ended.stderr, JSON.parse(ended.stdout)]).toEqual([
      0,
      "",
      {
        host: byDefault("127.0.0.1"),
        port: { value: 80, from: "--port" },
        adminPort: byDefault(7412),
        publicUrl: byDefault(null),
        allowedHosts: byDefault([]),
        allowedOrigins: byDefault([]),
        maxBodyBytes: byDefault(4_194_304),
        deadlineMs: byDefault(55_000),
        auditRetentionDays: byDefault(90),
        durable: { value: true, from: "PORTCULLIS_DURABLE" },
        demo: byDefault(true),
        logLevel: byDefault("info"),
        catalogue: byDefault("loopback"),
      },
    ]);
  });

  test("a table for people", async () => {
    const ended = await runInProcess(["config", "show"]);
    expect(ended.stdout.split("\n").slice(0, 3)).toEqual([
      "key                 value      from",
      "host                127.0.0.1  default",
      "port                7411       default",
    ]);
  });

  test("a configuration that is refused: one line", async () => {
    expect(await runInProcess(["config", "show", "--json", "--port", "x", "--host", "a b"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error: `port` (from --port) must be a whole number from 0 to 65535, not `x`; `host` (from --host) must be an IP address or a host name, not `a b`\n",
    });
  });
});

function firstWord(usage: string): string[] {
  return usage.split(" ").slice(0, 1);
}
