import { describe, expect, test } from "vitest";
import { RETRY_AFTER_META } from "../../src/call/wire.ts";
import { type LineRig, openLine } from "./line-rig.ts";

const POLICY = {
  version: "1",
  default: "deny",
  hide: ["secret"],
  tools: {
    run: {
      deny_if: [
        { conditions: [{ path: "args.n", op: "gt", value: 5 }], on_deny: "At most 5." },
        { conditions: [{ path: "args.m", op: "exists", value: true }] },
      ],
      limits: [
        { counter: "calls", window: "minute", max: 1 },
        { counter: "sum", window: "day", max: 10, increment_from: "args.sum" },
      ],
    },
    held: { action: "require_approval" },
  },
};

const call = (rig: LineRig, name: string, args: object) =>
  rig.send("tools/call", { name, arguments: { n: 1, sum: 1, ...args } });

describe.each([
  ["modern", { resultType: "complete" }],
  ["legacy", {}],
] as const)("policy-spec R3: what the agent reads of a denial, %s", (era, complete) => {
  const told = (text: string, meta?: object) => ({
    status: 200,
    body: {
      jsonrpc: "2.0",
      id: 1,
      result: {
        ...complete,
        content: [{ type: "text", text: `[POLICY DENIED] ${text}` }],
        isError: true,
        ...(meta === undefined ? {} : { _meta: meta }),
      },
    },
  });

  test.each([
    ["by default (R5)", "other", {}, 'Tool "other" is not permitted by policy.'],
    ["in the author's words", "run", { n: 6 }, "At most 5."],
    ["in the rule's name", "run", { m: 1 }, "Denied by rule /tools/run/deny_if/1."],
    ["because of an argument", "run", { n: "6" }, "At most 5. (args.n is a string, not a number)"],
    [
      "because of an amount (L2)",
      "run",
      { sum: -1 },
      "Denied by rule /tools/run/limits/1. (args.sum is negative)",
    ],
    [
      "because a person would have to approve",
      "held",
      {},
      "This call needs a person's approval, and this gateway has no approvals yet. Nothing was executed.",
    ],
  ])("%s", async (_, name, args, text) => {
    await using rig = await openLine({ era, policy: POLICY });
    expect(await call(rig, name, args)).toEqual(told(text));
    expect(rig.ran()).toEqual([]);
  });

  test("a limit says when to try again, in words and in milliseconds (L5)", async () => {
    await using rig = await openLine({ era, policy: POLICY });
    expect((await call(rig, "run", {})).status).toBe(200);
    expect(await call(rig, "run", {})).toEqual(
      told("Rate limit of 1 per minute reached; retry in 60 s.", { [RETRY_AFTER_META]: 60_000 }),
    );
    expect(rig.ran()).toEqual(["run"]);
  });

  test("a limit that the call alone exceeds promises nothing (L5)", async () => {
    await using rig = await openLine({ era, policy: POLICY });
    expect(await call(rig, "run", { sum: 11 })).toEqual(
      told("Limit of 10 per day reached (asked 11, left 10)."),
    );
    expect(rig.ran()).toEqual([]);
  });

  test.each([
    ["a resource", "resources/read", { uri: "docs://a" }, 'Resource "docs://a" is not permitted by policy.'],
    ["a prompt", "prompts/get", { name: "p" }, 'Prompt "p" is not permitted by policy.'],
  ])("what is no tool call is a JSON-RPC error: %s", async (_, method, params, text) => {
    await using rig = await openLine({ era, policy: POLICY });
    expect(await rig.send(method, params)).toEqual({
      status: 200,
      body: { jsonrpc: "2.0", id: 1, error: { code: -32602, message: `[POLICY DENIED] ${text}` } },
    });
  });

  test("a hidden tool is a JSON-RPC error, as an unknown one is (R4)", async () => {
    await using rig = await openLine({ era, policy: POLICY });
    const answers = [await call(rig, "secret", {}), await call(rig, "nosuch", {})];
    expect(answers).toEqual(
      ["secret", "nosuch"].map((name) => ({
        status: 200,
        body: { jsonrpc: "2.0", id: 1, error: { code: -32602, message: `Unknown tool: ${name}` } },
      })),
    );
  });
});
