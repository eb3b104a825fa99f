import { describe, expect, it } from "vitest";
import type { CompiledLimit } from "../src/decision.ts";
import {
  limitMessage,
  notPermittedMessage,
  toUnknownText,
  unknownToolMessage,
  withUnknown,
} from "../src/message.ts";

const LIMIT: CompiledLimit = {
  counter: "c",
  window: 60,
  scope: "grant",
  algorithm: "fixed",
  maxMicros: 10e6,
  byAmount: false,
  refundOnError: false,
};

describe("policy-spec L5: messages of limits", () => {
  it.each<[string, Partial<CompiledLimit>, number | undefined, string]>([
    ["a rate", {}, 22_001, "Rate limit of 10 per minute reached; retry in 23 s."],
    ["whole seconds are not rounded", {}, 23_000, "Rate limit of 10 per minute reached; retry in 23 s."],
    ["seconds", { window: 90 }, 1, "Rate limit of 10 per 90 s reached; retry in 1 s."],
    ["no retry", {}, undefined, "Rate limit of 10 per minute reached."],
    [
      "amounts",
      { byAmount: true, maxMicros: 50_000e6, window: 86_400 },
      22_500,
      "Limit of 50000 per day reached (asked 700, left 300.5); retry in 23 s.",
    ],
    [
      "the largest amount with decimals is written exactly",
      { byAmount: true, maxMicros: 8_999_999_999_999_999 },
      undefined,
      "Limit of 8999999999.999999 per minute reached (asked 700, left 300.5).",
    ],
  ])("%s", (_, limit, retryAfterMs, message) => {
    const excess = { askedMicros: 700e6, leftMicros: 300.5e6, retryAfterMs };
    expect(limitMessage({ ...LIMIT, ...limit }, excess)).toBe(message);
  });
});

describe("policy-spec R4 and R5: other messages", () => {
  it("names things", () => {
    expect([
      unknownToolMessage("a"),
      notPermittedMessage("Tool", "a"),
      withUnknown("m", undefined),
      withUnknown("m", "u"),
    ]).toEqual(["Unknown tool: a", 'Tool "a" is not permitted by policy.', "m", "m (u)"]);
  });

  it("R5: an unknown names path and kind, never the value", () => {
    const expected = { kinds: ["number", "array"], otherwise: "is odd" } as const;
    const text = (value: Parameters<typeof toUnknownText>[0]["value"]) =>
      toUnknownText({ path: "args.x", value, expected });
    expect([text(undefined), text(null), text("secret"), text(7), text({ secret: 1 }), text(true)]).toEqual([
      "args.x is missing",
      "args.x is null",
      "args.x is a string, not a number or an array",
      "args.x is odd",
      "args.x is an object, not a number or an array",
      "args.x is a boolean, not a number or an array",
    ]);
  });
});
