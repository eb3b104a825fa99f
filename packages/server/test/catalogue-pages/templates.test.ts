import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const PAGES = join(import.meta.dirname, "../../src/catalogue/pages");
const SOURCES = readdirSync(PAGES)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(join(PAGES, file), "utf8") }));

/** Escaping is enough between tags and in quoted attributes; elsewhere it is not. */
describe("holes of templates", () => {
  test("the rule sees real templates", () => {
    expect(SOURCES.filter(({ text }) => text.includes("html`")).length).toBeGreaterThan(10);
  });

  test("no attribute is without quotes", () => {
    const broken = SOURCES.flatMap(({ file, text }) =>
      [...text.matchAll(/[\w-]+=\$\{/g)]
        .filter(({ index }) => isInTag(text, index))
        .map((match) => `${file}: ${match[0]}`),
    );
    expect(broken).toEqual([]);
  });

  test("none writes raw markup, a style, a handler, or into a script", () => {
    const forbidden = /\braw\(|style="|\son\w+="|<script>|javascript:|innerHTML/g;
    const broken = SOURCES.flatMap(({ file, text }) =>
      [...text.matchAll(forbidden)].map((match) => `${file}: ${match[0]}`),
    );
    expect(broken).toEqual([]);
  });
});

/** True when the nearest bracket before is that of a tag which is open. */
function isInTag(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 300), index);
  return before.lastIndexOf("<") > before.lastIndexOf(">");
}
