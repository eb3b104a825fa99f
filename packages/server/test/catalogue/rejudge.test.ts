import { describe, expect, test } from "vitest";
import { rejudge } from "../../src/catalogue/store/rejudge.ts";
import { newCatalogue, news, sent, verdict, WordJudge } from "./fixtures.ts";

/** Says of everything that it deletes. */
class Gloomy extends WordJudge {
  override readonly classifier = () => (tool: { readonly name: string }) => {
    this.asked.push(tool.name);
    return verdict("Destructive", this.version);
  };
}

function setUp() {
  const catalogue = newCatalogue();
  const writer = catalogue.writer(new WordJudge("1"));
  writer.upsertServer(news("a", [sent("get_a"), sent("create_b")]));
  writer.upsertServer(news("b", [sent("get_c")]));
  const definition = { name: "get_d" };
  const items = [{ definition, hash: "h", verdict: verdict("Read", "0") }];
  writer.upsertServer(news("seeded", undefined, { tools: { kind: "judged", items } }));
  return { catalogue, reader: catalogue.reader };
}

describe("new rules", () => {
  test("judge everything that is known whole, with progress, and change nothing else", () => {
    const { catalogue, reader } = setUp();
    const before = reader.tool("a", "get_a");
    expect(reader.totals().rules).toBe("1");
    expect([...rejudge(catalogue.db, new Gloomy("2"), 9_000)]).toEqual([
      { done: 2, total: 3 },
      { done: 3, total: 3 },
    ]);
    expect(reader.totals()).toMatchObject({
      rules: "2",
      counts: { Read: 1, Write: 0, Destructive: 3 },
      tools: 4,
    });
    expect(reader.server("a")?.counts).toMatchObject({ Destructive: 2 });
    expect(reader.tool("a", "get_a")).toEqual({ ...before, verdict: verdict("Destructive", "2") });
    expect(reader.changes("a", 10)).toEqual([]);
    expect(reader.search({ words: "get", category: "Destructive", limit: 10 }).hits).toHaveLength(2);
  });

  test("leave alone what was judged from a whole that is not at hand", () => {
    const { catalogue, reader } = setUp();
    for (const _step of rejudge(catalogue.db, new Gloomy("2"), 9_000)) void _step;
    expect(reader.tool("seeded", "get_d")?.verdict).toEqual(verdict("Read", "0"));
  });

  test("go on where they were stopped", () => {
    const { catalogue } = setUp();
    const first = rejudge(catalogue.db, new Gloomy("2"), 9_000);
    first.next();
    first.return();
    const again = new Gloomy("2");
    expect([...rejudge(catalogue.db, again, 9_000)]).toEqual([{ done: 1, total: 1 }]);
    expect(again.asked).toEqual(["get_c"]);
  });

  test("that are the same judge nothing", () => {
    const { catalogue } = setUp();
    const same = new Gloomy("1");
    expect([...rejudge(catalogue.db, same, 9_000)]).toEqual([]);
    expect(same.asked).toEqual([]);
  });
});
