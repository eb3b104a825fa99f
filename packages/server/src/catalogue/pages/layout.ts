import { PAGE_ICON, PAGE_SCRIPT, STYLE_SHEET } from "./assets.ts";
import { type Fragment, type Html, html } from "./html.ts";
import { API, CATALOGUE } from "./paths.ts";
import { PREVIEW } from "./preview-image.ts";
import { toVisible } from "./text.ts";

/** What is the same on every page. */
export interface Frame {
  /** Origin under which clients reach this instance, without a slash at the end. */
  readonly base: string;
}

export interface Page {
  /** Plain text, unescaped. */
  readonly title: string;
  /** Plain text: for search engines and previews. */
  readonly description: string;
  /** The canonical path of this page; undefined for one that is no place, such as an error. */
  readonly path: string | undefined;
  /** Which link of the top is this page's. */
  readonly place?: "index" | "attacks" | "stack" | "contact";
  /** Words in the search box of the top; `false` leaves the box out, where the page has its own. */
  readonly search?: string | false;
  readonly crumbs?: readonly (readonly [Fragment, string | undefined])[];
  readonly main: Html;
}

const SITE = "Portcullis catalogue";

/** A whole document. */
export function layout(frame: Frame, page: Page): string {
  const title = toVisible(page.title, { max: 150 });
  const description = toVisible(page.description, { max: 200 });
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · ${SITE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
${page.path === undefined ? html`<meta name="robots" content="noindex">` : previewOf(frame, page.path, title, description)}
<link rel="icon" type="image/svg+xml" href="${PAGE_ICON.path}">
<link rel="stylesheet" href="${STYLE_SHEET.path}">
<script src="${PAGE_SCRIPT.path}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
${topOf(page)}
<main id="main" class="wrap" tabindex="-1">
${page.crumbs !== undefined && crumbsOf(page.crumbs)}
${page.main}
</main>
${FOOT}
</body>
</html>`}\n`;
}

function previewOf(frame: Frame, path: string, title: string, description: string): Html {
  const url = frame.base + path;
  return html`<link rel="canonical" href="${url}">
<meta property="og:site_name" content="${SITE}">
<meta property="og:type" content="website">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${description}">
<meta property="og:url" content="${url}">
<meta property="og:image" content="${frame.base}${PREVIEW.path}">
<meta property="og:image:width" content="${PREVIEW.width}">
<meta property="og:image:height" content="${PREVIEW.height}">
<meta property="og:image:alt" content="The gate of Portcullis">
<meta name="twitter:card" content="summary_large_image">`;
}

const PLACES = [
  ["index", "Catalogue", CATALOGUE],
  ["attacks", "Attacks", `${CATALOGUE}/attacks`],
  ["stack", "Your stack", `${CATALOGUE}/stack`],
  ["contact", "Contact", `${CATALOGUE}/contact`],
] as const;

function topOf(page: Page): Html {
  const links = PLACES.map(
    ([place, label, path]) =>
      html`<li><a href="${path}"${page.place === place && html` aria-current="page"`}>${label}</a></li>`,
  );
  return html`<header class="top"><div class="wrap">
<a class="brand" href="${CATALOGUE}"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M3 21V10a9 9 0 0 1 18 0v11M8 5v16M12 4v17M16 5v16M3.500 11h17M3.500 16h17"/></svg>Portcullis</a>
<nav aria-label="Main"><ul class="links">${links}</ul></nav>
${page.search !== false && searchForm({ id: "top-q", words: page.search ?? "", label: "Search tools and servers" })}
</div></header>`;
}

export interface SearchForm {
  readonly id: string;
  readonly words: string;
  readonly label: string;
  readonly isBig?: boolean;
}

/** Works as a plain form; the script adds suggestions. */
export function searchForm({ id, words, label, isBig = false }: SearchForm): Html {
  return html`<search><form class="search${isBig && " big"}" action="${CATALOGUE}/search" method="get"><div class="row">
<label class="hidden" for="${id}">${label}</label>
<input id="${id}" name="q" type="search" value="${words}" placeholder="${isBig ? "A tool, server or package: send_email, postgres …" : "Tool or server"}" maxlength="200" data-suggest="any">
<button class="${isBig && "main"}" type="submit">Search</button></div></form></search>`;
}

function crumbsOf(crumbs: NonNullable<Page["crumbs"]>): Html {
  const items = crumbs.map(([label, path]) =>
    path === undefined
      ? html`<li aria-current="page">${label}</li>`
      : html`<li><a href="${path}">${label}</a></li>`,
  );
  return html`<nav class="crumbs" aria-label="Breadcrumb"><ol class="list">${items}</ol></nav>`;
}

const FOOT = html`<footer class="foot"><div class="wrap">
<p>What tools do, how dangerous they are, and the policy for each.</p>
<nav aria-label="More"><ul class="links">
<li><a href="${API}/totals">JSON API</a></li>
<li><a href="/v0.1/servers">Registry API</a></li>
<li><a href="${CATALOGUE}/contact">Report an error</a></li>
</ul></nav>
</div></footer>`;
