import { CATEGORIES, type Category, RISK_OF, type Risk, type Verdict } from "@portcullis/catalogue";
import type { SearchHit } from "../reader.ts";
import { type Fragment, type Html, html } from "./html.ts";
import { categoryPath, MAX_PATH_CHARS, serverPath, toolPath } from "./paths.ts";
import { asciiOf, lineOf, nameOf } from "./text.ts";

/** A risk in words and bars: the colour only repeats them. */
export function riskBadge(risk: Risk, isLarge = false): Html {
  return html`<span class="badge bars ${risk}${isLarge && " large"}">${capital(risk)} risk</span>`;
}

export function categoryChip(category: Category): Html {
  return html`<a class="chip" href="${categoryPath(category)}">${category}</a>`;
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `1 tool`, `2,000 tools`. */
export function counted(count: number, word: string): string {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

/** Days, in UTC: the page is the same for everybody, whenever it is read. */
export function day(ms: number): Html {
  const text = dayText(ms);
  return html`<time datetime="${text}">${text}</time>`;
}

export function dayText(ms: number): string {
  // What is out of the range of dates was written by nobody who knew the time.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().slice(0, 10) : "unknown";
}

/** A link, unless no client could follow it. */
export function linked(path: string, label: Fragment, className = ""): Html {
  if (path.length > MAX_PATH_CHARS) return html`<span class="${className}">${label}</span>`;
  return html`<a class="${className}" href="${path}">${label}</a>`;
}

/** What is said of a tool in a list: its risk, and where it is worse than its category. */
export function verdictChips({
  category,
  risk,
  severity,
}: Pick<Verdict, "category" | "risk" | "severity">): Html {
  const raised = severity !== risk && html`<span class="chip">Severity ${severity}</span>`;
  return html`<div class="chips">${raised}<span class="chip">${category}</span>${riskBadge(risk)}</div>`;
}

/** Hits as a list of links. */
export function hitList(hits: readonly SearchHit[], label: string): Html {
  return html`<ul class="rows" aria-label="${label}">${hits.map(hitRow)}</ul>`;
}

function hitRow(hit: SearchHit): Html {
  const isTool = hit.tool !== undefined;
  const path = hit.tool === undefined ? serverPath(hit.server) : toolPath(hit.server, hit.tool);
  const from = isTool && html` <span class="from">${nameOf(hit.server)}</span>`;
  return html`<li><div>${linked(path, nameOf(hit.tool ?? hit.server), "name mono")}${from}</div>
<div class="chips">${hit.category !== undefined && html`<span class="chip">${hit.category}</span>`}${hit.risk === undefined ? html`<span class="chip">Server</span>` : riskBadge(hit.risk)}</div>
${hit.summary !== undefined && html`<p>${lineOf(hit.summary)}</p>`}</li>`;
}

type Counts = { readonly [C in Category]: number };

/** How many tools of each category: a bar for the eye, the key for everybody. */
export function categoryBar(counts: Counts): Html {
  const present = CATEGORIES.filter((category) => counts[category] > 0);
  const total = present.reduce((sum, category) => sum + counts[category], 0);
  let x = 0;
  const rects = present.map((category) => {
    const width = (100 * counts[category]) / total;
    const rect = html`<rect class="${toneOf(category)}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="4"/>`;
    x += width;
    return rect;
  });
  const key = present.map(
    (category) =>
      html`<li><span class="dot ${toneOf(category)}" aria-hidden="true"></span><a href="${categoryPath(category)}">${category}</a> <b>${counts[category].toLocaleString("en")}</b></li>`,
  );
  return html`<div class="stack"><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">${rects}</svg><ul class="key" aria-label="Tools per category">${key}</ul></div>`;
}

/** Two categories are critical: told apart by shade. */
function toneOf(category: Category): string {
  return category === "Financial" ? "plain" : RISK_OF[category];
}

export interface CodeBlock {
  /** Unique on the page. */
  readonly id: string;
  readonly label: Fragment;
  readonly text: string;
  readonly download?: string;
  readonly isTall?: boolean;
}

/** Text to copy, which scrolls in itself. The button appears with the script. */
export function codeBlock({ id, label, text, download, isTall = false }: CodeBlock): Html {
  const file =
    download !== undefined && html`<a class="button small" href="${download}" download>Download</a>`;
  return html`<figure class="code${isTall && " tall"}"><figcaption><span id="${id}-label">${label}</span><span class="chips"><button class="small" type="button" data-copy="${id}" aria-describedby="${id}-label" hidden>Copy</button>${file}</span></figcaption><pre tabindex="0" role="group" aria-labelledby="${id}-label"><code id="${id}">${text}</code></pre></figure>`;
}

/** Said where a name has letters that look like others. */
export function lookalikeNote(name: string): Html | false {
  const ascii = asciiOf(name);
  return (
    ascii !== undefined &&
    html`<p class="callout medium"><span>Look twice: this name has characters beyond plain letters, which can pass for others. Spelled out it is <code>${ascii}</code>.</span></p>`
  );
}

/** Facts as pairs; those without a value are left out. */
export function factList(facts: readonly (readonly [string, Fragment])[]): Html {
  const given = facts.filter(([, value]) => value !== undefined && value !== false);
  return html`<dl class="facts">${given.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A part of a page with its heading; `id` is where links jump to. */
export function section(id: string, title: Fragment, content: Fragment): Html {
  return html`<section class="section" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>`;
}
