import { CATEGORIES, RISKS } from "@portcullis/catalogue";
import type { CatalogueReader } from "../reader.ts";
import { html } from "./html.ts";
import {
  attackPath,
  CATALOGUE,
  categoryPath,
  MAX_PATH_CHARS,
  riskPath,
  serverPath,
  toolPath,
} from "./paths.ts";

/** URLs of one file: far below what crawlers take (50,000), so that one is written in a moment. */
const PAGE_URLS = 2_000;
const STEP = 100;

/** `/sitemap.xml` lists the pages; each lists servers and tools in the order of the index. */
export class Sitemap {
  readonly #reader: CatalogueReader;
  readonly #attacks: readonly string[];
  /** Where each page begins; the first at the beginning. They stay places of the index when it changes. */
  readonly #starts: (string | undefined)[] = [undefined];

  constructor(reader: CatalogueReader, attacks: readonly string[]) {
    this.#reader = reader;
    this.#attacks = attacks;
  }

  index(base: string): string {
    const { servers, tools } = this.#reader.totals();
    const count = Math.max(1, Math.ceil((servers + tools) / PAGE_URLS));
    const pages = Array.from(
      { length: count },
      (_, at) => html`<sitemap><loc>${base}/catalogue/sitemap/${at + 1}.xml</loc></sitemap>`,
    );
    return `<?xml version="1.0" encoding="UTF-8"?>\n${html`<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${pages}</sitemapindex>`}\n`;
  }

  /** Page `number`, from 1; undefined where the index has none. Steps aside between reads, for others who wait. */
  async page(base: string, number: number): Promise<string | undefined> {
    for (let at = this.#starts.length; at < number; at++) {
      const next = (await this.#walk(this.#starts[at - 1])).cursor;
      if (next === undefined) return undefined;
      this.#starts[at] = next;
    }
    const { paths, cursor } = await this.#walk(this.#starts[number - 1]);
    if (cursor !== undefined) this.#starts[number] ??= cursor;
    const all = number === 1 ? [...this.#fixed(), ...paths] : paths;
    const urls = all.map((path) => html`<url><loc>${base}${path}</loc></url>`);
    return `<?xml version="1.0" encoding="UTF-8"?>\n${html`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls}</urlset>`}\n`;
  }

  async #walk(
    from: string | undefined,
  ): Promise<{ readonly paths: readonly string[]; readonly cursor: string | undefined }> {
    const paths: string[] = [];
    let cursor = from;
    do {
      const page = this.#reader.search({
        words: "",
        limit: STEP,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { server, tool } of page.hits) {
        const path = tool === undefined ? serverPath(server) : toolPath(server, tool);
        if (path.length <= MAX_PATH_CHARS / 2) paths.push(path);
      }
      cursor = page.cursor;
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (cursor !== undefined && paths.length < PAGE_URLS);
    return { paths, cursor };
  }

  #fixed(): readonly string[] {
    return [
      CATALOGUE,
      `${CATALOGUE}/stack`,
      `${CATALOGUE}/attacks`,
      `${CATALOGUE}/contact`,
      ...RISKS.map(riskPath),
      ...CATEGORIES.map(categoryPath),
      ...this.#attacks.map(attackPath),
    ];
  }
}

/** `/robots.txt`. */
export function robots(base: string): string {
  return [
    "User-agent: *",
    "Disallow: /mcp/",
    "Disallow: /api/",
    "Disallow: /v0.1/",
    `Disallow: ${CATALOGUE}/search`,
    `Disallow: ${CATALOGUE}/stack?`,
    "",
    `Sitemap: ${base}/sitemap.xml`,
    "",
  ].join("\n");
}
