import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startNpmRegistry } from "../../server/test/catalogue/npm-registry.ts";
import { newFolder } from "./fake-io.ts";
import { openWorkbench, tool, type Workbench } from "./workbench.ts";

afterEach(() => vi.unstubAllEnvs());

/** Two registered servers of which the catalogue knows what they listed. */
async function setUp(): Promise<Workbench> {
  const bench = openWorkbench();
  bench.setTools([tool("delete_zebra", "Deletes a zebra for good"), tool("get_zebra", "Reads one zebra")]);
  await bench.json("server", "add", "--name", "zoo", "--", ...bench.command);
  return bench;
}

describe("catalogue search and show", () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await setUp();
  });

  test("a registered server is found by its tools", async () => {
    const destroys = {
      kind: "tool",
      server: "local/zoo",
      tool: "delete_zebra",
      summary: "Deletes a zebra for good",
      category: "Destructive",
      risk: "critical",
    };
    const reads = {
      ...destroys,
      tool: "get_zebra",
      summary: "Reads one zebra",
      category: "Read",
      risk: "low",
    };
    expect(await bench.json("catalogue", "search", "zebra")).toEqual({ hits: [destroys, reads] });
  });

  test("filters, limit and cursor lead through the hits", async () => {
    const first = (await bench.json("catalogue", "search", "zebra", "--limit", "1")) as Record<
      string,
      unknown
    >;
    expect(first["hits"]).toMatchObject([{ tool: "delete_zebra" }]);
    const argv = ["catalogue", "search", "zebra", "--limit", "1", "--cursor", String(first["cursor"])];
    expect(await bench.json(...argv)).toEqual({ hits: [expect.objectContaining({ tool: "get_zebra" })] });
    expect(await bench.json("catalogue", "search", "zebra", "--risk", "low")).toMatchObject({
      hits: [{ tool: "get_zebra" }],
    });
    expect(
      await bench.json("catalogue", "search", "--server", "local/zoo", "--category", "Destructive"),
    ).toMatchObject({
      hits: [{ tool: "delete_zebra" }],
    });
  });

  test("people get a table, and a hint where nothing is found", async () => {
    const found = await bench.run(["catalogue", "search", "zebra"]);
    expect(found.stdout).toMatch(/critical\s+delete_zebra\s+local\/zoo\s+Deletes a zebra for good/);
    expect(await bench.run(["catalogue", "search", "zzzunheardof"])).toEqual({
      code: 0,
      stdout: "Nothing in the catalogue is like that.\n",
      stderr: "try fewer words, or bring more in: `catalogue sync`, `catalogue introspect`\n",
    });
  });

  test("a server is shown with its tools, a tool with its reasons", async () => {
    expect(await bench.json("catalogue", "show", "local/zoo")).toMatchObject({
      server: { name: "local/zoo", method: "live", tools: 2 },
      tools: [{ name: "delete_zebra", category: "Destructive" }, { name: "get_zebra" }],
      changes: [],
    });
    const shown = await bench.run(["catalogue", "show", "local/zoo", "delete_zebra"]);
    expect(shown.stdout).toContain(
      "delete_zebra of local/zoo\n  Destructive, risk critical, severity critical",
    );
    expect(shown.stdout).toContain("as the registered server listed them");
    expect(await bench.json("catalogue", "show", "local/zoo", "get_zebra")).toMatchObject({
      server: "local/zoo",
      definition: { name: "get_zebra" },
      verdict: { category: "Read" },
    });
  });

  test.each([
    [["show", "local/zo"], "no server `local/zo` is in the catalogue"],
    [["show", "zoo"], "did you mean `local/zoo`?"],
    [["show", "local/zoo", "feed"], "`local/zoo` has no tool `feed`"],
    [["search", "x", "--limit", "0"], "--limit must be"],
    [["search", "x", "--server", "nobody"], "no server `nobody`"],
    [["search", "x", "--risk", "none"], "Allowed choices"],
    [["sync"], "required option '--registry <url>'"],
    [["sync", "--registry", "nonsense"], "cannot be read"],
    [["introspect", "../x"], "is not the name of a package"],
    [["introspect", "--", "--prefix=/"], "is not the name of a package"],
  ])("%j is refused with one line", async (argv, reason) => {
    const ended = await bench.run(["catalogue", ...argv]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(reason);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("text of a server cannot act on the terminal", async () => {
    const hostile = openWorkbench();
    hostile.setTools([tool("get_zebra", "x\u001b[2J\u202ey\nz")]);
    await hostile.json("server", "add", "--name", "zoo", "--", ...hostile.command);
    for (const argv of [
      ["search", "zebra"],
      ["show", "local/zoo", "get_zebra"],
    ]) {
      expect((await hostile.run(["catalogue", ...argv])).stdout).not.toMatch(/[\u001b\u202e]/);
    }
  });
});

describe("catalogue sync", () => {
  test("what a registry says is found afterwards, and the next time only changes are asked for", async () => {
    const entry = { server: { name: "com.acme/quagga", description: "Feeds quaggas", version: "1.0.0" } };
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(JSON.stringify({ servers: [entry, { server: {} }], metadata: {} }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const bench = openWorkbench();
    expect(await bench.run(["catalogue", "sync", "--registry", url])).toEqual({
      code: 0,
      stdout: "1 servers: 1 new, 0 updated\n",
      stderr: "warning: 1 entries were skipped: a server's name is not one of a registry\n",
    });
    expect(await bench.json("catalogue", "sync", "--registry", url)).toMatchObject({ added: 0, updated: 0 });
    expect(asked[1]).toContain("updated_since=");
    expect(await bench.json("catalogue", "search", "quagga")).toMatchObject({
      hits: [{ server: "com.acme/quagga" }],
    });
  }, 30_000);

  test("one that stops half-way ends with 1, one that never began with 2", async () => {
    const entry = { server: { name: "com.acme/kudu", description: "Feeds kudus", version: "1.0.0" } };
    const server = createServer((request, response) => {
      const isFirst = request.url?.includes("cursor=") !== true;
      response.statusCode = isFirst ? 200 : 400;
      response.end(isFirst ? JSON.stringify({ servers: [entry], metadata: { nextCursor: "b" } }) : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const port = (server.address() as AddressInfo).port;
    const bench = openWorkbench();
    const sync = (url: string) => bench.run(["catalogue", "sync", "--registry", url]);
    const stopped = await sync(`http://127.0.0.1:${port}`);
    expect([stopped.code, stopped.stderr]).toEqual([1, expect.stringContaining("which are kept")]);
    expect((await sync(`http://127.0.0.1:${port}?cursor=x`)).code).toBe(2);
  }, 30_000);
});

describe("catalogue introspect", () => {
  test("what a package lists is kept, and can be shown", async () => {
    const code = `const { createInterface } = require("node:readline");
const answer = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "initialize") answer(id, { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } });
  else if (method === "tools/list") answer(id, { tools: [{ name: "pay_okapi", description: "Pays an invoice with the stored card", inputSchema: { type: "object" } }] });
  else if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "unknown" } }));
});`;
    const manifest = { bin: "server.js", license: "MIT" };
    const files = { "server.js": code };
    const registry = await startNpmRegistry(
      ["okapi-mcp", "mcp-server-kuberentes"].map((name) => ({ name, manifest, files })),
    );
    const home = newFolder();
    vi.stubEnv("TMPDIR", home);
    const bench = openWorkbench();
    const env = { PATH: process.env["PATH"], npm_config_registry: registry, npm_config_cache: home };
    const ended = await bench.run(["--json", "catalogue", "introspect", "okapi-mcp@1.0.0"], { env });
    expect([ended.code, ended.stderr.replace(/looking at okapi-mcp …\n/, "")]).toEqual([0, ""]);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      server: "okapi-mcp",
      license: "MIT",
      version: "1.0.0",
      dummies: [],
      added: 1,
      notes: [],
      warnings: [],
      tools: [{ name: "pay_okapi", category: "Financial", risk: "critical", severity: "critical" }],
    });
    expect(await bench.json("catalogue", "show", "okapi-mcp")).toMatchObject({
      server: { method: "introspected", package: { registry: "npm", name: "okapi-mcp", version: "1.0.0" } },
    });
    const missing = await bench.run(["catalogue", "introspect", "okapi-none"], { env });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("could not install") });
    expect(missing.stderr).not.toContain("looks like");
    const named = ["--json", "catalogue", "introspect", "mcp-server-kuberentes@1.0.0"];
    const alike = await bench.run(named, { env });
    const warning = "`mcp-server-kuberentes` looks like `mcp-server-kubernetes`, which ";
    expect(alike.stderr).toMatch(new RegExp(`^warning: ${warning}`));
    expect(JSON.parse(alike.stdout).warnings).toEqual([expect.stringContaining(warning)]);
  }, 60_000);
});
