import { CATEGORIES, type Category, RISK_OF, type Risk } from "@portcullis/catalogue";
import type { HitPage, Totals } from "../reader.ts";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { capital, counted, hitList, riskBadge } from "./parts.ts";
import { CATALOGUE, categoryPath, riskPath, withQuery } from "./paths.ts";
import { MEANING, RISK_TEXT } from "./words.ts";

export interface Group {
  readonly page: HitPage;
  readonly totals: Totals;
  /** Of this page of the list; undefined on the first. */
  readonly cursor: string | undefined;
}

/** `/catalogue/risk/<level>`. */
export function riskPage(risk: Risk, group: Group): Page {
  const categories = CATEGORIES.filter((category) => RISK_OF[category] === risk);
  const count = categories.reduce((sum, category) => sum + group.totals.counts[category], 0);
  return {
    title: `${capital(risk)} risk tools`,
    description: `${counted(count, "MCP tool")} of ${risk} risk. ${RISK_TEXT[risk]}`,
    path: withQuery(riskPath(risk), [["cursor", group.cursor]]),
    crumbs: [
      ["Catalogue", CATALOGUE],
      [`${capital(risk)} risk`, undefined],
    ],
    main: html`<div class="head"><p>${riskBadge(risk, true)}</p><h1>${capital(risk)} risk tools</h1>
<p class="lead">${RISK_TEXT[risk]}</p>
<p class="chips"><span class="note">${counted(count, "tool")} in</span>${categories.map((category) => html`<a class="chip" href="${categoryPath(category)}">${category}</a>`)}</p></div>
${groupList(group, riskPath(risk))}`,
  };
}

const TREATMENT: { readonly [C in Category]: string } = {
  Read: "The recommended policy leaves it usable.",
  Write: "The recommended policy leaves it usable and caps how often it is called.",
  Execute:
    "The recommended policy caps it, and adds rules on arguments where the schema shows what to look at.",
  Destructive: "The recommended policy hides it: agents do not see it, and calls by name are refused.",
  Financial:
    "The recommended policy holds each call for a person; until this gateway has approvals, it is refused.",
};

/** `/catalogue/category/<name>`. */
export function categoryPage(category: Category, group: Group): Page {
  const count = group.totals.counts[category];
  return {
    title: `${category} tools`,
    description: `${counted(count, "MCP tool")}. A ${category} tool ${MEANING[category]}. ${TREATMENT[category]}`,
    path: withQuery(categoryPath(category), [["cursor", group.cursor]]),
    crumbs: [
      ["Catalogue", CATALOGUE],
      [category, undefined],
    ],
    main: html`<div class="head"><p>${riskBadge(RISK_OF[category], true)}</p><h1>${category} tools</h1>
<p class="lead">A tool that ${MEANING[category]}. ${TREATMENT[category]}</p>
<p class="note">${counted(count, "tool")}</p></div>
${groupList(group, categoryPath(category))}`,
  };
}

function groupList({ page, cursor }: Group, path: string): Html {
  const first = cursor !== undefined && html`<a class="button" href="${path}">First page</a>`;
  const next =
    page.cursor !== undefined &&
    html`<a class="button" rel="next" href="${withQuery(path, [["cursor", page.cursor]])}">Next page</a>`;
  return html`<section class="section" aria-labelledby="tools"><h2 id="tools">Tools</h2>
${page.hits.length === 0 ? html`<p class="card">None are known.</p>` : hitList(page.hits, "Tools")}
${(first || next) && html`<nav class="pager" aria-label="Pages">${first}${next}</nav>`}</section>`;
}
