import { createHash } from "node:crypto";
import type { Context } from "hono";
import { errorPage, notFoundPage } from "./error-page.ts";
import { layout, type Page } from "./layout.ts";
import type { Site } from "./site-parts.ts";

/** Where a request came from and what exactly it asked for: what the URL alone no longer says. */
export interface Bindings {
  /** Path and query as they were sent. */
  readonly target: string;
  readonly address: string;
}

export type SiteContext = Context<{ Bindings: Bindings }>;

/** Nothing but our own files is loaded, nothing runs that is not in them, and nobody frames the page. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** On every answer, errors too. */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", CONTENT_POLICY],
  ["x-content-type-options", "nosniff"],
  // Not `no-referrer`: browsers would hide the origin of our own forms, too.
  ["referrer-policy", "same-origin"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"],
  ["x-frame-options", "DENY"],
];

/** Asked again each time; unchanged pages are answered with 304. */
const REVALIDATED = "no-cache";

/** A page that may be kept. */
export function replyPage(c: SiteContext, site: Site, page: Page): Response {
  return replyKept(c, layout(site, page), "text/html; charset=utf-8");
}

/** A page for one request only: errors, and what follows from a form. */
export function replyOnce(
  c: SiteContext,
  site: Site,
  page: Page,
  status: 200 | 403 | 404 | 413 | 415 | 422 | 429 | 500 | 503,
): Response {
  return c.body(layout(site, page), status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
  });
}

/** A JSON value that may be kept. */
export function replyJson(c: SiteContext, value: unknown): Response {
  return replyKept(c, `${JSON.stringify(value)}\n`, "application/json");
}

/**
 * The ETag is that of the bytes, which follow from the definitions, the rules and this program alone (no clock, no
 * request): it is strong, and the same after a restart.
 */
export function replyKept(
  c: SiteContext,
  body: string,
  contentType: string,
  more: Record<string, string> = {},
): Response {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  const headers = { etag, "cache-control": REVALIDATED, ...more };
  if (hasTag(c.req.header("if-none-match"), etag)) return c.body(null, 304, headers);
  return c.body(body, 200, { "content-type": contentType, ...headers });
}

/** RFC 9110 13.1.2: a list, compared weakly. */
function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** Where the path is a thing's but not written as its one path is, the way there. */
export function redirectToCanonical(c: SiteContext, path: string): Response | undefined {
  const [given = "", query] = c.env.target.split(/\?(.*)/s);
  if (given === path) return undefined;
  return c.body(null, 301, { location: query === undefined ? path : `${path}?${query}` });
}

export function replyNotFound(c: SiteContext, site: Site, words: string): Response {
  const clean = words.slice(0, 200);
  const hits = clean.trim() === "" ? [] : site.reader.search({ words: clean, limit: 8 }).hits;
  return replyOnce(c, site, notFoundPage(clean, hits), 404);
}

export function replyError(
  c: SiteContext,
  site: Site,
  status: 403 | 413 | 415 | 422 | 429 | 500 | 503,
  [title, detail]: readonly [string, string],
): Response {
  return replyOnce(c, site, errorPage(title, detail), status);
}
