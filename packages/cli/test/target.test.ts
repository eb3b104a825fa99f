import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isTypedSecretVariable } from "../src/commands/server/environment-variable.ts";
import { isTypedSecret, parseTarget, type TargetWords } from "../src/commands/server/target.ts";
import { type Io, processIo } from "../src/io.ts";
import { newFolder } from "./fake-io.ts";

const ENV = { TOKEN: "Bearer abc", EMPTY: "", BAD: "a\nb" };
const IO = processIo();
const CWD = newFolder();
mkdirSync(join(CWD, "folder"));
writeFileSync(join(CWD, "file"), "");

function parse(words: Partial<TargetWords>, more: Io["env"] = {}) {
  const all = {
    url: undefined,
    headers: [],
    transport: undefined,
    command: [],
    variables: [],
    folder: undefined,
    ...words,
  };
  return parseTarget(all, { ...IO, cwd: CWD, env: { ...ENV, ...more } });
}

describe("server add: what is a target", () => {
  test("a URL with headers, typed and from variables", () => {
    expect(
      parse({ url: "HTTPS://A.example/mcp", headers: ["X-Key: 1:2", "Authorization: env:TOKEN"] }),
    ).toEqual({
      ok: true,
      value: {
        kind: "http",
        url: "https://a.example/mcp",
        headers: [
          ["X-Key", "1:2"],
          ["Authorization", "Bearer abc"],
        ],
        transport: undefined,
      },
    });
  });

  test.each([
    { transport: undefined, set: undefined },
    { transport: "auto", set: undefined },
    { transport: "http", set: "http" },
    { transport: "sse", set: "sse" },
  ])("--transport $transport", ({ transport, set }) => {
    expect(parse({ url: "http://a/sse", transport })).toEqual({
      ok: true,
      value: { kind: "http", url: "http://a/sse", headers: [], transport: set },
    });
  });

  test("a command", () => {
    const command = ["npx", "-y", "server", "--json"];
    expect(parse({ command })).toEqual({
      ok: true,
      value: { kind: "stdio", command, environment: [], workingDirectory: undefined },
    });
  });

  test.each([
    { name: "a typed value", variable: "MODE=fast", isSecret: false, value: "fast" },
    { name: "an empty value", variable: "MODE=", isSecret: false, value: "" },
    { name: "a value with =", variable: "MODE=a=b", isSecret: false, value: "a=b" },
    { name: "a typed secret", variable: "API_KEY=abc", isSecret: true, value: "abc" },
    { name: "a password by its short name", variable: "DB_PWD=abc", isSecret: true, value: "abc" },
    { name: "a cookie", variable: "SESSION_COOKIE=abc", isSecret: true, value: "abc" },
    {
      name: "a token under another name",
      variable: "GITHUB_PAT=ghp_0123456789abcdefghij",
      isSecret: true,
      value: "ghp_0123456789abcdefghij",
    },
    { name: "a value from a variable", variable: "MODE=env:TOKEN", isSecret: true, value: "Bearer abc" },
  ])("a variable: $name", ({ variable, value, isSecret }) => {
    const [name] = variable.split("=");
    expect(parse({ command: ["a"], variables: [variable, "Z9_=1"] })).toMatchObject({
      ok: true,
      value: {
        environment: [
          { name, value, isSecret },
          { name: "Z9_", value: "1", isSecret: false },
        ],
      },
    });
  });

  test.each([
    { name: "the user's", env: {}, expected: join(CWD, "folder") },
    {
      name: "the one that npm left in INIT_CWD",
      env: { npm_lifecycle_event: "portcullis", INIT_CWD: join(CWD, "folder", "..") },
      expected: join(CWD, "folder"),
    },
  ])("a folder is made absolute from $name", ({ env, expected }) => {
    expect(parse({ command: ["a"], folder: "folder" }, env)).toMatchObject({
      ok: true,
      value: { workingDirectory: expected },
    });
  });

  test.each<{ name: string; error: string } & Partial<TargetWords>>([
    {
      name: "neither",
      error: "name either `--url URL` or a command after `--`, as in `-- npx -y some-server`",
    },
    {
      name: "both",
      url: "http://a",
      command: ["a"],
      error: "name either `--url URL` or a command after `--`, as in `-- npx -y some-server`",
    },
    {
      name: "header with a command",
      headers: ["A: b"],
      command: ["a"],
      error: "`--header` belongs to `--url`; a command takes its settings from `--env` and its arguments",
    },
    { name: "no URL", url: "a", error: "`--url a` is not a URL" },
    {
      name: "another scheme",
      url: "file:///etc/passwd",
      error: "`--url` must be http or https, not `file:`",
    },
    {
      name: "a password in the URL",
      url: "http://a:b@c",
      error: "`--url` must not hold a user or password: use `--header`",
    },
    { name: "a fragment", url: "http://a/#b", error: "`--url` must not hold a fragment (`#…`)" },
    {
      name: "no colon",
      url: "http://a",
      headers: ["A"],
      error: '`--header` must look like `"Name: value"` or `"Name: env:VARIABLE"`',
    },
    {
      name: "a name with a space",
      url: "http://a",
      headers: ["A B: c"],
      error: '`--header` must look like `"Name: value"` or `"Name: env:VARIABLE"`',
    },
    { name: "no value", url: "http://a", headers: ["A:"], error: "`--header A` has no value" },
    {
      name: "a variable that is not set",
      url: "http://a",
      headers: ["A: env:NONE"],
      error: "`--header A`: the variable `NONE` is not set",
    },
    {
      name: "an empty variable",
      url: "http://a",
      headers: ["A: env:EMPTY"],
      error: "`--header A`: the variable `EMPTY` is not set",
    },
    {
      name: "a line feed in a variable",
      url: "http://a",
      headers: ["A: env:BAD"],
      error: "the value of `--header A` holds a character that headers cannot carry",
    },
    {
      name: "a header of ours",
      url: "http://a",
      headers: ["Mcp-Name: x"],
      error: "`--header` cannot set `Mcp-Name`: the gateway writes it itself",
    },
    {
      name: "a header twice",
      url: "http://a",
      headers: ["A: b", "a: c"],
      error: "`--header` names `a` twice",
    },
    { name: "NUL in the command", command: ["a", "b\0"], error: "the command holds a NUL character" },
    {
      name: "a transport with a command",
      command: ["a"],
      transport: "sse",
      error: "`--transport` belongs to `--url`; a command speaks stdio",
    },
    {
      name: "a variable without a value",
      command: ["a"],
      variables: ["MODE"],
      error: "`--env` must look like `NAME=value` or `NAME=env:VARIABLE`",
    },
    {
      name: "a variable with a strange name",
      command: ["a"],
      variables: ["A-B=1"],
      error: "`--env` must look like `NAME=value` or `NAME=env:VARIABLE`",
    },
    {
      name: "NUL in a variable",
      command: ["a"],
      variables: ["A=b\0"],
      error: "the value of `--env A` holds a NUL character",
    },
    {
      name: "a variable from one that is not set",
      command: ["a"],
      variables: ["A=env:NONE"],
      error: "`--env A`: the variable `NONE` is not set",
    },
    {
      name: "a variable twice",
      command: ["a"],
      variables: ["A=b", "A=c"],
      error: "`--env` names `A` twice",
    },
    {
      name: "a folder that is not there",
      command: ["a"],
      folder: "none",
      error: `\`--cwd none\`: there is no folder \`${join(CWD, "none")}\``,
    },
    {
      name: "a folder that is a file",
      command: ["a"],
      folder: "file",
      error: `\`--cwd file\`: there is no folder \`${join(CWD, "file")}\``,
    },
    {
      name: "a variable with a URL",
      url: "http://a",
      variables: ["A=b"],
      error: "`--env` and `--cwd` belong to a command; a URL takes `--header`",
    },
    {
      name: "a folder with a URL",
      url: "http://a",
      folder: "folder",
      error: "`--env` and `--cwd` belong to a command; a URL takes `--header`",
    },
  ])("$name", ({ name: _, error, ...words }) => {
    expect(parse(words)).toEqual({ ok: false, error });
  });

  test.each([
    { variable: "API_KEY=abc", typed: true },
    { variable: "API_KEY=env:B", typed: false },
    { variable: "MODE=abc", typed: false },
  ])("$variable: a secret in the shell's history? $typed", ({ variable, typed }) => {
    expect(isTypedSecretVariable(variable)).toBe(typed);
  });

  test.each([
    { header: "A: b", typed: true },
    { header: "A: env:B", typed: false },
    { header: "A:env:B", typed: false },
    { header: "A: Bearer env:B", typed: true },
  ])("$header: in the shell's history? $typed", ({ header, typed }) => {
    expect(isTypedSecret(header)).toBe(typed);
  });
});
