import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";
import { openWorkbench, tool } from "./workbench.ts";

const POLICY = {
  $schema: "policy.v1.json",
  version: "1",
  default: "deny",
  tools: { build: { rate_limit: { max: 2, window: "minute" } }, drop: { action: "deny", reason: "No." } },
};

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

describe("policy test runs the tests beside a policy (policy-spec A3)", () => {
  const tests = [
    { name: "builds", call: { tool: "build" }, expect: { effect: "allow" } },
    {
      name: "third build",
      call: { tool: "build" },
      given: { counters: { build_rate: 2 } },
      expect: { effect: "deny", rule: "/tools/build/rate_limit" },
    },
  ];

  test("all pass: exit code 0", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    writeFileSync(join(cwd, "p.test.yaml"), `tests: ${JSON.stringify(tests)}\n`);
    const text = await runInProcess(["policy", "test", "p.json"], { cwd });
    expect(text).toEqual({
      code: 0,
      stdout: "ok    p.json  builds\nok    p.json  third build\n2 passed, 0 failed\n",
      stderr: "",
    });
    const json = await runInProcess(["policy", "test", "--json", "p.json", "p.test.yaml"], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, passed: 2, failed: 0 });
  });

  test("one fails: exit code 1, with what was expected and what came", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    const wrong = { name: "drops", call: { tool: "drop" }, expect: { effect: "allow", rule: "" } };
    writeFileSync(join(cwd, "p.test.json"), JSON.stringify({ tests: [wrong] }));
    const [text, json] = [
      await runInProcess(["policy", "test", "p.json"], { cwd }),
      await runInProcess(["policy", "test", "p.json", "--json"], { cwd }),
    ];
    expect(text).toEqual({
      code: 1,
      stdout:
        "FAIL  p.json  drops\n      expected  allow (no rule)\n      got       deny /tools/drop/action  No.\n0 passed, 1 failed\n",
      stderr: "",
    });
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      1,
      {
        ok: false,
        passed: 0,
        failed: 1,
        results: [
          {
            policy: "p.json",
            name: "drops",
            ok: false,
            expected: { effect: "allow", rule: "" },
            actual: { effect: "deny", rule: "/tools/drop/action", message: "No." },
          },
        ],
      },
    ]);
  });

  test.each<{ name: string; files: { [name: string]: string }; stderr: RegExp }>([
    {
      name: "no tests",
      files: {},
      stderr: /^error: `p\.json` has no tests: write them into `p\.test\.json` or `\.yaml`\n$/,
    },
    {
      name: "two files of tests",
      files: { "p.test.json": "{}", "p.test.yaml": "" },
      stderr: /^error: `p\.test\.json` and `p\.test\.yaml` are both there: keep one of them\n$/,
    },
    {
      name: "tests that are none",
      files: { "p.test.json": '{"tests":[{}]}' },
      stderr: /^error: p\.test\.json:1:\d+ \/tests\/0.*: .+\n$/,
    },
    {
      name: "a policy that does not compile",
      files: { "p.json": "{}" },
      stderr: /^error: p\.json:1:\d+ .+\(and 1 more\); `portcullis policy check` lists every error\n$/,
    },
  ])("refused: $name", async ({ files, stderr }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify(POLICY));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const ended = await runInProcess(["policy", "test", "p.json", "--json"], { cwd });
    expect(ended).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(stderr) });
  });
});

describe("policy check", () => {
  test("errors with their place, all of them, exit code 2 (policy-spec M6)", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), '{\n  "version": "1",\n  "default": "maybe",\n  "tols": {}\n}');
    const json = await runInProcess(["policy", "check", "--json", "p.json"], { cwd });
    const { errors, warnings } = JSON.parse(json.stdout);
    expect([json.code, json.stderr, warnings]).toEqual([2, "", []]);
    expect(errors).toEqual([
      { pointer: "/default", code: "invalid_value", message: expect.any(String), line: 3, column: 14 },
      {
        pointer: "/tols",
        code: "unknown_key",
        message: expect.stringContaining("tools"),
        line: 4,
        column: 3,
      },
    ]);
    const text = await runInProcess(["policy", "check", "p.json"], { cwd });
    expect([text.code, text.stdout]).toEqual([2, ""]);
    expect(text.stderr.split("\n").map((line) => line.split(": ", 2).join(": "))).toEqual([
      "error: p.json:3:14 /default",
      "error: p.json:4:3 /tols",
      "",
    ]);
  });

  test("warnings do not change the exit code", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "p.json"), JSON.stringify({ ...POLICY, on_unknown: "pass" }));
    const json = await runInProcess(["policy", "check", "--json", "p.json"], { cwd });
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      0,
      {
        errors: [],
        warnings: [expect.objectContaining({ pointer: "/on_unknown", code: "on_unknown_pass" })],
      },
    ]);
    const text = await runInProcess(["policy", "check", "p.json"], { cwd });
    expect(text).toEqual({
      code: 0,
      stdout: "p.json: no errors, 1 warning\n",
      stderr: expect.stringMatching(/^warning: p\.json \/on_unknown: .+\n$/),
    });
  });

  test("--server lints against its tools (policy-spec A4)", async () => {
    const bench = openWorkbench();
    bench.setTools([tool("build")]);
    await bench.json("server", "add", "--name", "ci", "--", ...bench.command);
    bench.writePolicy("p.json", POLICY);
    expect(await bench.json("policy", "check", "--server", "ci", "p.json")).toEqual({
      errors: [],
      warnings: [expect.objectContaining({ pointer: "/tools/drop", code: "unknown_tool" })],
    });
    const published = await bench.run([
      "policy",
      "publish",
      "--server",
      "ci",
      "--name",
      "p",
      "p.json",
      "--json",
    ]);
    expect([published.code, published.stderr]).toEqual([
      0,
      "warning: the linter has 1 warning; `policy check --server ci` lists them\n",
    ]);
  });

  test.each<{ name: string; file: string; text: string }>([
    { name: "JSONC", file: "p.jsonc", text: '// why\n{"version":"1","default":"allow",}' },
    { name: "YAML", file: "p.yml", text: 'version: "1"\ndefault: allow # why\n' },
    { name: "JSONC without an extension", file: "p", text: '// why\n{"version":"1","default":"allow"}' },
    { name: "YAML without an extension", file: "q", text: 'version: "1"\ndefault: allow\n' },
  ])("$name is read (policy-spec M4)", async ({ file, text }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, file), text);
    const ended = await runInProcess(["policy", "check", "--json", file], { cwd });
    expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { errors: [], warnings: [] }]);
  });
});
