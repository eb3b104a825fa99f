import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";

const lines = (...values: unknown[]): string =>
  values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("\n");

/** The first fields of every verdict on standard output. */
function verdictsIn(stdout: string): unknown[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { server, tool, category, risk } = JSON.parse(line);
      return [server, tool, category, risk];
    });
}

const PEARS = [
  { server: "orchard", tool: "get_pear", description: null, inputSchema: null, annotations: null },
  { server: "orchard", tool: "delete_pear" },
  { server: "desk", tool: "pay_gardener" },
];
const JUDGED = [
  ["orchard", "get_pear", "Read", "low"],
  ["orchard", "delete_pear", "Destructive", "critical"],
  ["desk", "pay_gardener", "Financial", "critical"],
];

describe("classify --json", () => {
  test("one verdict per line, in order, with the reasons", async () => {
    const ended = await runInProcess(["classify", "--json"], { stdin: lines(...PEARS) });
    expect([ended.code, ended.stderr, verdictsIn(ended.stdout)]).toEqual([0, "", JUDGED]);
    expect(JSON.parse(ended.stdout.split("\n")[1] ?? "")).toEqual({
      server: "orchard",
      tool: "delete_pear",
      category: "Destructive",
      risk: "critical",
      severity: "critical",
      modifiers: [],
      confidence: expect.any(Number),
      evidence: [{ rule: "verb.delete", source: "name", text: "delete", start: 0, says: "Destructive" }],
      rules: expect.any(String),
    });
  });

  test("a file, `-`, blank lines and CRLF", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "tools.jsonl"), `\n${lines(...PEARS).replaceAll("\n", "\r\n\r\n")}\r\n`);
    const named = await runInProcess(["classify", "tools.jsonl", "--json"], { cwd });
    expect([named.code, verdictsIn(named.stdout)]).toEqual([0, JUDGED]);
    const piped = await runInProcess(["classify", "--json", "-"], { stdin: lines(...PEARS) });
    expect(piped.stdout).toBe(named.stdout);
  });

  test("bad lines are told with their numbers, the rest is done, the code is 2", async () => {
    const stdin = lines(PEARS[0], "{oops", PEARS[1], "7", '{"server": "orchard"}', PEARS[2]);
    const ended = await runInProcess(["classify", "--json"], { stdin });
    expect([ended.code, verdictsIn(ended.stdout)]).toEqual([2, JUDGED]);
    expect(ended.stderr.split("\n")).toEqual([
      "error: line 2 is not JSON",
      "error: line 4 is no object",
      'error: line 5 needs `"tool": "<name>"`',
      "",
    ]);
  });

  const LIST = { tools: [{ name: "get_pear" }, { name: "delete_pear" }] };
  const OF_LIST = [
    [null, "get_pear", "Read", "low"],
    [null, "delete_pear", "Destructive", "critical"],
  ];
  test.each([
    { name: "a result of tools/list", stdin: JSON.stringify(LIST) },
    { name: "an answer of JSON-RPC", stdin: JSON.stringify({ jsonrpc: "2.0", id: 1, result: LIST }) },
    { name: "on several lines", stdin: JSON.stringify(LIST, undefined, 2) },
    { name: "an array on several lines", stdin: JSON.stringify(LIST.tools, undefined, 2) },
  ])("$name", async ({ stdin }) => {
    const ended = await runInProcess(["classify", "--json"], { stdin });
    expect([ended.code, ended.stderr, verdictsIn(ended.stdout)]).toEqual([0, "", OF_LIST]);
  });

  test("a bad tool of a list is told by its place", async () => {
    const stdin = JSON.stringify({ tools: [{ name: "get_pear" }, null] });
    const ended = await runInProcess(["classify", "--json"], { stdin });
    expect([ended.code, ended.stderr]).toEqual([2, "error: line 1, tool 2 is no object\n"]);
  });

  test("consecutive tools of one server are each other's surroundings, others are not", async () => {
    const transfer = { server: "desk", tool: "transfer" };
    const money = [
      { server: "desk", tool: "list_payments" },
      { server: "desk", tool: "get_wallet" },
    ];
    const category = async (...tools: unknown[]): Promise<unknown> => {
      const ended = await runInProcess(["classify", "--json"], { stdin: lines(...tools) });
      return (verdictsIn(ended.stdout) as unknown[][]).find((verdict) => verdict[1] === "transfer")?.[2];
    };
    expect(await category(transfer, ...money)).toBe("Financial");
    expect(await category(transfer, PEARS[0], ...money)).toBe("Write");
  });

  test("nothing in, nothing out; a file that is not there", async () => {
    expect(await runInProcess(["classify", "--json"], { stdin: "" })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    const ended = await runInProcess(["classify", "none.jsonl"]);
    expect([ended.code, ended.stderr]).toEqual([
      2,
      "error: `none.jsonl` cannot be read: there is no such file\n",
    ]);
  });

  test("characters that a terminal acts on come escaped", async () => {
    const ended = await runInProcess(["classify", "--json"], {
      stdin: lines({ tool: "delete\u202e\u001b[2J" }),
    });
    expect(/[\u202e\u001b]/.test(ended.stdout)).toBe(false);
    expect(verdictsIn(ended.stdout)).toEqual([[null, "delete\u202e\u001b[2J", "Destructive", "critical"]]);
  });
});

test("classify without --json prints a table per server", async () => {
  const ended = await runInProcess(["classify"], { stdin: lines(...PEARS) });
  expect(ended.stdout.split("\n").map((line) => line.split(/\s{2,}/))).toEqual([
    ["orchard", "CATEGORY", "RISK", "SEVERITY", "CONFIDENCE", "BECAUSE OF"],
    ["get_pear", "Read", "low", "low", "0.93", 'name "get" (verb.read)'],
    ["delete_pear", "Destructive", "critical", "critical", "0.93", 'name "delete" (verb.delete)'],
    ["desk", "CATEGORY", "RISK", "SEVERITY", "CONFIDENCE", "BECAUSE OF"],
    ["pay_gardener", "Financial", "critical", "critical", "0.93", 'name "pay" (verb.pay)'],
    [""],
  ]);
});
