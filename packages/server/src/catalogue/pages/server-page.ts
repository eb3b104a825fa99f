import type { ServerView } from "../api/server-view.ts";
import type { DriftEvent, ServerFacts, ToolFacts } from "../reader.ts";
import { control } from "./control.ts";
import { type Fragment, type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import {
  categoryBar,
  counted,
  day,
  factList,
  hitList,
  linked,
  lookalikeNote,
  section,
  verdictChips,
} from "./parts.ts";
import { CATALOGUE, serverPath, stackPath, toolPath, withQuery } from "./paths.ts";
import { sentence } from "./sentence.ts";
import { headingOf, lineOf, nameOf, paragraphOf, SHOWN, toVisible } from "./text.ts";
import { METHOD_TEXT } from "./words.ts";

/** Tools on the page; the rest is a search away. */
const MAX_ROWS = 100;

/** `/catalogue/servers/<server>`. */
export function serverPage(view: ServerView, base: string): Page {
  const { facts } = view;
  const name = toVisible(facts.name, { max: SHOWN.name });
  return {
    title: `${name}: tools, risk and policy`,
    description: `${name} has ${counted(facts.tools, "tool")}: ${summaryOf(facts)}. One policy for all of them.`,
    path: serverPath(facts.name),
    crumbs: [
      ["Catalogue", CATALOGUE],
      [nameOf(facts.name), undefined],
    ],
    main: html`${head(facts)}
<div class="two"><div>
${shape(view)}${worst(view)}${policy(view, base)}${tools(view)}${changes(view.changes)}${related(view)}
</div>${aside(facts)}</div>`,
  };
}

function summaryOf({ counts }: ServerFacts): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.length === 0
    ? "none known"
    : parts.map(([category, count]) => `${count} ${category}`).join(", ");
}

function head(facts: ServerFacts): Html {
  const { title, description, status } = facts;
  return html`<div class="head">
<p class="chips"><span class="chip">Server</span>${status !== "active" && html`<span class="badge high">${status === "deleted" ? "Deleted from the registry" : "Deprecated"}</span>`}<span class="soft">${counted(facts.tools, "tool")}</span></p>
<h1><code>${headingOf(facts.name)}</code></h1>
${title !== undefined && title !== facts.name && html`<p class="lead">${lineOf(title)}</p>`}
${lookalikeNote(facts.name)}
${description !== undefined && html`${paragraphOf(description)}<p class="note">From its own description.</p>`}
<p class="chips"><a class="button main" href="#policy-section">Get the policy</a><a class="button" href="${stackPath([facts.name])}">Start a stack with it</a></p>
</div>`;
}

function shape({ facts, tools: all }: ServerView): Html {
  const content =
    all.length === 0
      ? html`<p class="card">Nobody has listed its tools yet. <code>portcullis scan</code> does, on a machine where it runs.</p>`
      : categoryBar(facts.counts);
  return section("shape", "What it can do", content);
}

function worst({ recommendation, facts }: ServerView): Html {
  if (recommendation.worst.length === 0) return html``;
  const rows = recommendation.worst.map(({ tool, verdict }) =>
    toolRow(
      facts.name,
      tool.name,
      verdict,
      recommendation.tools.find((one) => one.tool.name === tool.name)?.effect,
    ),
  );
  return section(
    "worst",
    "Most dangerous",
    html`<ul class="rows" aria-label="Most dangerous tools">${rows}</ul>`,
  );
}

function policy({ facts, recommendation }: ServerView, base: string): Html {
  if (recommendation.tools.length === 0) return html``;
  return section(
    "policy-section",
    "Recommended policy",
    html`<p class="prose">One document for all tools. What it does not name is denied: tools that the server adds later, too.</p>
${control({
  id: "policy",
  server: facts,
  base,
  policyPath: `${serverPath(facts.name)}/policy.json`,
  json: recommendation.json,
  label: html`Policy for ${counted(recommendation.tools.length, "tool")}`,
  notes: [
    ...recommendation.warnings.map(({ text }) => sentence(text)),
    facts.tools > recommendation.tools.length &&
      `The server has ${counted(facts.tools, "tool")}; the policy is for the ${recommendation.tools.length} most dangerous ones, and denies the rest.`,
  ].filter((note) => note !== false),
})}`,
  );
}

function tools({ facts, tools: all }: ServerView): Html {
  if (all.length === 0) return html``;
  const rows = all
    .slice(0, MAX_ROWS)
    .map(({ definition, verdict }) => toolRow(facts.name, definition.name, verdict, definition.description));
  const left = facts.tools - Math.min(all.length, MAX_ROWS);
  return section(
    "tools",
    "All tools",
    html`<p class="note">The worst first.</p><ul class="rows" aria-label="All tools">${rows}</ul>
${
  left > 0 &&
  html`<p class="note">${counted(left, "tool")} more: <a href="${withQuery(`${CATALOGUE}/search`, [
    ["kind", "tool"],
    ["server", facts.name],
  ])}">all of them in the search</a>.</p>`
}`,
  );
}

function toolRow(
  server: string,
  tool: string,
  verdict: ToolFacts["verdict"],
  text: string | undefined,
): Html {
  return html`<li><div>${linked(toolPath(server, tool), nameOf(tool), "name mono")}</div>
${verdictChips(verdict)}
${text !== undefined && html`<p>${lineOf(text.replace(/\s+/g, " "))}</p>`}</li>`;
}

const CHANGE: { readonly [K in DriftEvent["kind"]]: string } = {
  added: "Added",
  changed: "Definition changed",
  removed: "Removed",
};

function changes(events: readonly DriftEvent[]): Html {
  const items = events.map(
    ({ tool, kind, atMs }) =>
      html`<li>${day(atMs)} <span>${CHANGE[kind]}</span> <code>${nameOf(tool)}</code></li>`,
  );
  return section(
    "changes",
    "Changes over time",
    items.length === 0
      ? html`<p class="soft">No change of its tools has been seen.</p>`
      : html`<ul class="timeline">${items}</ul>`,
  );
}

function related({ related: hits }: ServerView): Html {
  return hits.length === 0 ? html`` : section("related", "Related servers", hitList(hits, "Related servers"));
}

function aside(facts: ServerFacts): Html {
  const { package: pack, repository, registryId, license, transports } = facts;
  const rows: readonly (readonly [string, Fragment])[] = [
    [
      "Package",
      pack !== undefined &&
        html`${nameOf(pack.name)}${pack.version !== undefined && html` ${nameOf(pack.version)}`} <span class="soft">(${pack.registry})</span>`,
    ],
    ["Repository", repository !== undefined && outside(repository)],
    ["Registry", registryId !== undefined && nameOf(registryId)],
    ["Licence", license !== undefined && nameOf(license)],
    ["Transports", transports.length > 0 && nameOf(transports.join(", "))],
    ["How its tools were found", METHOD_TEXT[facts.method]],
    ["Looked at", day(facts.seenAtMs)],
  ];
  return html`<aside class="side section" aria-label="Facts"><div class="stack"><h2>Facts</h2>${factList(rows)}</div></aside>`;
}

/** Only `https:` is ever followed; the whole address is shown. */
function outside(url: string): Html {
  const isSafe = URL.canParse(url) && new URL(url).protocol === "https:";
  return isSafe
    ? html`<a href="${url}" rel="nofollow noopener noreferrer ugc">${nameOf(url.replace(/^https:\/\//, ""))}</a>`
    : nameOf(url);
}
