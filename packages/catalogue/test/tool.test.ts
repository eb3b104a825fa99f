import { expect, test } from "vitest";
import { toToolDefinition } from "../src/tool.ts";

test("members of a definition that are what they must be are kept", () => {
  const whole = {
    title: "T",
    description: "D",
    inputSchema: { type: "object" },
    annotations: {
      title: "A",
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  };
  expect(toToolDefinition("get_x", { ...whole, name: "other", _meta: {}, outputSchema: {} })).toEqual({
    name: "get_x",
    ...whole,
  });
});

test("members of a definition that are something else are left out", () => {
  const odd = {
    title: 1,
    description: null,
    inputSchema: [],
    annotations: { title: {}, readOnlyHint: "yes", destructiveHint: 1, note: "x" },
  };
  expect(toToolDefinition("get_x", odd)).toEqual({ name: "get_x", annotations: {} });
  expect(toToolDefinition("get_x", { annotations: "none" })).toEqual({ name: "get_x" });
  expect(toToolDefinition("get_x", JSON.parse('{"__proto__":{"title":"T"}}'))).toEqual({ name: "get_x" });
});
