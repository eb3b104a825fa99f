import { describe, expect, test } from "vitest";
import { readDocument } from "../../src/clients/document.ts";
import { hideUrl, hideWords, maskCommand, maskUrl } from "../../src/clients/hide-secrets.ts";
import { createLookAlikes } from "../../src/clients/look-alikes.ts";
import { isTokenLike, maskLine, secretValuesIn } from "../../src/clients/mask.ts";
import { secretsInUrl, secretWords } from "../../src/clients/plain-secrets.ts";
import { statementsOf } from "../../src/clients/toml-statements.ts";

/** A file of a stranger may hold as much. What takes more time than its size asks for would take minutes here. */
const MANY = 200_000;
/** Milliseconds, for a machine that does other things too. */
const SOON_MS = 3_000;

describe("files of strangers do not keep us busy", () => {
  test.each<[string, () => unknown]>([
    ["a long name without a value", () => secretValuesIn("a".repeat(MANY))],
    ["a long name of a secret", () => secretValuesIn(`{${"key".repeat(MANY / 3)}`)],
    ["many names in quotes", () => secretValuesIn(`{${'"key" '.repeat(MANY / 6)}`)],
    ["blanks behind a name", () => secretValuesIn(`key${" ".repeat(MANY)}`)],
    ["a long line", () => maskLine("x_key".repeat(MANY / 5), [])],
    ["half of a web token, over and over", () => isTokenLike("-eyJ01234567".repeat(MANY / 12))],
    ["a long argument", () => secretWords(["x", `{${"a".repeat(MANY)}`])],
    ["a long package name", () => createLookAlikes()(["npx", "ſ".repeat(MANY)])],
    ["TOML with many comment signs in a text", () => statementsOf(`a = "${"#".repeat(MANY)}"\n`)],
    ["TOML with many equal signs in a key", () => statementsOf(`"${"=".repeat(MANY)}" = 1\n`)],
    ["TOML with a value over many lines", () => statementsOf(`a = [\n${"1, # one\n".repeat(MANY / 10)}]\n`)],
    [
      "TOML with many entries",
      () => {
        const tables = Array.from({ length: 500 }, (_, at) => `[mcp_servers.s${at}]\ncommand = "x"\n`);
        const read = readDocument("toml", tables.join("x = 1\n".repeat(20).replaceAll("x", "# x")));
        return read.ok && tables.map((_, at) => read.value.lineOf(["mcp_servers", `s${at}`]));
      },
    ],
  ])("%s", (_name, work) => {
    const startMs = performance.now();
    work();
    expect(performance.now() - startMs).toBeLessThan(SOON_MS);
  });

  test("a word that is too long to be looked through counts as a secret", () => {
    const long = `--config=${"a".repeat(5_000)}`;
    expect(hideWords(["x", long])).toEqual({ shown: ["x", "***"], secrets: [long] });
    expect(maskCommand(["x", long])).toBe("x ***");
    const url = `https://a.example/${"b".repeat(5_000)}`;
    expect(hideUrl(url)).toEqual({ shown: "https://a.example/***", secrets: [url] });
    expect(secretsInUrl(url)).toEqual([{ where: "a URL that is too long to be looked through", value: url }]);
    expect([maskUrl(url), maskUrl("b".repeat(5_000))]).toEqual(["https://a.example/***", "***"]);
  });
});

describe("a name of a secret is found wherever it stands", () => {
  test.each([
    ['{"x":1,"my.api_key" : "v"}', ["v"]],
    ["args: token=v", ["v"]],
    ['x"api_key":"v"', ["v"]],
    ["{'Bearer': 'v w'}", ["v w"]],
    ['{"monkey business":"v"}', []],
    ['{"a":"b"}', []],
  ])("%s", (text, wanted) => {
    expect(secretValuesIn(text)).toEqual(wanted);
  });
});

describe("statements of TOML", () => {
  test("end where no text and no bracket is open", () => {
    const texts = [
      "# only a comment\n",
      "\n",
      'a = "# = [" # one\n',
      "b.'c = #' = [ # two\n  1, # three\n]\r\n",
      '  d = """\n# = "text""\n"""""\n',
      "e = '''\\'''\n",
      'f = "\\\\" # four\r\n',
      '[g."[h]"] # five\n',
      'i = { j = "}" }\n',
      "[[k]]\n",
      'l = ""',
    ];
    const statements = statementsOf(texts.join(""));
    expect(
      statements.map(({ kind, path, comment, innerComments }) => [kind, path, comment, innerComments]),
    ).toEqual([
      ["pair", ["a"], "# one", []],
      ["pair", ["b", "c = #"], "", ["# two", "# three"]],
      ["pair", ["d"], "", []],
      ["pair", ["e"], "", []],
      ["pair", ["f"], "# four", []],
      ["table", ["g", "[h]"], "# five", []],
      ["pair", ["g", "[h]", "i"], "", []],
      ["tables", ["k"], "", []],
      ["pair", ["k", "l"], "", []],
    ]);
    expect(statements.map(({ start, end }) => texts.join("").slice(start, end))).toEqual(texts.slice(2));
    expect(statements[2]?.indent).toBe("  ");
  });
});
