import { ATTACKS } from "@portcullis/catalogue";
import { HtmlValidate } from "html-validate";
import { describe, expect, test } from "vitest";
import { BASE, IMAGES, MAIL, openIndex, openSite, tell } from "./site-fixture.ts";

const TOOL = "/catalogue/tools/container-images/build_and_push_image_to_ecr";

/** Everything that has an address of its own. */
const PAGES: readonly (readonly [name: string, path: string, status?: number])[] = [
  ["index", "/catalogue"],
  ["tool", TOOL],
  ["financial tool", "/catalogue/tools/container-images/pay_invoice"],
  ["tool without description of a scoped server", "/catalogue/tools/@acme%2Fmail/send_email"],
  ["server", "/catalogue/servers/container-images"],
  ["risk", "/catalogue/risk/critical"],
  ["category", "/catalogue/category/financial"],
  ["attacks", "/catalogue/attacks"],
  ["stack", "/catalogue/stack"],
  ["contact", "/catalogue/contact"],
  ...ATTACKS.map(({ slug, title }) => [title, `/catalogue/attacks/${slug}`] as const),
];

/** Pages that depend on a question. */
const ANSWERS: readonly (readonly [name: string, path: string, status?: number])[] = [
  ["search", "/catalogue/search?q=repository", 200],
  ["search without hits", "/catalogue/search?q=qqqq", 200],
  ["filled stack", "/catalogue/stack?server=container-images&server=%40acme%2Fmail&server=nowhere", 200],
  ["stack with a search", "/catalogue/stack?server=container-images&add=mail", 200],
  ["message stored", "/catalogue/contact/sent", 200],
  ["unknown tool", "/catalogue/tools/container-images/build_image", 404],
  ["unknown page", "/catalogue/nope", 404],
  ["bad search", "/catalogue/search?risk=awful", 422],
];

const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  // Our sources write what HTML allows; these rules are of taste, or know less than the standard.
  rules: { "no-trailing-whitespace": "off", "void-style": "off", "no-implicit-button-type": "error" },
});

function open() {
  const index = openIndex([IMAGES, MAIL]);
  return { index, site: openSite(index.reader) };
}

