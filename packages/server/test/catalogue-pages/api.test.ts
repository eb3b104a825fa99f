import { ATTACKS } from "@portcullis/catalogue";
import { describe, expect, test } from "vitest";
import { BASE, IMAGES, MAIL, openIndex, openSite } from "./site-fixture.ts";

function open() {
  return openSite(openIndex([IMAGES, MAIL]).reader);
}

async function json(path: string) {
  const { status, headers, text } = await open().get(path);
  return { status, type: headers.get("content-type"), value: JSON.parse(text) };
}

describe("the API", () => {
  test("gives the totals", async () => {
    const { status, type, value } = await json("/api/v1/catalogue/totals");
    expect([status, type]).toEqual([200, "application/json"]);
    expect(value).toMatchObject({
      servers: 2,
      tools: 7,
      counts: { Read: 2, Write: 2, Execute: 1, Destructive: 1, Financial: 1 },
    });
  });

  test("gives a tool by names with slashes", async () => {
    const { value } = await json("/api/v1/catalogue/tools/%40acme%2Fmail/send_email");
    expect(value).toMatchObject({
      server: "@acme/mail",
      path: "/catalogue/tools/@acme%2Fmail/send_email",
      definition: { name: "send_email" },
      verdict: { category: "Write", risk: "medium", rules: "test-7" },
      recommendation: { kind: "limit", document: { version: "1", default: "deny" } },
    });
    expect(value.faq).toHaveLength(6);
  });

  test("gives a server with all tools, the worst first", async () => {
    const { value } = await json("/api/v1/catalogue/servers/container-images");
    const names = value.allTools.map(({ name }: { name: string }) => name);
    expect(names.slice(0, 2)).toEqual(["pay_invoice", "delete_repository"]);
    expect(names.at(-1)).toBe("list_repositories");
    expect(value.recommendation.document.hide).toEqual(["delete_repository"]);
  });

  test("searches, page by page", async () => {
    const site = open();
    const seen: string[] = [];
    let path: string | undefined = "/api/v1/catalogue/search?kind=tool&limit=3";
    while (path !== undefined) {
      const { hits, next } = JSON.parse((await site.get(path)).text);
      expect(hits.length).toBeLessThanOrEqual(3);
      seen.push(...hits.map(({ label }: { label: string }) => label));
      path = next;
    }
    expect(seen.toSorted()).toEqual(
      [...IMAGES.list, ...MAIL.list].map(({ name }) => String(name)).toSorted(),
    );
  });

  test("lists a risk", async () => {
    const { value } = await json("/api/v1/catalogue/risk/critical");
    expect(value.hits.map(({ tool }: { tool: string }) => tool).toSorted()).toEqual([
      "delete_repository",
      "pay_invoice",
    ]);
  });

  test("lists the attacks, each with its own address", async () => {
    const { value } = await json("/api/v1/catalogue/attacks");
    expect(value.attacks.map(({ slug }: { slug: string }) => slug)).toEqual(ATTACKS.map(({ slug }) => slug));
    for (const { slug, title } of ATTACKS) {
      expect((await json(`/api/v1/catalogue/attacks/${slug}`)).value).toMatchObject({ slug, title });
    }
  });

  const PROBLEMS: readonly (readonly [path: string, status: number])[] = [
    ["/api/v1/catalogue/tools/container-images/nope", 404],
    ["/api/v1/catalogue/servers/nope", 404],
    ["/api/v1/catalogue/servers/%E0%A4%A", 404],
    ["/api/v1/catalogue/attacks/nope", 404],
    ["/api/v1/catalogue/risk/awful", 404],
    ["/api/v1/catalogue/nope", 404],
    ["/api/v1/catalogue/search?limit=0", 400],
    ["/api/v1/catalogue/search?limit=101", 400],
    ["/api/v1/catalogue/search?kind=x", 400],
    ["/v0.1/servers/nope", 404],
    ["/v0.1/servers?limit=x", 400],
    ["/v0.1/servers?updated_since=yesterday", 400],
  ];
  for (const [path, status] of PROBLEMS) {
    test(`${path} is a problem`, async () => {
      const found = await json(path);
      expect([found.status, found.type]).toEqual([status, "application/problem+json"]);
      expect(found.value).toMatchObject({
        type: "about:blank",
        status,
        title: expect.any(String),
        detail: expect.any(String),
      });
    });
  }
});

