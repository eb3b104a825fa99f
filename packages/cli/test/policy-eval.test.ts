import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";

const POLICY = {
  version: "1",
  default: "deny",
  hide: ["secret_*"],
  tools: {
    list: {},
    refund: {
      deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 100 }], on_deny: "Too much." }],
      approve_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 50 }], reason: "Above 50" }],
    },
    pay: { action: "require_approval" },
    build: { rate_limit: { max: 1, window: "minute" } },
    own: { limits: [{ counter: "own", window: "hour", max: 1, scope: "session" }] },
    named: {
      require: [{ conditions: [{ path: "grant.label", op: "eq", value: "ci" }], on_deny: "Not for you." }],
    },
    early: { require: [{ conditions: [{ path: "time.hour", op: "lt", value: 12 }], on_deny: "Too late." }] },
  },
};
const ALLOW = { effect: "allow", rule: "", message: "" };
const LIMIT_REACHED = "Rate limit of 1 per minute reached; retry in";

describe("policy eval decides as the gateway does", () => {
  test.each<{ name: string; call: unknown; decision: unknown }>([
    { name: "plain allow", call: { tool: "list" }, decision: ALLOW },
    {
      name: "default deny",
      call: { tool: "other", args: {} },
      decision: {
        effect: "deny",
        rule: "(default deny)",
        message: 'Tool "other" is not permitted by policy.',
      },
    },
    {
      name: "hidden",
      call: { tool: "secret_x" },
      decision: { effect: "deny", rule: "(hidden)", message: "Unknown tool: secret_x" },
    },
    {
      name: "denied by a predicate",
      call: { tool: "refund", args: { amount: 101 } },
      decision: { effect: "deny", rule: "/tools/refund/deny_if/0", message: "Too much." },
    },
    {
      name: "denied because it cannot tell (C2)",
      call: { tool: "refund" },
      decision: {
        effect: "deny",
        rule: "/tools/refund/deny_if/0",
        message: "Too much. (args.amount is missing)",
      },
    },
    {
      name: "hold with the author's reason",
      call: { tool: "refund", args: { amount: 51 } },
      decision: { effect: "hold", rule: "/tools/refund/approve_if/0", message: "Above 50" },
    },
    {
      name: "hold without a reason",
      call: { tool: "pay" },
      decision: { effect: "hold", rule: "/tools/pay/action", message: "Needs a person's approval." },
    },
    { name: "the grant of the call", call: { tool: "named", grant: "ci" }, decision: ALLOW },
    {
      name: "the time of the call, UTC without a zone",
      call: { tool: "early", at: "2026-01-01T09:00" },
      decision: ALLOW,
    },
    {
      name: "an array is answered by an array, counters running on",
      call: [
        { tool: "build", at: "2026-01-01T00:00:00Z" },
        { tool: "build", at: "2026-01-01T00:00:20Z" },
        { tool: "build", at: "2026-01-01T00:01:00Z" },
      ],
      decision: [
        ALLOW,
        { effect: "deny", rule: "/tools/build/rate_limit", message: `${LIMIT_REACHED} 40 s.` },
        ALLOW,
      ],
    },
    {
      name: "grants and sessions have their own counters (L4)",
      call: [
        { tool: "build", grant: "a", at: "2026-01-01" },
        { tool: "build", grant: "b", at: "2026-01-01" },
        { tool: "own", session: "1", at: "2026-01-01" },
        { tool: "own", session: "2", at: "2026-01-01" },
        { tool: "build", grant: "a", at: "2026-01-01" },
      ],
      decision: [
        ALLOW,
        ALLOW,
        ALLOW,
        ALLOW,
        { effect: "deny", rule: "/tools/build/rate_limit", message: `${LIMIT_REACHED} 60 s.` },
      ],
    },
    { name: "an empty array", call: [], decision: [] },
  ])("$name", async ({ call, decision }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "policy.json"), JSON.stringify(POLICY));
    const argv = ["policy", "eval", "--policy", "policy.json", "--call", "-"];
    const [json, text] = [
      await runInProcess([...argv, "--json"], { cwd, stdin: JSON.stringify(call) }),
      await runInProcess(argv, { cwd, stdin: JSON.stringify(call) }),
    ];
    expect([json.code, json.stderr, JSON.parse(json.stdout)]).toEqual([0, "", decision]);
    expect([text.code, text.stderr, JSON.parse(text.stdout)]).toEqual([0, "", decision]);
  });

  test("--at is the time of the calls that carry none", async () => {
    const calls = JSON.stringify([{ tool: "early" }, { tool: "early", at: "2026-01-01T01:00Z" }]);
    const ended = await evaluate(calls, ["--at", "2026-01-01T13:00:00Z"]);
    const late = { effect: "deny", rule: "/tools/early/require/0", message: "Too late." };
    expect(JSON.parse(ended.stdout)).toEqual([late, ALLOW]);
  });

  test("a key that means nothing is told on standard error", async () => {
    expect(await evaluate('{"tool":"list","arguments":{}}')).toEqual({
      code: 0,
      stdout: `${JSON.stringify(ALLOW)}\n`,
      stderr: "warning: `arguments` means nothing in a call; known: tool, args, at, grant, session\n",
    });
  });
});

