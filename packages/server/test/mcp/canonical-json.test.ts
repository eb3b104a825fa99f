import { createHash } from "node:crypto";
import type { JsonObject } from "@portcullis/policy";
import { describe, expect, it } from "vitest";
import { definitionHash } from "../../src/mcp/canonical-json.ts";

const TOOL = {
  name: "read",
  title: "Read",
  description: "Reads a file.",
  inputSchema: {
    type: "object",
    properties: {
      path: { type: "string", description: "p", default: "/", enum: ["/", "/a"], examples: ["/"] },
    },
    $comment: "c",
  },
  annotations: { readOnlyHint: true },
  icons: [{ src: "https://example.com/i.png" }],
  _meta: { "com.example/x": 1 },
};

describe("hash of a tool definition (threats 32 and 33)", () => {
  it("is the SHA-256 of RFC 8785 JSON", () => {
    const text = '{"a":[1,true,null],"b":"é"}';
    expect(definitionHash({ b: "é", a: [1.0, true, null] })).toBe(
      createHash("sha256").update(text).digest("hex"),
    );
  });

  it("does not depend on the order of members", () => {
    const reversed = Object.fromEntries(Object.entries(TOOL).reverse());
    expect(definitionHash(reversed)).toBe(definitionHash(TOOL));
  });

  it("changes with every leaf, every key and every removal", () => {
    const variants = allVariants(TOOL);
    const hashes = new Set(variants.map((variant) => definitionHash(variant)));
    expect(variants.length).toBeGreaterThan(40);
    expect([hashes.size, hashes.has(definitionHash(TOOL)), hashes.has(undefined)]).toEqual([
      variants.length,
      false,
      false,
    ]);
  });

  it("survives depth, and has no hash for a lone surrogate", () => {
    let deep: JsonObject = { name: "x" };
    for (let level = 0; level < 100_000; level += 1) deep = { a: deep };
    expect(definitionHash(deep)).toMatch(/^[0-9a-f]{64}$/);
    expect(definitionHash({ name: "\ud800" })).toBeUndefined();
    expect(definitionHash({ "\udc00": 1 })).toBeUndefined();
  });

  it("counts a `__proto__` member and ignores inherited ones", () => {
    const odd: JsonObject = JSON.parse('{"__proto__":{"a":1}}');
    expect(definitionHash(odd)).toBe(createHash("sha256").update('{"__proto__":{"a":1}}').digest("hex"));
  });
});

/** Copies of `tool`, each with one leaf changed, one key renamed or one member removed. */
function allVariants(tool: JsonObject): JsonObject[] {
  const text = JSON.stringify(tool);
  const places: string[][] = [];
  collectPlaces(tool, [], places);
  return places.flatMap((place) =>
    [(_: unknown) => "changed", undefined].map((change) => {
      const copy = JSON.parse(text);
      const parent = place.slice(0, -1).reduce((value, key) => value[key], copy);
      const key = place.at(-1) ?? "";
      if (change !== undefined) parent[key] = change(parent[key]);
      else if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else {
        parent[`${key}2`] = parent[key];
        delete parent[key];
      }
      return copy;
    }),
  );
}

function collectPlaces(value: unknown, path: string[], places: string[][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inside] of Object.entries(value)) {
    places.push([...path, key]);
    collectPlaces(inside, [...path, key], places);
  }
}
