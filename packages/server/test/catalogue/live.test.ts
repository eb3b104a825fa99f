import { describe, expect, onTestFinished, test } from "vitest";
import { mirrorLive } from "../../src/catalogue/live/mirror-live.ts";
import { addServer, removeServer } from "../../src/storage/server-rows.ts";
import { openState } from "../../src/storage/state.ts";
import { recordObserved } from "../../src/storage/tool-rows.ts";
import { toolOf } from "../storage/fixtures.ts";
import { newCatalogue, WordJudge } from "./fixtures.ts";

function setUp() {
  const opened = openState(":memory:");
  if (!opened.ok) expect.fail(opened.error);
  const state = opened.value;
  onTestFinished(() => state.db.close());
  const catalogue = newCatalogue();
  const judge = new WordJudge();
  const skipped: string[] = [];
  const onSkipped = (server: string) => skipped.push(server);
  const mirror = (nowMs = 10_000) => mirrorLive(catalogue, state, { rules: judge, nowMs, onSkipped });
  const add = (name: string, command: readonly string[]) => {
    const target = {
      kind: "stdio",
      command,
      environment: [{ name: "KEY", value: "canary", isSecret: true }],
    } as const;
    const added = addServer(
      state,
      Buffer.alloc(32, 7),
      { name, target, era: "auto", deadlineMs: 1_000, onChange: "block" },
      1_000,
    );
    if (!added.ok) expect.fail(added.error);
    return added.value.id;
  };
  const observe = (id: ReturnType<typeof add>, names: readonly string[], nowMs: number) =>
    recordObserved(
      state,
      id,
      names.map((name) => toolOf(name)),
      { complete: true },
      nowMs,
    );
  return { state, catalogue, reader: catalogue.reader, judge, mirror, skipped, add, observe };
}

describe("registered servers in the catalogue", () => {
  test("appear as live, with the tools and the time of their last list", () => {
    const { mirror, add, observe, reader } = setUp();
    observe(add("shop", ["npx", "-y", "@acme/shop@1.2.0", "--key", "canary"]), ["get_a", "delete_b"], 2_000);
    mirror();
    expect(reader.server("local/shop")).toMatchObject({
      method: "live",
      title: "shop",
      package: { registry: "npm", name: "@acme/shop", version: "1.2.0" },
      transports: ["stdio"],
      seenAtMs: 2_000,
      counts: { Read: 1, Destructive: 1 },
    });
    expect(JSON.stringify([reader.server("local/shop"), reader.tools("local/shop")])).not.toContain("canary");
    expect(reader.tool("local/shop", "get_a")).toMatchObject({ firstSeenMs: 2_000 });
  });

  test("follow what was seen since, and go with the registration", () => {
    const { mirror, add, observe, reader, state, judge, catalogue } = setUp();
    const id = add("shop", ["shop-server"]);
    observe(id, ["get_a", "delete_b"], 2_000);
    mirror();
    judge.asked.length = 0;
    const before = catalogue.db.get("SELECT total_changes() AS n");
    mirror();
    expect(judge.asked).toEqual([]);
    expect(catalogue.db.get("SELECT total_changes() AS n")).toEqual(before);
    observe(id, ["get_a", "pay_c"], 3_000);
    mirror();
    expect(judge.asked).toEqual(["pay_c"]);
    expect(reader.changes("local/shop", 10).map(({ tool, kind }) => `${tool} ${kind}`)).toEqual([
      "delete_b removed",
      "pay_c added",
    ]);
    removeServer(state, id);
    mirror();
    expect(reader.server("local/shop")).toBeUndefined();
    expect(reader.totals()).toMatchObject({ servers: 0, tools: 0 });
  });

  test("with too many long definitions are shown with the shorter ones, and the others with all", () => {
    const { mirror, add, observe, reader, skipped, state } = setUp();
    const huge = Array.from({ length: 9 }, (_, at) => toolOf(`get_${at}`, { text: "x".repeat(1024 * 1024) }));
    const all = [...huge, toolOf("delete_all")];
    recordObserved(state, add("huge", ["huge-server"]), all, { complete: true }, 2_000);
    observe(add("shop", ["shop-server"]), ["get_a"], 2_000);
    mirror();
    expect(skipped).toEqual(["huge"]);
    expect(reader.tools("local/shop")).toHaveLength(1);
    // Seven of a little more than a MiB fit, and the short one.
    expect(reader.server("local/huge")).toMatchObject({ title: "huge", tools: 8 });
    expect(reader.tool("local/huge", "delete_all")).toBeDefined();
  });

  test("two of one package stay two", () => {
    const { mirror, add, observe, reader } = setUp();
    for (const name of ["one", "two"]) observe(add(name, ["npx", "@acme/shop"]), [`get_${name}`], 2_000);
    mirror();
    expect(reader.totals()).toMatchObject({ servers: 2, tools: 2 });
  });

  test("show the package that their command runs, as the other lists do", () => {
    const { mirror, add, reader } = setUp();
    add("shop", ["cmd", "/c", "npx", "-y", "-p", "@acme/shop@1.2.0", "shop-server"]);
    add("image", ["docker", "run", "-i", "--rm", "-e", "KEY=canary", "ghcr.io/acme/shop:2"]);
    mirror();
    expect(["local/shop", "local/image"].map((name) => reader.server(name)?.package)).toEqual([
      { registry: "npm", name: "@acme/shop", version: "1.2.0" },
      { registry: "oci", name: "ghcr.io/acme/shop", version: "2" },
    ]);
  });
});
