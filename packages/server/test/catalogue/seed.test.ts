import type { Category } from "@portcullis/catalogue";
import { describe, expect, test } from "vitest";
import { loadSeed } from "../../src/catalogue/seed/load-seed.ts";
import { packSeed, unpackSeed } from "../../src/catalogue/seed/seed-file.ts";
import type { IncomingServer } from "../../src/catalogue/store/incoming.ts";
import { newCatalogue, news, sent, verdict, WordJudge } from "./fixtures.ts";

const SERVER: IncomingServer = news("@acme/shop", undefined, {
  title: "secret words",
  description: "secret words",
  license: "MIT",
  package: { registry: "npm", name: "@acme/shop", version: "1.0.0" },
  atMs: 5_000,
  tools: {
    kind: "judged",
    items: [
      {
        definition: {
          name: "pay_order",
          title: "secret words",
          description: "secret words",
          inputSchema: {
            type: "object",
            description: "secret words",
            required: ["id"],
            properties: {
              id: { type: "string", format: "uuid", description: "secret words", default: "secret words" },
              how: { enum: ["secret words", "b", "c"] },
              lines: {
                type: "array",
                items: { type: "object", properties: { sku: { const: "secret words" } } },
              },
              or: { anyOf: [{ type: "null" }, { $ref: "#/$defs/Other" }] },
            },
            $defs: { Other: { type: "integer", examples: ["secret words"] } },
          },
          annotations: { title: "secret words", destructiveHint: true },
        },
        hash: "h1",
        verdict: {
          ...verdict("Financial"),
          evidence: [
            {
              rule: "r1",
              source: "description",
              text: "secret words and many more of them, a whole sentence",
              says: "Financial",
            },
            { rule: "r2", source: "description", text: "pays", says: "Financial" },
          ],
        },
      },
    ],
  },
});

describe("the shipped snapshot", () => {
  test("holds facts and verdicts, and no text that was written to be read", () => {
    const packed = packSeed([SERVER], 7_000);
    const seed = unpackSeed(packed);
    expect(JSON.stringify(seed.readServers())).not.toContain("secret words");
    expect(seed.madeAtMs).toBe(7_000);
    const { reader } = load(packed);
    expect(reader.server("@acme/shop")).toMatchObject({
      method: "introspected",
      license: "MIT",
      package: { registry: "npm", name: "@acme/shop", version: "1.0.0" },
      seenAtMs: 5_000,
      counts: { Financial: 1 },
    });
    expect(reader.tool("@acme/shop", "pay_order")).toMatchObject({
      definitionHash: "h1",
      verdict: { category: "Financial", evidence: [{ text: "" }, { text: "pays" }] },
      definition: {
        name: "pay_order",
        annotations: { destructiveHint: true },
        inputSchema: {
          type: "object",
          required: ["id"],
          properties: {
            id: { type: "string", format: "uuid" },
            how: { "x-enum-size": 3 },
            lines: { type: "array", items: { type: "object", properties: { sku: { "x-enum-size": 1 } } } },
            or: { anyOf: [{ type: "null" }, { $ref: "#/$defs/Other" }] },
          },
          $defs: { Other: { type: "integer" } },
        },
      },
    });
  });

  test("is loaded once, and a newer one again", () => {
    const { catalogue, judge } = load(packSeed([SERVER], 7_000));
    expect(loadSeed(catalogue, judge, packSeed([SERVER], 7_000))).toBe(0);
    expect(loadSeed(catalogue, judge, packSeed([SERVER], 8_000))).toBe(1);
    expect(judge.asked).toEqual([]);
  });

  test("is loaded again for other rules, and brings what they say of the same tools", () => {
    const { catalogue, reader } = load(packSeed([SERVER], 7_000));
    const before = reader.tool("@acme/shop", "pay_order");
    const judge = new WordJudge("test-2");
    const packed = packSeed([judgedBy("test-2", "Write")], 7_000);
    expect(loadSeed(catalogue, judge, packed)).toBe(1);
    expect(loadSeed(catalogue, judge, packed)).toBe(0);
    expect(reader.tool("@acme/shop", "pay_order")).toEqual({
      ...before,
      verdict: verdict("Write", "test-2"),
    });
    expect(reader.server("@acme/shop")?.counts).toMatchObject({ Write: 1, Financial: 0 });
    expect(reader.totals().counts).toMatchObject({ Write: 1, Financial: 0 });
    expect(reader.changes("@acme/shop", 10)).toEqual([]);
    expect(judge.asked).toEqual([]);
  });

  test("brings no verdict of rules that are not ours", () => {
    const { catalogue, reader } = load(packSeed([judgedBy("test-1", "Financial")], 7_000));
    loadSeed(catalogue, new WordJudge("test-3"), packSeed([judgedBy("test-2", "Write")], 8_000));
    expect(reader.tool("@acme/shop", "pay_order")?.verdict).toEqual(verdict("Financial", "test-1"));
  });

  test("changes nothing that was learned here since", () => {
    const catalogue = newCatalogue();
    const judge = new WordJudge();
    const pack = { registry: "npm", name: "@acme/shop", version: "2.0.0" } as const;
    catalogue
      .writer(judge)
      .upsertServer(news("@acme/shop", [sent("get_order")], { package: pack, atMs: 6_000 }));
    loadSeed(catalogue, judge, packSeed([SERVER], 7_000));
    const names = catalogue.reader.tools("@acme/shop").map(({ definition }) => definition.name);
    expect(names).toEqual(["get_order"]);
  });

  test("an unknown format is refused", () => {
    const catalogue = newCatalogue();
    expect(() => loadSeed(catalogue, new WordJudge(), Buffer.from("x"))).toThrow();
  });
});

/** The same server, its tool judged by other rules. */
function judgedBy(rules: string, category: Category): IncomingServer {
  const [tool] = SERVER.tools?.kind === "judged" ? SERVER.tools.items : [];
  if (tool === undefined) expect.fail("no tool");
  return { ...SERVER, tools: { kind: "judged", items: [{ ...tool, verdict: verdict(category, rules) }] } };
}

function load(packed: Buffer) {
  const catalogue = newCatalogue();
  const judge = new WordJudge();
  expect(loadSeed(catalogue, judge, packed)).toBe(1);
  return { catalogue, reader: catalogue.reader, judge };
}
