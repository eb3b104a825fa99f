import type { SearchHit } from "../reader.ts";
import { html } from "./html.ts";
import { type Page, searchForm } from "./layout.ts";
import { hitList } from "./parts.ts";
import { CATALOGUE } from "./paths.ts";
import { toVisible } from "./text.ts";

/** A 404 that helps: what was meant is probably among the hits. */
export function notFoundPage(words: string, hits: readonly SearchHit[]): Page {
  const clean = toVisible(words, { max: 120 });
  return {
    title: "Not in the catalogue",
    description: "There is no such page.",
    path: undefined,
    search: false,
    main: html`<div class="head"><h1>Not in the catalogue</h1>
<p class="lead">${clean === "" ? "There is no such page here." : html`Nothing is known under <bdi><strong>${clean}</strong></bdi>, or not any more.`}</p>
${searchForm({ id: "q", words: clean, label: "Search tools, servers and packages", isBig: true })}</div>
${hits.length > 0 && html`<section class="section" aria-labelledby="near"><h2 id="near">Did you mean</h2>${hitList(hits, "Near matches")}</section>`}
<section class="section" aria-labelledby="ways"><h2 id="ways">Other ways</h2><ul class="plain">
<li><a href="${CATALOGUE}">Start of the catalogue</a></li>
<li><a href="${CATALOGUE}/stack">Check your stack</a>, with the mcp.json that you have</li>
<li><a href="${CATALOGUE}/contact">Tell us what is missing</a></li></ul></section>`,
  };
}

/** Anything else that went wrong: one sentence, and what to do. */
export function errorPage(title: string, detail: string): Page {
  return {
    title,
    description: detail,
    path: undefined,
    main: html`<div class="head"><h1>${title}</h1><p class="lead">${detail}</p>
<p><a class="button" href="${CATALOGUE}">Start of the catalogue</a></p></div>`,
  };
}
