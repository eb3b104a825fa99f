import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { BOUNDS } from "../../src/catalogue/store/bounds.ts";
import { newCatalogue, news, sent, WordJudge } from "./fixtures.ts";

function store(tools: readonly JsonObject[]) {
  const catalogue = newCatalogue();
  const done = catalogue.writer(new WordJudge()).upsertServer(news("acme", tools));
  if (!done.ok) expect.fail(done.error);
  return { reader: catalogue.reader, report: done.value, db: catalogue.db };
}

/** As it arrives: JSON text makes `__proto__` an own member. */
function parsed(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

describe("a hostile server in the catalogue", () => {
  test("a description of 10 MB is cut and reported, and its end still counts for the hash", () => {
    const long = "d".repeat(10 * 1024 * 1024);
    const { reader, report } = store([sent("get_a", `${long}1`), sent("get_b", `${long}2`)]);
    expect(reader.tool("acme", "get_a")?.definition.description).toHaveLength(BOUNDS.descriptionChars);
    expect(report.notes).toEqual([
      { tool: "get_a", reason: "the description is cut after 16384 characters" },
      { tool: "get_b", reason: "the description is cut after 16384 characters" },
    ]);
    const other = store([sent("get_a", `${long}3`)]);
    const hash = reader.tool("acme", "get_a")?.definitionHash;
    expect(other.reader.tool("acme", "get_a")?.definitionHash).not.toBe(hash);
  });

  test("of 100,000 tools only the first are kept, and that is told", () => {
    const { reader, report } = store(Array.from({ length: 100_000 }, (_, index) => sent(`get_${index}`)));
    expect(reader.server("acme")?.tools).toBe(BOUNDS.toolsPerServer);
    expect(report.notes).toEqual([{ tool: undefined, reason: "only the first 20000 of its tools are kept" }]);
    expect(reader.tools("acme")).toHaveLength(1_000);
  });

  test("a schema 5,000 deep is left out and reported", () => {
    const deep = parsed(
      `{"type":"object","properties":{"a":${'{"items":'.repeat(5_000)}{}${"}".repeat(5_000)}}}`,
    );
    const { reader, report } = store([sent("get_a", "a", { inputSchema: deep })]);
    expect(reader.tool("acme", "get_a")?.definition).toEqual({ name: "get_a", description: "a" });
    expect(report.notes[0]?.reason).toMatch(/input schema is left out.*nested too deeply/);
  });

  test("an outer member 100,000 deep does no harm", () => {
    const tool = parsed(`{"name":"get_a","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    expect(store([tool]).report.added).toBe(1);
  });

  test("a schema of a megabyte is left out and reported", () => {
    const big = { type: "object", properties: { a: { type: "string", description: "x".repeat(1_000_000) } } };
    const { reader, report } = store([sent("get_a", "a", { inputSchema: big })]);
    expect(reader.tool("acme", "get_a")?.definition.inputSchema).toBeUndefined();
    expect(report.notes[0]?.reason).toMatch(/over 262144 characters/);
  });

  test("markup, directions and control characters are kept as text", () => {
    const text = "<script>alert(1)</script>\u202egnp.exe\u0000\u001b[2J\u200b";
    const { reader } = store([
      sent("get_a", text, { title: text, annotations: { title: text, readOnlyHint: true } }),
    ]);
    expect(reader.tool("acme", "get_a")?.definition).toEqual({
      name: "get_a",
      title: text,
      description: text,
      inputSchema: { type: "object" },
      annotations: { title: text, readOnlyHint: true },
    });
  });

  test("`__proto__` is a member like any other, and changes no object", () => {
    const tool = parsed(
      '{"name":"get_a","__proto__":{"polluted":1},"inputSchema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}',
    );
    const { reader } = store([tool, sent("__proto__"), sent("constructor")]);
    const schema = reader.tool("acme", "get_a")?.definition.inputSchema;
    expect(JSON.stringify(schema)).toContain('"__proto__":{"type":"string"}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(reader.tool("acme", "__proto__")).toBeUndefined();
    expect(reader.tool("acme", "constructor")?.definition.name).toBe("constructor");
  });

  test.each([
    ["a name that is no text", { name: 7 }],
    ["no name", {}],
    ["an empty name", { name: "" }],
    ["a name with a direction", { name: "get_\u202ea" }],
    ["a name of 257 characters", { name: "x".repeat(257) }],
    ["a lone surrogate", { name: "get_a", description: "\ud800" }],
  ])("a tool with %s is left out and told", (_what, tool) => {
    const { report } = store([tool as JsonObject, sent("get_b")]);
    expect(report).toMatchObject({ added: 1, notes: [{ tool: undefined }] });
  });

  test("two tools of one name are both left out", () => {
    const { reader, report } = store([sent("get_a", "1"), sent("get_a", "2"), sent("get_b")]);
    expect(reader.tools("acme").map(({ definition }) => definition.name)).toEqual(["get_b"]);
    expect(report.notes).toEqual([{ tool: "get_a", reason: "two tools have this name" }]);
  });

  test("members of the wrong kind are left out", () => {
    const { reader } = store([
      { name: "get_a", title: 1, description: ["x"], inputSchema: "x", annotations: { readOnlyHint: "yes" } },
    ]);
    expect(reader.tool("acme", "get_a")?.definition).toEqual({ name: "get_a" });
  });

  test("events are bounded", () => {
    const catalogue = newCatalogue();
    const writer = catalogue.writer(new WordJudge());
    for (let round = 0; round < 12; round += 1) {
      const tools = Array.from({ length: 100 }, (_, index) => sent(`get_${index}`, `round ${round}`));
      writer.upsertServer(news("acme", tools, { atMs: 1_000 + round }));
    }
    expect(catalogue.db.get("SELECT count(*) AS n FROM drift")).toEqual({ n: 1_000 });
    expect(catalogue.reader.changes("acme", 5_000)[0]?.atMs).toBe(1_011);
  });
});
