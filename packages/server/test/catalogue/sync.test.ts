import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type SyncOptions, syncRegistry } from "../../src/catalogue/sync/sync.ts";
import { newCatalogue, news, sent, WordJudge } from "./fixtures.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A registry over real HTTP; every request's URL is kept. */
async function startRegistry(answer: Answer): Promise<{ readonly url: string; readonly asked: URL[] }> {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://registry.invalid");
    asked.push(url);
    answer(request, response, url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function entry(name: string, more: object = {}, status = "active"): object {
  const official = { status, isLatest: true };
  return {
    server: { name, description: `about ${name}`, version: "1.0.0", ...more },
    _meta: { "io.modelcontextprotocol.registry/official": official },
  };
}

function page(servers: readonly object[], nextCursor?: string): string {
  return JSON.stringify({
    servers,
    metadata: { count: servers.length, ...(nextCursor ? { nextCursor } : {}) },
  });
}

function setUp(registry: string, more: Partial<SyncOptions> = {}) {
  const catalogue = newCatalogue();
  const times = { nowMs: Date.UTC(2026, 0, 2) };
  const run = (again: Partial<SyncOptions> = {}) =>
    syncRegistry(catalogue, {
      registry,
      rules: new WordJudge(),
      nowMs: () => times.nowMs,
      ...more,
      ...again,
      limits: { retryMs: [0, 0], pageMs: 2_000, ...more.limits, ...again.limits },
    });
  return { catalogue, reader: catalogue.reader, times, run };
}

describe("catalogue sync", () => {
  test("every page is read, with what a registry says of a server", async () => {
    const first = entry("com.acme/shop", {
      title: "Acme Shop",
      repository: { url: "https://example.com/shop", source: "github" },
      packages: [
        { registryType: "npm", identifier: "@acme/shop", version: "1.2.3", transport: { type: "stdio" } },
      ],
      remotes: [{ type: "streamable-http", url: "https://shop.example.com/mcp" }],
    });
    const { url, asked } = await startRegistry((_request, response, { searchParams }) =>
      response.end(searchParams.get("cursor") === "c/1" ? page([entry("com.acme/b")]) : page([first], "c/1")),
    );
    const { reader, run } = setUp(`${url}/`);
    expect(await run()).toEqual({
      ok: true,
      value: { pages: 2, servers: 2, added: 2, updated: 0, skipped: 0, reasons: [], sinceMs: undefined },
    });
    expect(asked.map(({ pathname }) => pathname)).toEqual(["/v0.1/servers", "/v0.1/servers"]);
    expect(asked[0]?.searchParams.get("version")).toBe("latest");
    expect(asked[0]?.searchParams.has("updated_since")).toBe(false);
    expect(reader.server("com.acme/shop")).toMatchObject({
      title: "Acme Shop",
      description: "about com.acme/shop",
      package: { registry: "npm", name: "@acme/shop", version: "1.2.3" },
      repository: "https://example.com/shop",
      registryId: "com.acme/shop",
      transports: ["stdio", "streamable-http"],
      method: "registry",
      status: "active",
      tools: 0,
    });
  });

  test("the next sync asks for what changed since, and an unchanged answer writes nothing", async () => {
    const { url, asked } = await startRegistry((_request, response) =>
      response.end(page([entry("com.acme/a")])),
    );
    const { run, times, catalogue } = setUp(url);
    await run();
    times.nowMs += 3_600_000;
    const before = catalogue.reader.totals();
    expect(await run()).toMatchObject({
      value: { added: 0, updated: 0, sinceMs: Date.UTC(2026, 0, 1, 23, 55) },
    });
    expect(asked[1]?.searchParams.get("updated_since")).toBe("2026-01-01T23:55:00.000Z");
    expect(catalogue.reader.totals()).toEqual(before);
    await run({ isFull: true });
    expect(asked[2]?.searchParams.has("updated_since")).toBe(false);
  });

  test("a server that the registry withdrew is no longer found, and stays readable", async () => {
    let status = "active";
    const { url } = await startRegistry((_request, response) =>
      response.end(page([entry("com.acme/a", {}, status)])),
    );
    const { run, reader } = setUp(url);
    await run();
    expect(reader.search({ words: "acme", limit: 10 }).hits).toHaveLength(1);
    status = "deleted";
    await run();
    expect(reader.server("com.acme/a")).toMatchObject({ status: "deleted" });
    expect(reader.search({ words: "acme", limit: 10 }).hits).toEqual([]);
    expect(reader.search({ words: "", limit: 10 }).hits).toEqual([]);
  });

  test("a sync that fails half-way keeps what it read and begins anew next time", async () => {
    let isBroken = true;
    const { url, asked } = await startRegistry((request, response, { searchParams }) => {
      if (searchParams.get("cursor") === null) return response.end(page([entry("com.acme/a")], "2"));
      if (isBroken) return request.socket.destroy();
      return response.end(page([entry("com.acme/b")]));
    });
    const { run, reader, catalogue } = setUp(url);
    catalogue.writer(new WordJudge()).upsertServer(news("own", [sent("get_a")]));
    const failed = await run();
    expect(failed).toMatchObject({
      ok: false,
      error: expect.stringContaining("after 1 pages with 1 servers"),
    });
    // The page, and two more tries.
    expect(asked).toHaveLength(4);
    expect(reader.server("com.acme/a")).toBeDefined();
    expect(reader.tools("own")).toHaveLength(1);
    isBroken = false;
    expect(await run()).toMatchObject({ ok: true, value: { added: 1, sinceMs: undefined } });
  });

  test("a page that fails once is asked for again", async () => {
    let failures = 1;
    const { url } = await startRegistry((_request, response) => {
      if (failures > 0) {
        failures -= 1;
        return response.writeHead(503).end();
      }
      return response.end(page([entry("com.acme/a")]));
    });
    expect(await setUp(url).run()).toMatchObject({ ok: true, value: { added: 1 } });
  });

  test.each<[string, Answer, RegExp]>([
    [
      "loops its cursors",
      (_q, response) => response.end(page([entry("a.b/c")], "same")),
      /same cursor twice/,
    ],
    [
      "never ends",
      (_q, response, { searchParams }) =>
        response.end(page([entry("a.b/c")], `${Number(searchParams.get("cursor")) + 1}`)),
      /over 7 pages/,
    ],
    [
      "sends only empty pages",
      (_q, response, { searchParams }) => response.end(page([], `${Number(searchParams.get("cursor")) + 1}`)),
      /empty pages/,
    ],
    ["sends 10 MB", (_q, response) => response.end(`"${"x".repeat(10 * 1024 * 1024)}"`), /over \d+ bytes/],
    ["sends no JSON", (_q, response) => response.end("<html>"), /not JSON/],
    ["sends other JSON", (_q, response) => response.end('{"servers":{}}'), /not a page/],
    ["sends a list", (_q, response) => response.end("[]"), /not a page/],
    [
      "redirects",
      (_q, response) => response.writeHead(302, { location: "http://127.0.0.1/" }).end(),
      /HTTP 302/,
    ],
    ["has no such path", (_q, response) => response.writeHead(404).end(), /HTTP 404/],
    [
      "cuts off",
      (_q, response) =>
        response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
      /cut/,
    ],
    ["hangs", () => {}, /did not answer within/],
    ["stalls in the answer", (_q, response) => response.writeHead(200).write("{"), /did not answer within/],
    [
      "has an endless cursor",
      (_q, response) => response.end(page([], "x".repeat(5_000))),
      /cursor is too long/,
    ],
  ])("a registry that %s is reported", async (_what, answer, reason) => {
    const { url } = await startRegistry(answer);
    // Only who does not answer is waited for; the others must not be late on a busy machine.
    const pageMs = reason.source.includes("answer within") ? 300 : 10_000;
    const { run } = setUp(url, { limits: { pages: 7, pageMs } });
    expect(await run()).toMatchObject({ ok: false, error: expect.stringMatching(reason) });
  });

  test("entries that are none are skipped and told", async () => {
    const bad = [
      null,
      "x",
      { server: null },
      entry("no slash here"),
      entry("com.acme/\u202eevil"),
      entry("../../etc/passwd"),
      { server: { name: 7 } },
      JSON.parse('{"server":{"__proto__":{"name":"com.acme/polluted"}}}') as object,
    ];
    const { url } = await startRegistry((_request, response) =>
      response.end(page([...(bad as object[]), entry("com.acme/good")])),
    );
    const { run, reader } = setUp(url);
    expect(await run()).toMatchObject({ ok: true, value: { added: 1, skipped: bad.length } });
    expect(reader.totals().servers).toBe(1);
  });

  test("hostile members are bounded or left out", async () => {
    const hostile = entry("com.acme/x", {
      description: "d".repeat(1_000_000),
      title: { deep: true },
      repository: { url: "javascript:alert(1)" },
      packages: [{ registryType: "evil", identifier: "x" }, ...Array.from({ length: 5_000 }, () => ({}))],
      remotes: [{ type: "<script>" }],
    });
    const { url } = await startRegistry((_request, response) => response.end(page([hostile])));
    const { run, reader } = setUp(url);
    await run();
    const server = reader.server("com.acme/x");
    expect(server).toMatchObject({
      title: undefined,
      repository: undefined,
      package: undefined,
      transports: [],
    });
    expect(server?.description).toHaveLength(2_000);
  });

  test("a private address that nobody typed is not reached", async () => {
    const { run } = setUp("https://127.0.0.1.invalid.example:1234/?q=1");
    expect(await run()).toMatchObject({ ok: false });
    expect(await setUp("http://169.254.169.254").run()).toMatchObject({
      ok: false,
      error: expect.stringContaining("metadata"),
    });
    expect(await setUp("ftp://example.com").run()).toMatchObject({ ok: false });
    expect(await setUp("nonsense").run()).toMatchObject({ ok: false });
  });

  test("a stop is obeyed between pages", async () => {
    const stop = new AbortController();
    const { url } = await startRegistry((_request, response, { searchParams }) =>
      response.end(page([entry("a.b/c")], `${Number(searchParams.get("cursor")) + 1}`)),
    );
    const { run } = setUp(url, {
      signal: stop.signal,
      onProgress: ({ pages }) => pages === 2 && stop.abort(),
    });
    expect(await run()).toMatchObject({
      ok: false,
      error: expect.stringContaining("stopped, after 2 pages"),
    });
  });
});
