import { describe, expect, test } from "vitest";
import { validatePolicy } from "../src/validate.ts";

function errorsOf(content: object): readonly string[] {
  const validated = validatePolicy({ version: "1", default: "deny", ...content });
  return validated.ok
    ? []
    : validated.error.map(({ code, pointer, message }) => `${code} ${pointer}: ${message}`);
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
const tools = (keys: readonly string[]) => ({ tools: Object.fromEntries(keys.map((key) => [key, {}])) });
const predicates = (count: number) => Array.from({ length: count }, () => ({ conditions: [] }));
const limits = (count: number) => Array.from({ length: count }, () => ({ counter: "c", window: 1, max: 1 }));

describe("each limit holds, and its error names the number (policy-spec M5)", () => {
  test.each<readonly [string, object, object, string]>([
    [
      "tool entries",
      tools(names(2000)),
      tools(names(2001)),
      "/tools: `tools` has 2001 entries; at most 2000 are allowed",
    ],
    [
      "hide",
      { hide: names(2000) },
      { hide: names(2001) },
      "/hide: `hide` has 2001 patterns; at most 2000 are allowed",
    ],
    [
      "allow",
      { resources: { allow: names(2000) } },
      { resources: { allow: names(2001) } },
      "/resources/allow: `allow` has 2001 patterns; at most 2000 are allowed",
    ],
    [
      "deny",
      { prompts: { deny: names(2000) } },
      { prompts: { deny: names(2001) } },
      "/prompts/deny: `deny` has 2001 patterns; at most 2000 are allowed",
    ],
    [
      "require",
      { all_tools: { require: predicates(64) } },
      { all_tools: { require: predicates(65) } },
      "/all_tools/require: `require` has 65 predicates; at most 64 are allowed",
    ],
    [
      "limits",
      { all_tools: { limits: limits(16) } },
      { all_tools: { limits: limits(17) } },
      "/all_tools/limits: `limits` has 17 limits; at most 16 are allowed",
    ],
    [
      "keys",
      tools(["😀".repeat(256)]),
      tools(["k".repeat(257)]),
      `/tools/${"k".repeat(257)}: \`${"k".repeat(80)}…\` is longer than 256 characters; shorten it`,
    ],
    [
      "patterns",
      { hide: ["x".repeat(1000)] },
      { hide: ["x".repeat(1001)] },
      "/hide/0: item 0 of `hide` is longer than 1000 characters; shorten it",
    ],
    [
      "other strings",
      { description: "x".repeat(4096) },
      { description: "x".repeat(4097) },
      "/description: `description` is longer than 4096 characters; shorten it",
    ],
  ])("%s", (_name, largest, tooLarge, expected) => {
    expect(errorsOf(largest)).toEqual([]);
    expect(errorsOf(tooLarge)).toEqual([`limit_exceeded ${expected}`]);
  });

  test("what stands beyond the limit of a list is not judged", () => {
    expect(errorsOf({ hide: [...names(2000), 1, "n1"] })).toHaveLength(1);
    const entries = { ...tools(names(2000)).tools, bad: 1 };
    expect(errorsOf({ tools: entries })).toHaveLength(1);
  });

  test("below a key that is too long nothing is judged", () => {
    expect(errorsOf({ tools: { ["k".repeat(257)]: { x: 1 } } })).toHaveLength(1);
  });
});