describe("input that is refused: one line, nothing on standard output, exit code 2", () => {
  test.each<{ name: string; call: string; more?: string[]; stderr: RegExp }>([
    { name: "no tool", call: "{}", stderr: /^error: `-`: needs `"tool": "<name>"`\n$/ },
    {
      name: "second of an array",
      call: '[{"tool":"a"},{}]',
      stderr: /^error: `-`: call 2: needs `"tool": "<name>"`\n$/,
    },
    {
      name: "args of another type",
      call: '{"tool":"a","args":[]}',
      stderr: /^error: `-`: `args` must be an object\n$/,
    },
    {
      name: "time that is none",
      call: '{"tool":"a","at":"noon"}',
      stderr: /^error: `-`: `at` must be an ISO time such as /,
    },
    {
      name: "grant of another type",
      call: '{"tool":"a","grant":1}',
      stderr: /^error: `-`: `grant` must be a label\n$/,
    },
    {
      name: "session of another type",
      call: '{"tool":"a","session":1}',
      stderr: /^error: `-`: `session` must be a string\n$/,
    },
    { name: "not JSON", call: "{", stderr: /^error: `-`: the gateway would not read this message: .+\n$/ },
    { name: "array without end", call: "[{}", stderr: /^error: `-`: is not JSON: the array does not end\n$/ },
    {
      name: "array closed by a brace",
      call: "[}",
      stderr: /^error: `-`: is not JSON: the array does not end\n$/,
    },
    {
      name: "comma at the end",
      call: '[{"tool":"a"},]',
      stderr: /^error: `-`: call 2: the gateway would not read /,
    },
    {
      name: "number that is not exact (C7)",
      call: '{"tool":"a","args":{"x":9007199254740993}}',
      stderr: /^error: `-`: the gateway would /,
    },
    {
      name: "key twice",
      call: '{"tool":"a","tool":"b"}',
      stderr: /^error: `-`: the gateway would not read this message: /,
    },
    {
      name: "--at that is none",
      call: "{}",
      more: ["--at", "now"],
      stderr: /^error: `--at now` must be an ISO time such as /,
    },
  ])("$name", async ({ call, more = [], stderr }) => {
    expect(await evaluate(call, more)).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(stderr),
    });
  });

  test.each([
    {
      argv: ["--policy", "none.json", "--call", "-"],
      stderr: "error: `none.json` cannot be read: there is no such file\n",
    },
    { argv: ["--policy", ".", "--call", "-"], stderr: "error: `.` cannot be read: it is a folder\n" },
    {
      argv: ["--policy", "policy.json", "--call", "none"],
      stderr: "error: `none` cannot be read: there is no such file\n",
    },
  ])("$argv", async ({ argv, stderr }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "policy.json"), JSON.stringify(POLICY));
    expect(await runInProcess(["policy", "eval", ...argv, "--json"], { cwd })).toEqual({
      code: 2,
      stdout: "",
      stderr,
    });
  });

  test("a policy that does not compile: its errors as JSON, with and without --json", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "policy.json"), '{"version":"2","default":"deny","tols":{}}');
    for (const extra of [[], ["--json"]]) {
      const ended = await runInProcess(
        ["policy", "eval", "--policy", "policy.json", "--call", "-", ...extra],
        { cwd },
      );
      const { errors } = JSON.parse(ended.stdout);
      expect([ended.code, ended.stderr]).toEqual([2, ""]);
      expect(errors.map((error: object) => Object.keys(error))).toEqual([
        ["pointer", "code", "message"],
        ["pointer", "code", "message"],
      ]);
      expect(errors.map((error: { pointer: string }) => error.pointer)).toEqual(["/version", "/tols"]);
    }
  });
});

test("policy explain shows every predicate that was read, with its value (R1)", async () => {
  const cwd = newFolder();
  writeFileSync(
    join(cwd, "policy.yaml"),
    `version: "1"\ndefault: deny\ntools: ${JSON.stringify(POLICY.tools)}\n`,
  );
  writeFileSync(join(cwd, "call.json"), '{"tool":"refund","args":{"amount":60}}');
  const argv = ["policy", "explain", "--policy", "policy.yaml", "--call", "call.json"];
  const [text, json] = [await runInProcess(argv, { cwd }), await runInProcess([...argv, "--json"], { cwd })];
  expect(text).toEqual({
    code: 0,
    stdout:
      "HOLD  refund  /tools/refund/approve_if/0\n  Above 50\n  false    /tools/refund/deny_if/0\n  true     /tools/refund/approve_if/0\n",
    stderr: "",
  });
  expect(JSON.parse(json.stdout)).toEqual({
    effect: "hold",
    rule: "/tools/refund/approve_if/0",
    message: "Above 50",
    trace: [
      { rule: "/tools/refund/deny_if/0", result: "false" },
      { rule: "/tools/refund/approve_if/0", result: "true" },
    ],
  });
});

test("policy schema prints a JSON Schema", async () => {
  const ended = await runInProcess(["policy", "schema", "--json"]);
  expect([ended.code, JSON.parse(ended.stdout).$schema]).toEqual([
    0,
    "https://json-schema.org/draft/2020-12/schema",
  ]);
});

async function evaluate(call: string, more: readonly string[] = []): ReturnType<typeof runInProcess> {
  const cwd = newFolder();
  writeFileSync(join(cwd, "policy.json"), JSON.stringify(POLICY));
  const argv = ["policy", "eval", "--policy", "policy.json", "--call", "-", "--json", ...more];
  return runInProcess(argv, { cwd, stdin: call });
}
