import { CATEGORIES, RISKS } from "@portcullis/catalogue";
import type { HitPage, SearchQuery } from "../reader.ts";
import { type Html, html } from "./html.ts";
import { type Page, searchForm } from "./layout.ts";
import { capital, hitList } from "./parts.ts";
import { CATALOGUE, withQuery } from "./paths.ts";

const SEARCH = `${CATALOGUE}/search`;

/** `/catalogue/search?q=`. */
export function searchPage(query: SearchQuery, page: HitPage): Page {
  const { words } = query;
  const title = words.trim() === "" ? "All servers and tools" : `Search: ${words}`;
  return {
    title,
    description: "Search MCP servers and tools by name and by what they do.",
    // Results are no place of their own: crawlers have the sitemap.
    path: undefined,
    search: false,
    crumbs: [
      ["Catalogue", CATALOGUE],
      ["Search", undefined],
    ],
    main: html`<div class="head"><h1>Search</h1>
${searchForm({ id: "q", words, label: "Search tools, servers and packages", isBig: true })}
${filters(query)}</div>
<section class="section" aria-labelledby="results"><h2 id="results">${page.hits.length === 0 ? "Nothing found" : "Results"}</h2>
${page.hits.length === 0 ? nothingFound(query) : hitList(page.hits, "Results")}
${nextLink(query, page.cursor)}</section>`,
  };
}

function nothingFound({ words }: SearchQuery): Html {
  return html`<div class="card stack"><p>No server and no tool matches${words !== "" && " these words"} with these filters.</p>
<ul><li>Try fewer words, or only the beginning of one.</li>
<li><a href="${withQuery(SEARCH, [["q", words]])}">Search without filters</a></li>
<li>A server that runs on your machine is added by <code>portcullis scan</code>, with what it really offers.</li>
<li><a href="${CATALOGUE}/contact">Tell us what is missing</a></li></ul></div>`;
}

/** Links, one per value: they work without a script, with the keyboard, and can be shared. */
function filters(query: SearchQuery): Html {
  const group = (key: "kind" | "risk" | "category", label: string, values: readonly string[]) => {
    const links = [undefined, ...values].map((value) => {
      const path = pathOf({ ...query, [key]: value }, undefined);
      const isCurrent = query[key] === value;
      return html`<a class="chip" href="${path}"${isCurrent && html` aria-current="true"`}>${value === undefined ? "All" : capital(value)}</a>`;
    });
    return html`<nav class="chips" aria-label="Filter by ${label}"><span class="note">${capital(label)}</span>${links}</nav>`;
  };
  return html`<div class="stack filters">${group("kind", "kind", ["tool", "server"])}${group("risk", "risk", RISKS)}${group("category", "category", CATEGORIES)}</div>`;
}

function pathOf(
  query: { readonly [K in keyof SearchQuery]?: SearchQuery[K] | undefined },
  cursor: string | undefined,
): string {
  const { words, kind, risk, category, server } = query;
  return withQuery(SEARCH, [
    ["q", words],
    ["kind", kind],
    ["risk", risk],
    ["category", category],
    ["server", server],
    ["cursor", cursor],
  ]);
}

function nextLink(query: SearchQuery, cursor: string | undefined): Html | false {
  return (
    cursor !== undefined &&
    html`<nav class="pager" aria-label="Pages"><a class="button" rel="next" href="${pathOf(query, cursor)}">More results</a></nav>`
  );
}
