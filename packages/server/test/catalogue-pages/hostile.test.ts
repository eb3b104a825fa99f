import type { ToolDefinition } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import { HtmlValidate } from "html-validate";
import { describe, expect, test } from "vitest";
import { serverPath, toolPath } from "../../src/catalogue/pages/paths.ts";
import { HostileReader } from "./hostile-reader.ts";
import { openSite } from "./site-fixture.ts";

const MARKUP: readonly string[] = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'onmouseover='alert(1)",
  "</title></bdi></code></main><svg onload=alert(1)>",
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "<!-- --><![CDATA[",
  "</textarea><iframe srcdoc='<script>alert(1)</script>'>",
  "&lt;script&gt;",
  "a\u202Egnp.exe\u2066\u200B\u{E0041}",
  "\u0000\u0007\u001B[2J\u0085",
  "`rm -rf ~`; $(id) \n --evil",
  "../../../etc/passwd",
  "..",
];

const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: { "no-trailing-whitespace": "off", "void-style": "off" },
});

/** The same hostile text wherever a stranger's text can stand. */
function definitionOf(text: string): ToolDefinition {
  const property: JsonObject = {
    type: text,
    description: text,
    default: text,
    enum: [text],
    pattern: text,
    items: { type: text },
  };
  return {
    name: text,
    title: text,
    description: text,
    inputSchema: { type: "object", properties: { [text]: property }, required: [text] },
    annotations: { title: text },
  };
}

function openHostile(text: string) {
  const facts = {
    name: text,
    title: text,
    description: text,
    package: { registry: "npm", name: text, version: text },
    repository: text,
    registryId: text,
    license: text,
    transports: [text],
  } as const;
  const site = openSite(new HostileReader(facts, [definitionOf(text)]));
  return {
    site,
    paths: [
      toolPath(text, text),
      serverPath(text),
      "/catalogue",
      "/catalogue/risk/high",
      `/catalogue/search?q=${encodeURIComponent(text)}`,
      `/catalogue/stack?server=${encodeURIComponent(text)}`,
      `/catalogue/${encodeURIComponent(text)}`,
    ],
  };
}

describe("a stranger's text", () => {
  for (const text of MARKUP) {
    test(`${JSON.stringify(text)} is text on every page`, async () => {
      const { site, paths } = openHostile(text);
      for (const path of paths) {
        const page = await site.get(path);
        expect(site.faults).toEqual([]);
        expect(page.status).toBe(path.startsWith(`/catalogue/${encodeURIComponent(text)}`) ? 404 : 200);
        expect(elementsOf(page.text)).toEqual([]);
        // Fields that nobody sees send a name back as it is.
        expect(page.text.replace(/<input type="hidden"[^>]*>/g, "")).not.toMatch(
          /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/u,
        );
        expect(page.text).not.toMatch(/(?:href|src)="(?!\/|#|https:\/\/gateway\.example)/);
        const report = await validator.validateString(page.text);
        const found = report.results.flatMap(({ messages }) =>
          messages.map((one) => `${one.line}: ${one.ruleId} ${one.message}`),
        );
        expect(found).toEqual([]);
      }
    });
  }

  test("is no word of a command that a shell would read", async () => {
    for (const text of MARKUP) {
      const { site, paths } = openHostile(text);
      const { text: page } = await site.get(paths[0] ?? "");
      const commands = [...page.matchAll(/<code id="policy-\d">([^<]*)/g)].map(([, command = ""]) =>
        command.replaceAll("&#39;", "'"),
      );
      expect(commands).toHaveLength(3);
      for (const command of commands.join("\n").split("\n")) {
        expect(command).toMatch(
          /^(?:portcullis [a-z]+ [a-z]+ [-a-z0-9A-Z .:/]+|curl -fsS -o policy\.json 'https:\/\/gateway\.example\/[\w.~@%/-]+')$/,
        );
      }
    }
  });
});

/** Elements and attributes that no template of ours writes. */
function elementsOf(html: string): readonly string[] {
  const ours = html.replace(/<script src="\/catalogue\/assets\/page\.[\w-]+\.js" defer><\/script>/, "");
  const bare = ours.replace(/="[^"]*"/g, "");
  return [...bare.matchAll(/<(?:script|img|iframe|style|svg onload)\b[^>]*|<[a-z][^<>]*\son[a-z]+\b/g)].map(
    ([found]) => found,
  );
}

describe("definitions of any size", () => {
  test("10 MB of description make a page like others, with a note", async () => {
    const huge = "<b>".repeat(3_500_000);
    const definition = { ...definitionOf("big"), description: huge, title: huge };
    const site = openSite(new HostileReader({ name: "s", description: huge, title: huge }, [definition]));
    for (const path of ["/catalogue/tools/s/big", "/catalogue/servers/s", "/catalogue/search?q=big"]) {
      const page = await site.get(path);
      expect(page.status).toBe(200);
      expect(page.text.length).toBeLessThan(120_000);
    }
    expect((await site.get("/catalogue/tools/s/big")).text).toContain("more characters are not shown");
  });

  test("a name that no address can hold is shown, and linked nowhere", async () => {
    const name = "n".repeat(100_000);
    const site = openSite(new HostileReader({ name: "s" }, [definitionOf(name)]));
    const page = await site.get("/catalogue/servers/s");
    expect(page.status).toBe(200);
    expect(page.text).not.toContain(`/catalogue/tools/s/${"n".repeat(200)}`);
  });

  test("a schema of any depth and width is read as far as a person reads", async () => {
    let deep: JsonObject = { type: "string" };
    for (let at = 0; at < 500; at++) deep = { type: "array", items: deep };
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`p${at}`, { type: "string" }]));
    const inputSchema = { type: "object", properties: { deep, ...wide }, required: ["p4"] };
    const site = openSite(new HostileReader({ name: "s" }, [{ name: "t", inputSchema }]));
    const page = await site.get("/catalogue/tools/s/t");
    expect([page.status, site.faults]).toEqual([200, []]);
    expect(page.text).toContain("5,001 parameters, from its schema");
    expect(page.text.match(/<th scope="row">/g)).toHaveLength(100);
  });

  const ODD: readonly (readonly [string, unknown])[] = [
    ["no object", []],
    ["properties that are none", { properties: [1, 2] }],
    ["a property that is a boolean", { properties: { a: true, b: null, c: 7 } }],
    ["required that is no list", { properties: { a: {} }, required: "a" }],
    [
      "names of the prototype",
      JSON.parse(
        '{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"x"}},"required":["__proto__"]}',
      ),
    ],
    [
      "types that are objects",
      { properties: { a: { type: { toString: "x" } }, b: { type: [{}, 1] }, c: { anyOf: 7 } } },
    ],
    [
      "isEscaped",
      {
        properties: { a: { type: "string", default: { isEscaped: true }, description: { isEscaped: true } } },
      },
    ],
  ];
  for (const [name, inputSchema] of ODD) {
    test(`a schema with ${name}`, async () => {
      const definition = { name: "t", inputSchema: inputSchema as JsonObject };
      const site = openSite(new HostileReader({ name: "s" }, [definition]));
      const page = await site.get("/catalogue/tools/s/t");
      expect([page.status, site.faults]).toEqual([200, []]);
    });
  }
});
