import { describe, expect, test } from "vitest";
import { isTypedSecret, parseTarget, type TypedTarget } from "../src/commands/server/target.ts";

const TYPED: TypedTarget = { url: undefined, headers: [], transport: undefined, command: [] };
const ENV = { TOKEN: "Bearer abc", EMPTY: "", BAD: "a\nb" };

describe("server add: what is a target", () => {
  test("a URL with headers, typed and from variables", () => {
    const headers = ["X-Key: 1:2", "Authorization: env:TOKEN"];
    expect(parseTarget({ ...TYPED, url: "HTTPS://A.example/mcp", headers }, ENV)).toEqual({
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
    expect(parseTarget({ ...TYPED, url: "http://a/sse", transport }, ENV)).toEqual({
      ok: true,
      value: { kind: "http", url: "http://a/sse", headers: [], transport: set },
    });
  });

  test("a command", () => {
    const command = ["npx", "-y", "server", "--json"];
    expect(parseTarget({ ...TYPED, command }, ENV)).toEqual({ ok: true, value: { kind: "stdio", command } });
  });

  test.each<{ name: string; error: string } & Partial<TypedTarget>>([
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
      error: "`--header` belongs to `--url`; a command takes its settings from its arguments",
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
  ])("$name", ({ name, error, ...typed }) => {
    expect(parseTarget({ ...TYPED, ...typed }, ENV)).toEqual({ ok: false, error });
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
