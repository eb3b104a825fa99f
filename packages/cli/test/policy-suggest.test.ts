import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { toPrintableSource } from "../src/printable.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

const TOOLS = [
  { name: "list_orders", description: "Lists the orders.", inputSchema: { type: "object" } },
  {
    name: "refund_order",
    description: "Pays an order back to the customer.",
    inputSchema: { type: "object", properties: { amount: { type: "number" } }, required: ["amount"] },
  },
  { name: "drop_table", description: "Deletes a table for good.\u001b[2J", inputSchema: { type: "object" } },
];

async function openShop(): Promise<Workbench> {
  const bench = openWorkbench();
  bench.setTools(TOOLS);
  await bench.json("server", "add", "--name", "shop", "--", ...bench.command);
  return bench;
}

test("policy suggest prints a policy that is valid for the server, and what it does with each tool", async () => {
  const bench = await openShop();
  const ended = await bench.run(["policy", "suggest", "shop"]);
  expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([
    0,
    {
      version: "1",
      default: "deny",
      hide: ["drop_table"],
      tools: { list_orders: {}, refund_order: { action: "require_approval" } },
    },
  ]);
  expect(ended.stderr).toMatch(/^drop_table \(Destructive, \w+\): .+$/m);
  expect(ended.stderr).toMatch(/^refund_order \(Financial, \w+\): .+\n {2}to fill in: /m);
  expect(ended.stderr).toMatch(/^3 tools: 1 Read, 1 Destructive, 1 Financial$/m);
  expect(ended.stderr).not.toContain("\u001b");

  const written = await bench.run(["policy", "suggest", "shop", "--output", "shop.json"]);
  expect([written.code, written.stdout]).toEqual([0, ""]);
  expect(readFileSync(join(bench.cwd, "shop.json"), "utf8")).toBe(ended.stdout);
  expect(await bench.json("policy", "check", "--server", "shop", "shop.json")).toMatchObject({
    errors: [],
    warnings: [],
  });
  await bench.json("policy", "publish", "--server", "shop", "--name", "first", "shop.json");
});

test("policy suggest --json holds the policy and the reasons", async () => {
  const bench = await openShop();
  const ended = await bench.run(["policy", "suggest", "shop", "--json"]);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    document: { default: "deny" },
    tools: [
      { name: "refund_order", category: "Financial", risk: "critical", kind: "approve" },
      { name: "drop_table", category: "Destructive", risk: "critical", kind: "hide" },
      { name: "list_orders", category: "Read", risk: "low", kind: "allow", fill: [] },
    ].map((tool) => ({ ...tool, effect: expect.any(String), rationale: expect.any(String) })),
    warnings: [],
  });
});

test("policy suggest leaves out what the server no longer lists, and warns of what it cannot name", async () => {
  const bench = await openShop();
  bench.setTools([{ ...TOOLS[0], name: "list_*" }]);
  await bench.json("server", "tools", "shop");
  const { code, stdout, stderr } = await bench.run(["policy", "suggest", "shop"]);
  expect([code, JSON.parse(stdout).tools]).toEqual([0, {}]);
  expect(stderr).toMatch(/^warning: list_\*: .+$/m);
  expect(stderr).not.toContain("refund_order");
});

test("policy suggest refuses an unknown server, one without tools, and a file that exists", async () => {
  const bench = await openShop();
  bench.writePolicy("mine.json", {});
  const refused = async (...argv: readonly string[]) => {
    const { code, stdout, stderr } = await bench.run(["policy", "suggest", ...argv]);
    expect([code, stdout]).toEqual([2, ""]);
    return stderr;
  };
  expect(await refused("nope")).toBe("error: there is no server `nope`; known: `shop`\n");
  expect(await refused("shop", "--output", "mine.json")).toBe(
    "error: `mine.json` cannot be written: it exists already\n",
  );
  const empty = openWorkbench();
  await empty.json("server", "add", "--name", "bare", "--", ...empty.command);
  const ended = await empty.run(["policy", "suggest", "bare"]);
  expect([ended.code, ended.stderr]).toEqual([
    2,
    "error: no tool of `bare` is known yet: `server tools bare` takes its list\n",
  ]);
});

test("what strangers call things reaches neither a terminal nor a report as it is", async () => {
  const bench = openWorkbench();
  const evil = "\u009b2J\u202e\u200b_url";
  const properties = { [evil]: { type: "string", description: "Address of the page." } };
  const inputSchema = { type: "object", properties, required: [evil] };
  bench.setTools([{ name: "fetch_page", description: "Fetches a web page.", inputSchema }]);
  await bench.json("server", "add", "--name", "shop", "--", ...bench.command);
  const hostile = /[^\P{C}\n\t]/u;
  const suggested = await bench.run(["policy", "suggest", "shop"]);
  const { document } = (await bench.json("policy", "suggest", "shop")) as { document: object };
  expect([JSON.parse(suggested.stdout), hostile.test(suggested.stdout)]).toEqual([document, false]);
  expect(JSON.stringify(document)).toContain(evil);
  const report = await bench.run(["scan", "--format", "markdown", "--", ...bench.command]);
  expect([report.stdout.includes("\\u202e"), hostile.test(report.stdout.replaceAll("\u200b", ""))]).toEqual([
    true,
    false,
  ]);
  const json = `{\t"version": "1",\r\n"note": "${evil}"}`;
  expect(JSON.parse(toPrintableSource(json))).toEqual(JSON.parse(json));
  expect(hostile.test(toPrintableSource(json))).toBe(false);
  expect(toPrintableSource(`version: "1" # ${evil}\r\n\tx\n`)).toBe(
    'version: "1" # \\u{9b}2J\\u{202e}\\u{200b}_url\n\tx\n',
  );
});
