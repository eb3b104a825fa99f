import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SqliteContactBox } from "../../src/catalogue/contact-box.ts";
import { CatalogueFront, type FrontOptions } from "../../src/catalogue/pages/catalogue-front.ts";
import { CatalogueThread } from "../../src/catalogue/pages/catalogue-thread.ts";
import { openCatalogue } from "../../src/catalogue/store/open-catalogue.ts";
import { resolveConfig, servesCatalogue } from "../../src/config.ts";
import { type Gateway, startGateway } from "../../src/main.ts";
import { IMAGES, tell } from "./site-fixture.ts";

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** As it is written: no client of a higher level would send these paths. */
function ask(base: string, path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function start(
  folder: string,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<{ gateway: Gateway; log: string[] }> {
  const log: string[] = [];
  const resolved = await resolveConfig({
    flags: { port: 0, adminPort: 0, demo: false, ...flags },
    env: {},
    dataDir: folder,
  });
  if (!resolved.ok) throw new Error(resolved.error.join());
  const sink = new Writable({
    write(piece: Buffer, _encoding, done) {
      log.push(piece.toString());
      done();
    },
  });
  const gateway = await startGateway({ dataDir: folder, config: resolved.value.config, log: sink });
  if (!gateway.ok) throw new Error(gateway.error);
  return { gateway: gateway.value, log };
}

/** A data folder with an index. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "catalogue-"));
  const index = openCatalogue(folder);
  if (!index.ok) throw new Error(index.error);
  using open = index.value;
  tell(open, IMAGES, Date.UTC(2026, 0, 2));
  return folder;
}

const TOOL = "/catalogue/tools/container-images/build_and_push_image_to_ecr";

describe("beside the line", () => {
  const folder = makeFolder();
  let gateway: Gateway;
  let log: string[];
  let url = "";

  beforeAll(async () => {
    ({ gateway, log } = await start(folder));
    url = gateway.url;
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  test("pages are served, with links to this instance", async () => {
    const page = await ask(url, TOOL);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<link rel="canonical" href="${url}${TOOL}">`);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    const again = await ask(url, TOOL, { headers: { "if-none-match": String(page.headers.etag) } });
    expect([again.status, again.text, again.headers["content-length"]]).toEqual([304, "", undefined]);
    const head = await ask(url, TOOL, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("the root leads there", async () => {
    const root = await ask(url, "/");
    expect([root.status, root.headers.location]).toEqual([302, "/catalogue"]);
    // Whoever wants more than to look is at the wrong door, and told so by the line.
    expect((await ask(url, "/", { method: "POST" })).status).toBe(404);
  });

  test("the line answers as if nothing were there", async () => {
    const { gateway: bare } = await start(mkdtempSync(join(tmpdir(), "bare-")), { catalogue: "off" });
    const paths = [
      "/mcp/srv_0000000000000000",
      "/mcp/",
      "/mcp/../catalogue",
      "/nope",
      "/cataloguex",
      "/catalogue%2F",
      "/api/v1/other",
      "/v0.1/serversx",
      "//catalogue",
      "/CATALOGUE",
      "/favicon.ico",
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        const [here, there] = await Promise.all([
          ask(url, path, { method }),
          ask(bare.url, path, { method }),
        ]);
        const { date: _date, ...headers } = here.headers;
        const { date: _other, ...expected } = there.headers;
        expect({ path, method, ...here, headers }).toEqual({ path, method, ...there, headers: expected });
      }
    }
    for (const path of ["/", "/catalogue", "/sitemap.xml", "/v0.1/servers", "/api/v1/catalogue/totals"]) {
      expect((await ask(bare.url, path)).status).toBe(404);
    }
    await bare.close();
  });

  test("a path that climbs ends in no other place", async () => {
    for (const path of [
      "/catalogue/../mcp/srv_0000000000000000",
      "/catalogue/%2e%2e/mcp/x",
      "/catalogue/..%2f..%2fetc",
    ]) {
      const page = await ask(url, path);
      expect([page.status, page.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    }
  });

  const REFUSED: readonly (readonly [name: string, path: string, asked: Asked, status: number])[] = [
    ["another host name", "/catalogue", { headers: { host: "evil.example" } }, 403],
    ["another host name at the root", "/", { headers: { host: "evil.example" } }, 403],
    ["a method that changes", "/catalogue", { method: "DELETE" }, 405],
    ["a body where none belongs", "/catalogue", { headers: { "content-length": "3" }, body: "abc" }, 400],
    ["a header with an underscore", "/catalogue", { headers: { x_y: "1" } }, 400],
    ["a very long address", `/catalogue/search?q=${"x".repeat(9_000)}`, {}, 414],
    [
      "a form of another site",
      "/catalogue/contact",
      { method: "POST", headers: { origin: "https://evil.example" }, body: "message=x" },
      403,
    ],
    [
      "a form of a hidden site",
      "/catalogue/contact",
      { method: "POST", headers: { origin: "null" }, body: "message=x" },
      403,
    ],
    [
      "a form that the browser says is another site's",
      "/catalogue/stack",
      { method: "POST", headers: { "sec-fetch-site": "cross-site" }, body: "x" },
      403,
    ],
    [
      "a body that says that it is too large",
      "/api/v1/catalogue/stack",
      { method: "POST", headers: { "content-length": "262145" } },
      413,
    ],
  ];
  for (const [name, path, asked, status] of REFUSED) {
    test(`${name} is refused`, async () => {
      const answer = await ask(url, path, asked);
      const type = path.startsWith("/api/") ? "application/problem+json" : "text/plain; charset=utf-8";
      expect([answer.status, answer.headers["content-type"]]).toEqual([status, type]);
    });
  }

  test("a body that grows too large is cut off", async () => {
    const answer = await ask(url, "/api/v1/catalogue/stack", {
      method: "POST",
      headers: { "transfer-encoding": "chunked", "content-type": "application/json" },
      body: Buffer.alloc(300_000, 32),
    }).catch((cause: NodeJS.ErrnoException) => ({ status: cause.code }));
    // The client may still be sending when the answer comes and the connection ends.
    expect([413, "ECONNRESET", "EPIPE"]).toContain(answer.status);
  });

  test("a form of our own page is taken, and stored", async () => {
    const sent = await ask(url, "/catalogue/contact", {
      method: "POST",
      headers: { origin: url, "content-type": "application/x-www-form-urlencoded" },
      body: "message=Hello&replyTo=&website=",
    });
    expect([sent.status, sent.headers.location]).toEqual([303, "/catalogue/contact/sent"]);
    using box = new SqliteContactBox(join(folder, "contact.db"));
    expect(box.list(5).map(({ message }) => message)).toEqual(["Hello"]);
  });

  test("a pasted file is answered, and nothing of it is in the log", async () => {
    const secret = "hunter2-5ecret";
    const body = JSON.stringify({
      mcpServers: { it: { command: "npx", args: ["-y", "@acme/container-images"], env: { TOKEN: secret } } },
    });
    const answer = await ask(url, "/api/v1/catalogue/stack", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(JSON.parse(answer.text).servers[0]).toMatchObject({
      name: "container-images",
      alias: "it",
      knownBy: "package",
      tools: 5,
    });
    expect(answer.text + log.join("")).not.toContain(secret);
  });

  test("a client that leaves in the middle harms nobody", async () => {
    const { hostname, port } = new URL(url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`GET ${TOOL} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`, () => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    expect((await ask(url, "/catalogue")).status).toBe(200);
  });
});

describe("an index that cannot be opened", () => {
  test("costs the pages, not the line", async () => {
    const folder = mkdtempSync(join(tmpdir(), "broken-"));
    const { gateway, log } = await start(folder, { logLevel: "warn" });
    // A folder where the file should be.
    mkdirSync(join(folder, "catalogue.db"));
    const answers = [await ask(gateway.url, "/catalogue"), await ask(gateway.url, "/catalogue")];
    expect(answers.map(({ status, headers }) => [status, headers["retry-after"]])).toEqual([
      [503, "3"],
      [503, "3"],
    ]);
    expect((await ask(gateway.url, "/mcp/srv_0000000000000000", { method: "POST" })).status).not.toBe(503);
    await gateway.close();
    expect(log.join("")).toContain("catalogue_fault");
    rmSync(folder, { recursive: true });
  });
});

describe("a thread that cannot be made", () => {
  /** Something that no thread can be given: making one with it throws at once, as where the system has no more. */
  const ungiven = (() => "") as unknown as string;

  test("costs the answer, is told, and is not tried again at once", async () => {
    const faults: string[] = [];
    await using thread = new CatalogueThread({
      dataFolder: ungiven,
      base: "http://127.0.0.1",
      onFault: (fault) => faults.push(fault),
    });
    const asked = { method: "GET", target: "/catalogue", headers: [], body: undefined, address: "" };
    expect([await thread.answer(asked), await thread.answer(asked)]).toEqual([undefined, undefined]);
    expect(faults).toEqual([expect.stringContaining("could not be cloned")]);
  });

  test.each<[string, Pick<FrontOptions, "dataFolder" | "base">]>([
    ["the thread", { dataFolder: ungiven, base: () => "http://127.0.0.1" }],
    [
      "anything of ours",
      {
        dataFolder: "/nonexistent",
        base: () => {
          throw new TypeError("a fault");
        },
      },
    ],
  ])("where %s throws, the page says when to ask again", async (_, options) => {
    const faults: string[] = [];
    const allow = { hosts: new Set<string>(), origins: new Set<string>() };
    await using front = new CatalogueFront({ ...options, allow, onFault: (fault) => faults.push(fault) });
    const server = createServer((asked, response) => front.take(asked, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    allow.hosts.add(host);
    const answer = await ask(`http://${host}`, "/catalogue");
    expect([answer.status, answer.headers["retry-after"], faults.length]).toEqual([503, "3", 1]);
    server.close();
  });
});

describe("where it is served", () => {
  const CASES: readonly (readonly [flags: Record<string, unknown>, served: boolean])[] = [
    [{}, true],
    [{ host: "::1" }, true],
    [{ publicUrl: "http://localhost:7411" }, true],
    [{ allowedHosts: ["[::1]:7411"] }, true],
    // A proxy on this machine makes a loopback address public.
    [{ publicUrl: "https://gateway.example.com" }, false],
    [{ allowedHosts: ["gateway.example.com"] }, false],
    [{ host: "0.0.0.0", publicUrl: "https://gateway.example.com" }, false],
    [{ host: "0.0.0.0", publicUrl: "https://gateway.example.com", catalogue: "on" }, true],
    [{ catalogue: "off" }, false],
  ];
  for (const [flags, served] of CASES) {
    test(JSON.stringify(flags), async () => {
      const resolved = await resolveConfig({ flags, env: {}, dataDir: "/nonexistent" });
      expect(resolved.ok && servesCatalogue(resolved.value.config)).toBe(served);
    });
  }

  test("another word is an error", async () => {
    const resolved = await resolveConfig({ flags: { catalogue: "maybe" }, env: {}, dataDir: "/nonexistent" });
    expect(resolved).toEqual({
      ok: false,
      error: ["`catalogue` (from --catalogue) must be one of loopback, on, off, not `maybe`"],
    });
  });
});
