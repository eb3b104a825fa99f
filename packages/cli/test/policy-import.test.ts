import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";

const SOURCE = `version: "1"
default: deny
tools:
  read:
    rules: []
  pay:
    rules:
      - name: "small"
        conditions:
          - path: "args.amount"
            op: "lte"
            value: 100
        on_deny: "Too much."
      - name: "few"
        rate_limit: 2/day
        on_deny: "Tomorrow."
`;
const LOST = `${SOURCE}  ask:\n    rules:\n      - {name: "ask", action: "require_approval"}\n`;
const DOCUMENT = {
  version: "1",
  default: "deny",
  tools: {
    read: {},
    pay: {
      require: [{ conditions: [{ path: "args.amount", op: "lte", value: 100 }], on_deny: "Too much." }],
      limits: [{ counter: "pay._rate_day", window: "day", max: 2, scope: "server" }],
    },
  },
};

/** A folder with the policy `p.yaml`. */
function folderWith(text: string, name = "p.yaml"): string {
  const cwd = newFolder();
  writeFileSync(join(cwd, name), text);
  return cwd;
}

describe("policy import (policy-spec A6)", () => {
  test("prints the policy, and beside it what is lost and what is stricter", async () => {
    const ended = await runInProcess(["policy", "import", "p.yaml"], { cwd: folderWith(SOURCE) });
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, DOCUMENT]);
    expect(ended.stdout).toMatch(/^\{\n {2}"version"/);
    expect(ended.stderr.split("\n")).toEqual([
      expect.stringMatching(/^warning: p\.yaml:16:18 \/tools\/pay\/rules\/1\/on_deny: words lost: /),
      expect.stringMatching(/^note: limits are shared/),
      expect.stringMatching(/^note: `default: "deny"` also denies/),
      "p.yaml: every rule was carried over",
      "",
    ]);
  });

  test("--json holds everything, and nothing else is printed", async () => {
    const ended = await runInProcess(["policy", "import", "--json", "-"], { stdin: SOURCE });
    expect([ended.code, ended.stderr, JSON.parse(ended.stdout)]).toEqual([
      0,
      "",
      {
        document: DOCUMENT,
        notCarried: [
          {
            pointer: "/tools/pay/rules/1/on_deny",
            severity: "text",
            text: expect.any(String),
            line: 16,
            column: 18,
          },
        ],
        warnings: [],
        notes: [expect.any(String), expect.any(String)],
      },
    ]);
  });

  test("a rule that has no counterpart denies: exit code 1, with what to do", async () => {
    const cwd = folderWith(LOST);
    const ended = await runInProcess(["policy", "import", "p.yaml", "--output", "out.json"], { cwd });
    expect([ended.code, ended.stdout]).toEqual([1, ""]);
    expect(ended.stderr).toMatch(
      /warning: p\.yaml:19:31 \/tools\/ask\/rules\/0\/action: not carried over, so that it denies: .+"require_approval"`\n/,
    );
    expect(ended.stderr).toMatch(/\np\.yaml: 1 part could not be carried over and denies; write it anew\n$/);
    const call = ["--call", "-", "--policy", "out.json"];
    const decided = await runInProcess(["policy", "eval", ...call], { cwd, stdin: '{"tool":"ask"}' });
    expect(JSON.parse(decided.stdout)).toMatchObject({ effect: "deny", rule: "/tools/ask/action" });
  });

  test("several lost rules are counted", async () => {
    const cwd = folderWith(`${LOST}  also:\n    rules: [{name: "also"}]\n`);
    const { code, stderr } = await runInProcess(["policy", "import", "p.yaml"], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/2 parts could not .+ and deny; write them anew\n$/),
    ]);
  });

  test("the result is linted", async () => {
    const limits = "{name: a, rate_limit: 1/day}, {name: b, rate_limit: 2/day}";
    const cwd = folderWith(`version: "1"\ntools: {t: {rules: [${limits}]}}\n`);
    const { code, stderr } = await runInProcess(["policy", "import", "p.yaml"], { cwd });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: \/tools\/t\/limits\/1\/max: /m)]);
  });

  test("a file is never written over", async () => {
    const cwd = folderWith(SOURCE);
    const ended = await runInProcess(["policy", "import", "p.yaml", "--output", "p.yaml"], { cwd });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([
      2,
      "",
      "error: `p.yaml` cannot be written: it exists already\n",
    ]);
    expect(readFileSync(join(cwd, "p.yaml"), "utf8")).toBe(SOURCE);
  });

  test("what is no policy of either language: exit code 2, line and column, no file", async () => {
    const cwd = folderWith('version: "1"\nhidden: [a]\ntools: {a: {rules: []}}\n');
    const text = await runInProcess(["policy", "import", "p.yaml", "--output", "o.json"], { cwd });
    expect([text.code, text.stdout, text.stderr]).toEqual([
      2,
      "",
      expect.stringMatching(/^error: p\.yaml:2:1 \/hidden: .+\n$/),
    ]);
    expect(existsSync(join(cwd, "o.json"))).toBe(false);
    const json = await runInProcess(["policy", "import", "p.yaml", "--json"], { cwd });
    expect([json.code, json.stderr, JSON.parse(json.stdout)]).toEqual([
      2,
      "",
      { errors: [expect.objectContaining({ pointer: "/hidden", code: "unknown_key", line: 2, column: 1 })] },
    ]);
    const missing = await runInProcess(["policy", "import", "no.yaml"], { cwd });
    expect([missing.code, missing.stderr]).toEqual([
      2,
      "error: `no.yaml` cannot be read: there is no such file\n",
    ]);
  });

  test("a file of ours comes back as it is; --from intercept takes it for the other", async () => {
    const cwd = folderWith(JSON.stringify(DOCUMENT), "p.json");
    const ours = await runInProcess(["policy", "import", "p.json", "--from", "auto", "--json"], { cwd });
    expect([ours.code, JSON.parse(ours.stdout).document]).toEqual([0, DOCUMENT]);
    const theirs = await runInProcess(["policy", "import", "p.json", "--from", "intercept", "--json"], {
      cwd,
    });
    expect([theirs.code, JSON.parse(theirs.stdout).document.tools.pay.action]).toEqual([1, "deny"]);
  });
});

describe("a policy pasted from a page works, and what is stricter is told (policy-spec A6)", () => {
  const pasted = JSON.stringify({
    version: "1",
    default: "deny",
    tools: { pay: { deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 5 }] }] } },
  });

  test("policy check: one note for each difference, however many rules", async () => {
    const cwd = folderWith(pasted, "p.json");
    const text = await runInProcess(["policy", "check", "p.json"], { cwd });
    expect([text.code, text.stdout, text.stderr.split("\n")]).toEqual([
      0,
      "p.json: no errors, 0 warnings\n",
      [
        expect.stringMatching(/^note: \/tools\/pay\/deny_if\/0: a `deny_if` also denies a call without/),
        expect.stringMatching(/^note: `default: "deny"` also denies resources and prompts/),
        "",
      ],
    ]);
    const json = await runInProcess(["policy", "check", "p.json", "--json"], { cwd });
    expect([json.stderr, JSON.parse(json.stdout)]).toEqual([
      "",
      { errors: [], warnings: [], notes: [expect.any(String), expect.any(String)] },
    ]);
  });

  test("policy check points to the import when a file is Intercept's", async () => {
    const ended = await runInProcess(["policy", "check", "p.yaml"], { cwd: folderWith(SOURCE) });
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringMatching(
        /\nnote: this is a policy of Intercept: `portcullis policy import` makes one of ours\n$/,
      ),
    ]);
  });
});
