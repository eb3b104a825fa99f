import { describe, expect, test } from "vitest";
import { NO_TOOLS } from "../../src/catalogue/store/counts.ts";
import { newCatalogue, news, sent, WordJudge } from "./fixtures.ts";

function setUp() {
  const catalogue = newCatalogue();
  const judge = new WordJudge();
  const writer = catalogue.writer(judge);
  return { catalogue, reader: catalogue.reader, judge, writer };
}

describe("catalogue store", () => {
  test("an empty catalogue answers everything with nothing", () => {
    const { reader } = setUp();
    expect(reader.totals()).toMatchObject({ servers: 0, tools: 0 });
    expect(reader.server("x")).toBeUndefined();
    expect(reader.tool("x", "y")).toBeUndefined();
    expect(reader.tools("x")).toEqual([]);
    expect(reader.changes("x", 10)).toEqual([]);
    expect(reader.related("x", "y", 5)).toEqual([]);
    expect(reader.relatedServers("x", 5)).toEqual([]);
    expect(reader.search({ words: "", limit: 10 })).toEqual({ hits: [], cursor: undefined });
    expect(NO_TOOLS).toEqual([0, 0, 0, 0, 0]);
  });

  test("of a server whose tools are long as many are read as an answer holds, the worst first", () => {
    const { writer, reader } = setUp();
    const long = (name: string) =>
      sent(name, "", { inputSchema: { type: "object", title: "x".repeat(250_000) } });
    const names = Array.from({ length: 30 }, (_, at) => `get_${at}`);
    writer.upsertServer(news("long", [...names.map(long), long("delete_all")]));
    const tools = reader.tools("long");
    expect([tools.length, tools[0]?.definition.name]).toEqual([16, "delete_all"]);
    expect(reader.server("long")?.tools).toBe(31);
    expect(reader.tools("long", { offset: 16, limit: 1_000 }).length).toBe(15);
  });

  test("a server is read back with its tools, the worst first", () => {
    const { writer, reader } = setUp();
    const written = writer.upsertServer(
      news("@acme/shop", [sent("get_order"), sent("pay_order"), sent("delete_order"), sent("create_order")], {
        package: { registry: "npm", name: "@acme/shop", version: "1.2.3" },
        repository: "https://example.com/shop",
        license: "MIT",
      }),
    );
    expect(written).toMatchObject({ ok: true, value: { isNew: true, added: 4, notes: [] } });
    expect(reader.server("@acme/shop")).toMatchObject({
      package: { registry: "npm", name: "@acme/shop", version: "1.2.3" },
      repository: "https://example.com/shop",
      tools: 4,
      counts: { Read: 1, Write: 1, Execute: 0, Destructive: 1, Financial: 1 },
      seenAtMs: 1_000,
    });
    expect(reader.tools("@acme/shop").map(({ definition }) => definition.name)).toEqual([
      "pay_order",
      "delete_order",
      "create_order",
      "get_order",
    ]);
    expect(reader.tools("@acme/shop", { offset: 1, limit: 2 })).toHaveLength(2);
    expect(reader.totals()).toMatchObject({ servers: 1, tools: 4, changedAtMs: 1_000 });
    expect(reader.changes("@acme/shop", 10)).toEqual([]);
  });

  test("an unchanged list writes nothing and judges nothing", () => {
    const { catalogue, writer, judge } = setUp();
    const tools = [sent("get_a"), sent("run_b")];
    writer.upsertServer(news("acme", tools));
    const before = catalogue.db.get("SELECT total_changes() AS n");
    judge.asked.length = 0;
    const again = writer.upsertServer(news("acme", tools, { atMs: 2_000 }));
    expect(again).toMatchObject({ ok: true, value: { unchanged: 2, added: 0, changed: 0, removed: 0 } });
    expect(judge.asked).toEqual([]);
    expect(catalogue.db.get("SELECT total_changes() AS n")).toEqual(before);
  });

  test("what changed, came and went is a drift event, and only that is judged", () => {
    const { writer, reader, judge } = setUp();
    writer.upsertServer(news("acme", [sent("get_a"), sent("run_b"), sent("delete_c")]));
    const [a, b] = ["get_a", "run_b"].map((name) => reader.tool("acme", name)?.definitionHash);
    judge.asked.length = 0;
    const tools = [sent("get_a", "also sends it to us"), sent("run_b"), sent("pay_d")];
    writer.upsertServer(news("acme", tools, { atMs: 5_000 }));
    expect(judge.asked.sort()).toEqual(["get_a", "pay_d"]);
    expect(reader.tool("acme", "run_b")?.definitionHash).toBe(b);
    const after = reader.tool("acme", "get_a");
    expect(after).toMatchObject({ firstSeenMs: 1_000, changedAtMs: 5_000 });
    expect(after?.definitionHash).not.toBe(a);
    const events = reader.changes("acme", 10);
    expect(events.map(({ tool, kind }) => `${tool} ${kind}`).sort()).toEqual([
      "delete_c removed",
      "get_a changed",
      "pay_d added",
    ]);
    expect(events.find(({ kind }) => kind === "changed")).toMatchObject({
      before: a,
      after: after?.definitionHash,
      atMs: 5_000,
    });
    expect(reader.totals()).toMatchObject({ tools: 3, counts: { Destructive: 0, Financial: 1 } });
  });

  test("a failing write leaves the server as it was", () => {
    const { writer, catalogue, reader } = setUp();
    writer.upsertServer(news("acme", [sent("get_a"), sent("run_b")]));
    catalogue.db.exec(
      "CREATE TEMP TRIGGER broken BEFORE INSERT ON tool WHEN NEW.name = 'run_z' BEGIN SELECT RAISE(ABORT, 'disk'); END",
    );
    const list = [sent("get_a", "other"), sent("create_y"), sent("run_z")];
    expect(() => writer.upsertServer(news("acme", list, { atMs: 9_000 }))).toThrow("disk");
    expect(reader.tools("acme").map(({ definition }) => definition.name)).toEqual(["run_b", "get_a"]);
    expect(reader.tool("acme", "get_a")?.definition.description).toBe("does get_a");
    expect(reader.changes("acme", 10)).toEqual([]);
    expect(reader.totals().tools).toBe(2);
  });

  test("news without a look at the tools keeps them", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(news("acme", [sent("get_a")]));
    writer.upsertServer(news("acme", undefined, { method: "registry", title: "Acme", atMs: 9_000 }));
    expect(reader.server("acme")).toMatchObject({
      title: "Acme",
      tools: 1,
      method: "introspected",
      seenAtMs: 1_000,
    });
  });

  test("who is trusted less fills what is empty and overwrites nothing", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(news("acme", [sent("get_a")], { title: "Ours" }));
    const worse = writer.upsertServer(
      news("acme", [sent("pay_x")], { method: "source", title: "Theirs", description: "text", atMs: 9_000 }),
    );
    expect(worse.ok && worse.value.notes).toEqual([
      { tool: undefined, reason: "what is known of its tools is newer or surer" },
    ]);
    expect(reader.server("acme")).toMatchObject({
      title: "Ours",
      description: "text",
      method: "introspected",
    });
    expect(reader.tools("acme").map(({ definition }) => definition.name)).toEqual(["get_a"]);
  });

  test("older news of the same kind changes no tool", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(news("acme", [sent("get_a")], { atMs: 5_000 }));
    writer.upsertServer(news("acme", [sent("get_old")], { atMs: 4_000 }));
    expect(reader.tools("acme").map(({ definition }) => definition.name)).toEqual(["get_a"]);
  });

  test("a registry entry joins the server that has its package, and a second entry does not", () => {
    const { writer, reader } = setUp();
    const pack = { registry: "npm", name: "@acme/mcp", version: "1.0.0" } as const;
    writer.upsertServer(news("@acme/mcp", [sent("get_a")], { package: pack }));
    const entry = (name: string) =>
      news(name, undefined, { method: "registry", registryId: name, package: pack, atMs: 9_000 });
    expect(writer.upsertServer(entry("com.acme/mcp"))).toMatchObject({
      value: { name: "@acme/mcp", isNew: false },
    });
    expect(writer.upsertServer(entry("io.evil/mcp"))).toMatchObject({
      value: { name: "io.evil/mcp", isNew: true },
    });
    expect(reader.server("@acme/mcp")).toMatchObject({ registryId: "com.acme/mcp", tools: 1 });
    expect(reader.server("io.evil/mcp")).toMatchObject({ registryId: "io.evil/mcp", tools: 0 });
  });

  test("two packages of one name are two servers, and the second is told so", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(
      news("fetch", [sent("get_a")], { package: { registry: "npm", name: "fetch", version: "1" } }),
    );
    const other = news("fetch", [sent("get_b")], {
      package: { registry: "pypi", name: "fetch", version: "1" },
      atMs: 9_000,
    });
    expect(writer.upsertServer(other)).toMatchObject({ ok: false });
    expect(reader.server("fetch")?.package?.registry).toBe("npm");
  });

  test.each(["", "a b", "../x", "a//b", "__proto__", "a\u202eb", "x".repeat(201), "a/./b"])(
    "the server name %j is refused",
    (name) => {
      expect(setUp().writer.upsertServer(news(name, []))).toMatchObject({ ok: false });
    },
  );

  test("nobody but the data folder speaks of a registered server", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(news("local/shop", [sent("get_a")], { method: "live", title: "shop" }));
    const claim = news("local/shop", undefined, {
      method: "registry",
      registryId: "local/shop",
      status: "deleted",
    });
    expect(writer.upsertServer(claim)).toMatchObject({
      ok: false,
      error: expect.stringContaining("registered here"),
    });
    expect(writer.upsertServer(news("shop", [], { method: "live" }))).toMatchObject({ ok: false });
    expect(reader.server("local/shop")).toMatchObject({ status: "active", registryId: undefined });
  });

  test("one bad server in a batch stops none of the others", () => {
    const { writer, reader } = setUp();
    const done = writer.upsertServers([
      news("a", [sent("get_a")]),
      news("..", []),
      news("b", [sent("get_b")]),
    ]);
    expect(done.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(reader.totals()).toMatchObject({ servers: 2, tools: 2 });
  });

  test("odd limits are bounded", () => {
    const { writer, reader } = setUp();
    writer.upsertServer(news("a", [sent("get_a")]));
    for (const limit of [Number.NaN, -1, 1e300, 0.5]) {
      expect(reader.tools("a", { offset: Number.NaN, limit }).length).toBeLessThanOrEqual(1);
      expect(reader.changes("a", limit)).toEqual([]);
      expect(reader.search({ words: "get", limit }).hits).toHaveLength(1);
    }
  });

  test("totals equal what a count of the rows gives", () => {
    const { writer, reader, catalogue } = setUp();
    writer.upsertServer(news("a", [sent("get_a"), sent("run_b")]));
    writer.upsertServer(news("b", [sent("pay_a")]));
    writer.upsertServer(news("a", [sent("delete_a")], { atMs: 3_000 }));
    writer.upsertServer(news("b", [], { atMs: 4_000 }));
    const counted = catalogue.db.get("SELECT count(*) AS n FROM tool");
    expect(reader.totals()).toMatchObject({
      servers: 2,
      tools: counted?.["n"],
      counts: { Read: 0, Execute: 0, Destructive: 1, Financial: 0 },
      changedAtMs: 4_000,
    });
  });
});
