import { CATEGORIES, RISKS, type Risk } from "@portcullis/catalogue";
import type { Totals } from "../reader.ts";
import { html } from "./html.ts";
import { type Page, searchForm } from "./layout.ts";
import { categoryBar, counted, dayText, riskBadge } from "./parts.ts";
import { CATALOGUE, categoryPath, riskPath } from "./paths.ts";
import { MEANING, RISK_TEXT } from "./words.ts";

/** `/catalogue`: everything at a glance, and the ways in. */
export function indexPage(totals: Totals): Page {
  const counts = `${counted(totals.tools, "tool")} of ${counted(totals.servers, "server")}`;
  return {
    title: "What MCP tools do, and how to control them",
    description: `${counts}, each with its risk, the reasons for it, and a policy that controls it.`,
    path: CATALOGUE,
    place: "index",
    search: false,
    main: html`<div class="head">
<h1>What can your agents do?</h1>
<p class="lead">Look up a tool: what it does, how dangerous it is and why we say so, and a policy that puts it under control.</p>
${searchForm({ id: "q", words: "", label: "Search tools, servers and packages", isBig: true })}
<p class="note">${counts}${totals.rules !== "" && `, judged by rules ${totals.rules}`}; last change ${dayText(totals.changedAtMs)}.</p>
</div>
${totals.tools > 0 && html`<section class="section" aria-labelledby="shape"><h2 id="shape">The index by category</h2>${categoryBar(totals.counts)}</section>`}
<section class="section" aria-labelledby="by-risk"><h2 id="by-risk">By risk</h2>
<div class="grid">${RISKS.toReversed().map(riskTile)}</div></section>
<section class="section" aria-labelledby="by-category"><h2 id="by-category">By what they do</h2>
<ul class="grid five">${CATEGORIES.map(
      (category) =>
        html`<li><a class="card tile" href="${categoryPath(category)}"><strong>${category}</strong><span class="figure">${totals.counts[category].toLocaleString("en")}</span><span class="soft">A tool that ${MEANING[category]}.</span></a></li>`,
    )}</ul></section>
<section class="section" aria-labelledby="start"><h2 id="start">Start from what you have</h2>
<div class="grid">
<a class="card tile" href="${CATALOGUE}/stack"><strong>Check your stack</strong><span class="soft">Paste an mcp.json: see everything your agents can call, the worst first, and get one policy per server.</span></a>
<a class="card tile" href="${CATALOGUE}/attacks"><strong>Know the attacks</strong><span class="soft">How tools are turned against their users, documented cases, and the policy that stops each.</span></a>
</div></section>`,
  };
}

function riskTile(risk: Risk) {
  return html`<a class="card tile" href="${riskPath(risk)}"><span>${riskBadge(risk, true)}</span><span class="soft">${RISK_TEXT[risk]}</span></a>`;
}