describe("as a registry", () => {
  test("lists servers as the official one does", async () => {
    const { value } = await json("/v0.1/servers?search=mail");
    expect(value).toEqual({
      servers: [
        {
          server: {
            $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
            name: "local.portcullis/_40_acme_2f_mail",
            title: "@acme/mail",
            description: "No description is known.",
            version: "2.0.0",
            websiteUrl: `${BASE}/catalogue/servers/@acme%2Fmail`,
            packages: [
              {
                registryType: "npm",
                identifier: "@acme/mail",
                version: "2.0.0",
                transport: { type: "stdio" },
              },
            ],
          },
          _meta: {
            "io.modelcontextprotocol.registry/official": {
              status: "active",
              publishedAt: "2026-01-02T00:00:00.000Z",
              updatedAt: "2026-01-02T00:00:00.000Z",
              isLatest: true,
            },
            "io.portcullis/catalogue": {
              tools: 2,
              counts: { Read: 1, Write: 1, Execute: 0, Destructive: 0, Financial: 0 },
              worstRisk: "medium",
              method: "introspected",
              policy: `${BASE}/catalogue/servers/@acme%2Fmail/policy.json`,
            },
          },
        },
      ],
      metadata: { count: 1 },
    });
  });

  test("pages with a cursor, and finds each server again by its name and version", async () => {
    const site = open();
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const list = JSON.parse(
        (
          await site.get(
            `/v0.1/servers?limit=1${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
          )
        ).text,
      );
      names.push(...list.servers.map(({ server }: { server: { name: string } }) => server.name));
      cursor = list.metadata.nextCursor;
    } while (cursor !== undefined);
    expect(names.toSorted()).toEqual([
      "local.portcullis/_40_acme_2f_mail",
      "local.portcullis/container-images",
    ]);
    for (const name of names) {
      expect(name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
      const path = `/v0.1/servers/${encodeURIComponent(name)}`;
      const one = JSON.parse((await site.get(path)).text);
      expect(one.server.name).toBe(name);
      expect(JSON.parse((await site.get(`${path}/versions`)).text).servers).toEqual([one]);
      expect(JSON.parse((await site.get(`${path}/versions/latest`)).text)).toEqual(one);
      expect(JSON.parse((await site.get(`${path}/versions/${one.server.version}`)).text)).toEqual(one);
      expect((await site.get(`${path}/versions/9.9.9`)).status).toBe(404);
    }
  });

  test("keeps the name that a server has in the official one", async () => {
    const site = openSite(openIndex([{ ...MAIL, registryId: "io.github.acme/mail" }]).reader);
    const list = JSON.parse((await site.get("/v0.1/servers")).text);
    expect(list.servers[0].server.name).toBe("io.github.acme/mail");
    expect((await site.get("/v0.1/servers/io.github.acme%2Fmail/versions/latest")).status).toBe(200);
  });

  test("leaves out what was deleted, and what is older than asked for", async () => {
    const site = openSite(
      openIndex([{ ...MAIL, status: "deleted", registryId: "io.github.acme/mail" }, IMAGES]).reader,
    );
    const count = async (query: string) =>
      JSON.parse((await site.get(`/v0.1/servers${query}`)).text).servers.length;
    expect([await count(""), await count("?updated_since=2026-01-03T00:00:00Z")]).toEqual([1, 0]);
  });
});

describe("for crawlers", () => {
  test("every page is in the sitemap once", async () => {
    const site = open();
    const index = await site.get("/sitemap.xml");
    expect(locationsOf(index.text)).toEqual([`${BASE}/catalogue/sitemap/1.xml`]);
    const page = await site.get("/catalogue/sitemap/1.xml");
    expect(page.headers.get("content-type")).toBe("application/xml");
    const paths = locationsOf(page.text);
    expect(paths).toContain(`${BASE}/catalogue/tools/@acme%2Fmail/send_email`);
    expect(paths).toContain(`${BASE}/catalogue/servers/container-images`);
    expect(new Set(paths).size).toBe(paths.length);
    for (const url of paths) expect((await site.get(url.slice(BASE.length))).status).toBe(200);
    expect((await site.get("/catalogue/sitemap/2.xml")).status).toBe(404);
  });

  test("large ones come in pages, which together hold everything", async () => {
    const list = Array.from({ length: 900 }, (_, at) => ({ name: `read_thing_${at}` }));
    const servers = ["a", "b", "c", "d", "e"].map((name) => ({ name, list }));
    const site = openSite(openIndex(servers).reader);
    const pages = locationsOf((await site.get("/sitemap.xml")).text);
    expect(pages).toHaveLength(3);
    // The last one first: crawlers ask in whatever order.
    const found = new Set<string>();
    for (const url of pages.toReversed()) {
      for (const location of locationsOf((await site.get(url.slice(BASE.length))).text)) found.add(location);
    }
    expect([...found].filter((url) => url.includes("/tools/"))).toHaveLength(4_500);
    expect([...found].filter((url) => url.includes("/servers/"))).toHaveLength(5);
  });

  test("robots are told where it is, and what is not for them", async () => {
    const { text } = await open().get("/robots.txt");
    expect(text).toContain(`Sitemap: ${BASE}/sitemap.xml`);
    expect(text).toContain("Disallow: /mcp/");
  });
});

function locationsOf(xml: string): readonly string[] {
  return [...xml.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url = ""]) => url);
}