describe("every page", () => {
  for (const [name, path, status = 200] of [...ANSWERS, ...PAGES]) {
    test(`${name} is valid, and can be read by everybody`, async () => {
      const { site } = open();
      const page = await site.get(path);
      expect([page.status, site.faults]).toEqual([status, []]);
      const report = await validator.validateString(page.text);
      const found = report.results.flatMap(({ messages }) =>
        messages.map((one) => `${one.line}: ${one.ruleId} ${one.message}`),
      );
      expect(found).toEqual([]);
      expect(headingsOf(page.text)[0]).toBe(1);
      expect(headingsOf(page.text).filter((level) => level === 1)).toHaveLength(1);
      const deeper = headingsOf(page.text).filter(
        (level, at, all) => at > 0 && level > (all[at - 1] ?? 0) + 1,
      );
      expect(deeper).toEqual([]);
      expect(page.text.match(/<(main|header|footer)\b/g)).toHaveLength(3);
      expect(page.text).toContain('<html lang="en">');
      expect(page.text).toMatch(/<body>\s*<a class="skip" href="#main">/);
      expect(idsOf(page.text)).toEqual([...new Set(idsOf(page.text))]);
      expect(brokenAnchors(page.text)).toEqual([]);
    });
  }

  for (const [name, path] of PAGES) {
    test(`${name} says where it is`, async () => {
      const { site } = open();
      const { text } = await site.get(path);
      expect(text).toContain(`<link rel="canonical" href="${BASE}${path}">`);
      expect(text).toContain(`<meta property="og:url" content="${BASE}${path}">`);
      expect(text).toMatch(/<meta property="og:title" content="[^"]+">/);
      expect(text).toMatch(/<meta name="description" content="[^"]{20,}">/);
    });
  }

  test("that is no place is not for search engines", async () => {
    const { site } = open();
    for (const [, path] of ANSWERS) {
      const { text } = await site.get(path);
      expect(text).toContain('<meta name="robots" content="noindex">');
      expect(text).not.toContain("canonical");
    }
  });

  test("links only to what there is", async () => {
    const { site } = open();
    const seen = new Set<string>();
    const queue = [...PAGES.map(([, path]) => path), "/catalogue/search?q=repository"];
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (seen.has(path)) continue;
      seen.add(path);
      // Whole stacks are throttled per minute.
      site.nowMs += 60_000;
      const page = await site.get(path);
      expect(`${path} ${page.status}`).toBe(`${path} 200`);
      const isOnePage = path.includes("?");
      if (page.headers.get("content-type")?.startsWith("text/html") !== true || isOnePage) continue;
      for (const [, href = ""] of page.text.matchAll(/(?:href|src)="(\/[^"#]*)/g))
        queue.push(href.replaceAll("&amp;", "&"));
    }
    expect(seen.size).toBeGreaterThan(30);
  });
});

describe("answers to browsers", () => {
  test("forbid everything but our own files", async () => {
    const { site } = open();
    for (const path of [
      "/catalogue",
      "/catalogue/nope",
      "/api/v1/catalogue/totals",
      "/v0.1/servers",
      "/robots.txt",
    ]) {
      const { headers } = await site.get(path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("referrer-policy")).toBe("same-origin");
    }
  });

  test("name their files by content, to be kept for ever", async () => {
    const { site } = open();
    const { text } = await site.get("/catalogue");
    const files = [...text.matchAll(/(?:href|src)="(\/catalogue\/assets\/[^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(files).toHaveLength(3);
    for (const path of files) {
      const file = await site.get(path);
      expect([file.status, file.headers.get("cache-control")]).toEqual([
        200,
        "public, max-age=31536000, immutable",
      ]);
    }
    expect((await site.get("/catalogue/assets/style.000000000000.css")).status).toBe(404);
  });

  test("show a picture where a link is previewed", async () => {
    const { site } = open();
    const { text } = await site.get("/catalogue");
    const url = /<meta property="og:image" content="([^"]+)">/.exec(text)?.[1] ?? "";
    const { status, headers, body } = await site.answer({
      method: "GET",
      target: url.slice(BASE.length),
      headers: [],
      body: undefined,
      address: "",
    });
    expect([status, headers.find(([name]) => name === "content-type")?.[1]]).toEqual([200, "image/png"]);
    expect(Buffer.from(body.subarray(0, 8)).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    const size = new DataView(body.buffer, body.byteOffset).getUint32(16);
    expect(size).toBe(1200);
  });

  test("an unchanged page is not sent again, whatever the time and the process", async () => {
    const { index, site } = open();
    const first = await site.get(TOOL);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const later = openSite(index.reader);
    later.nowMs += 86_400_000;
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await later.get(TOOL, { "if-none-match": tag });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    }
  });

  test("a changed definition is another page, an unchanged one the same", async () => {
    const { index, site } = open();
    const before = await site.get(TOOL);
    tell(index, IMAGES, Date.UTC(2026, 0, 2));
    expect((await site.get(TOOL)).headers.get("etag")).toBe(before.headers.get("etag"));
    const list = IMAGES.list.map((tool) =>
      tool["name"] === "build_and_push_image_to_ecr" ? { ...tool, description: "Other." } : tool,
    );
    tell(index, { ...IMAGES, list }, Date.UTC(2026, 0, 4));
    const after = await site.get(TOOL, { "if-none-match": before.headers.get("etag") ?? "" });
    expect(after.status).toBe(200);
    expect((await site.get("/catalogue/servers/container-images")).text).toContain("Definition changed");
  });
});

describe("one address for each thing", () => {
  const CASES: readonly (readonly [given: string, location: string])[] = [
    ["/catalogue/", "/catalogue"],
    ["/catalogue/servers/container%2Dimages", "/catalogue/servers/container-images"],
    ["/catalogue/servers/%40acme%2fmail", "/catalogue/servers/@acme%2Fmail"],
    ["/catalogue/tools/%40acme%2Fmail/send_email", "/catalogue/tools/@acme%2Fmail/send_email"],
    [
      "/catalogue/tools/%40acme%2Fmail/send_email/policy.json",
      "/catalogue/tools/@acme%2Fmail/send_email/policy.json",
    ],
    ["/catalogue/servers/container-images/?x=1", "/catalogue/servers/container-images?x=1"],
    ["/catalogue/risk/CRITICAL", "/catalogue/risk/critical"],
    ["/catalogue/category/Financial", "/catalogue/category/financial"],
  ];
  for (const [given, location] of CASES) {
    test(given, async () => {
      const { site } = open();
      const page = await site.get(given);
      expect([page.status, page.headers.get("location")]).toEqual([301, location]);
    });
  }

  test("no other host is ever named by a redirect", async () => {
    const { site } = open();
    for (const path of ["//evil.example/", "//evil.example/catalogue/", "/\\evil.example/"]) {
      const { headers } = await site.get(path);
      expect(headers.get("location")).toBeNull();
    }
  });
});

describe("the tool page", () => {
  test("quotes the words that it rests on, and gives the policy with the way to it", async () => {
    const { site } = open();
    const { text } = await site.get(TOOL);
    expect(text).toContain("<mark><bdi>build</bdi></mark><bdi>_and_push_image_to_ecr</bdi>");
    expect(text).toContain("High risk");
    expect(text).toContain("Severity raised to critical");
    expect(text).toContain("Confidence 87 %");
    expect(text).toContain("Installed the package, started it without credentials and asked it");
    expect(text).toContain(
      "portcullis server add --name container-images -- npx -y @acme/container-images@1.4.2",
    );
    expect(text).toContain(
      "portcullis policy publish --server container-images --name recommended policy.json",
    );
    expect(text).toContain(
      "portcullis grant create --server container-images --policy recommended --label my-agent",
    );
    expect(text).toContain(`curl -fsS -o policy.json &#39;${BASE}${TOOL}/policy.json&#39;`);
    expect(text).toMatch(
      /<th scope="row"><code><bdi>app_path<\/bdi><\/code> <span class="chip">required<\/span>/,
    );
    expect(text.match(/<details><summary>/g)).toHaveLength(6);
  });

  test("shows the same policy as the file and the API", async () => {
    const { site } = open();
    const file = await site.get(`${TOOL}/policy.json`);
    const { text } = await site.get(TOOL);
    const api = await site.get("/api/v1/catalogue/tools/container-images/build_and_push_image_to_ecr");
    const shownPolicy = unescaped(/<code id="policy">([^<]*)<\/code>/.exec(text)?.[1] ?? "");
    expect(shownPolicy).toBe(file.text);
    expect(JSON.parse(api.text).recommendation.document).toEqual(JSON.parse(file.text));
    expect(file.headers.get("content-disposition")).toBe(
      'attachment; filename="build-and-push-image-to-ecr.policy.json"',
    );
  });
});

describe("a page that is not there", () => {
  test("leads to what was probably meant", async () => {
    const { site } = open();
    const page = await site.get("/catalogue/tools/container-images/delete_repositor");
    expect(page.status).toBe(404);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.text).toContain('href="/catalogue/tools/container-images/delete_repository"');
  });
});

function headingsOf(text: string): readonly number[] {
  return [...text.matchAll(/<h([1-6])[\s>]/g)].map(([, level]) => Number(level));
}

function idsOf(text: string): readonly string[] {
  return [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id = ""]) => id);
}

/** Links within the page, and references between elements, to what is not on it. */
function brokenAnchors(text: string): readonly string[] {
  const ids = new Set(idsOf(text));
  const used = [
    ...text.matchAll(/\s(?:href="#|for="|aria-labelledby="|aria-describedby="|data-copy=")([^"]+)"/g),
  ];
  return used.map(([, id = ""]) => id).filter((id) => !ids.has(id));
}

function unescaped(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
