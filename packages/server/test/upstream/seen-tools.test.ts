import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { lookAhead, readToolList } from "../../src/upstream/seen-tools.ts";

const NOTHING = new Map();
const tool = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  inputSchema: { type: "object", properties: { [name]: { type: "string" } } },
  ...more,
});
const many = (count: number) => Array.from({ length: count }, (_, at) => tool(`t${at}`));

describe("a long list of tools", () => {
  test.each([0, 1, 19, 20, 21, 60, 61, 305])(
    "of %d is read with what was seen of it ahead as it is without",
    async (count) => {
      // One with the name of another, far away; one that is of no use; one whose name nobody could check.
      const items = [...many(count), tool("t0", { title: "other" }), { name: "bare" }, tool("t\u200b")];
      const ahead = await lookAhead(items, NOTHING, true);
      const plain = readToolList(items, NOTHING, true);
      const { tools, known, dropped } = readToolList(items, ahead, true);
      expect({ tools, known, dropped }).toEqual(plain);
    },
  );

  test("lets others have their turn while it is looked at", async () => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const ahead = await lookAhead(many(305), NOTHING, false);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(14);
    expect(ahead.size).toBe(300);
  });

  test("that changed while it was looked at is believed by its own text alone", async () => {
    const ahead = await lookAhead(many(40), NOTHING, false);
    const changed = many(40).map((one) => ({ ...one, description: "other" }));
    expect(readToolList(changed, ahead, false)).toEqual(readToolList(changed, NOTHING, false));
  });
});
