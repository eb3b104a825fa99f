import type { Hono } from "hono";
import { readSearchQuery, toCategory, toRisk } from "../api/read-query.ts";
import type { SearchQuery } from "../reader.ts";
import { addAttackPages } from "./attack-pages.ts";
import { CONTACT, contactPage, contactSentPage } from "./contact-page.ts";
import { categoryPage, type Group, riskPage } from "./group-page.ts";
import { indexPage } from "./index-page.ts";
import { CATALOGUE, categoryPath, fromSegment, riskPath, withQuery } from "./paths.ts";
import { readContact, toDraft } from "./read-contact.ts";
import { readForm } from "./read-form.ts";
import {
  type Bindings,
  redirectToCanonical,
  replyError,
  replyOnce,
  replyPage,
  type SiteContext,
} from "./reply.ts";
import { searchPage } from "./search-page.ts";
import { addServerPages } from "./server-pages.ts";
import type { Site } from "./site-parts.ts";
import { addStackPages } from "./stack-pages.ts";
import { addToolPages } from "./tool-pages.ts";

/** Hits on one page. */
const PAGE_HITS = 30;

/** Everything below `/catalogue`. */
export function addPages(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.use("*", async (c, next) => {
    const path = c.env.target.split("?", 1)[0] ?? "";
    // Nothing but a path of ours: `//` or `/\` in front would name another host.
    if (path.startsWith(CATALOGUE) && path.endsWith("/")) {
      return redirectToCanonical(c, path.replace(/\/+$/, "")) ?? next();
    }
    return next();
  });
  app.get(CATALOGUE, (c) => replyPage(c, site, indexPage(site.reader.totals())));
  app.get(`${CATALOGUE}/search`, (c) => {
    const query = readSearchQuery(new URL(c.req.url).searchParams, PAGE_HITS);
    if (!query.ok) return replyError(c, site, 422, ["That cannot be searched", query.error]);
    return replyPage(c, site, searchPage(query.value, site.reader.search(query.value)));
  });
  for (const kind of ["server", "tool"] as const) {
    app.get(`${CATALOGUE}/${kind}s`, (c) =>
      c.redirect(withQuery(`${CATALOGUE}/search`, [["kind", kind]]), 302),
    );
  }
  addGroups(app, site);
  addToolPages(app, site);
  addServerPages(app, site);
  addAttackPages(app, site);
  addStackPages(app, site);
  addContact(app, site);
}

function addGroups(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get(`${CATALOGUE}/risk/:risk`, (c) => {
    const risk = toRisk(fromSegment(c.req.param("risk")));
    if (!risk) return c.notFound();
    return (
      redirectToCanonical(c, riskPath(risk)) ?? replyPage(c, site, riskPage(risk, groupOf(c, site, { risk })))
    );
  });
  app.get(`${CATALOGUE}/category/:category`, (c) => {
    const category = toCategory(fromSegment(c.req.param("category")));
    if (!category) return c.notFound();
    return (
      redirectToCanonical(c, categoryPath(category)) ??
      replyPage(c, site, categoryPage(category, groupOf(c, site, { category })))
    );
  });
}

function groupOf(c: SiteContext, { reader }: Site, filter: Pick<SearchQuery, "risk" | "category">): Group {
  const cursor = c.req.query("cursor")?.slice(0, 1_000);
  const query: SearchQuery = {
    words: "",
    kind: "tool",
    limit: PAGE_HITS,
    ...filter,
    ...(cursor && { cursor }),
  };
  return { page: reader.search(query), totals: reader.totals(), cursor };
}

function addContact(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get(CONTACT, (c) => replyPage(c, site, contactPage()));
  app.get(`${CONTACT}/sent`, (c) => replyOnce(c, site, contactSentPage(), 200));
  app.post(CONTACT, async (c) => {
    const form = await readForm(c);
    if (!form.ok) return replyError(c, site, 415, ["That form cannot be read", form.error]);
    const contact = readContact(form.value);
    const refuse = (status: 422 | 429 | 503, problem: string) =>
      replyOnce(c, site, contactPage(problem, toDraft(form.value)), status);
    if (!contact.ok) return refuse(422, contact.error);
    if (!site.contactThrottle.take(c.env.address, site.nowMs())) {
      return refuse(429, "too many messages have come in. Try again in an hour.");
    }
    const { message, replyTo, isTrapped } = contact.value;
    // A program is told the same as a person, so that it does not learn.
    const stored = isTrapped
      ? undefined
      : site.contact.add({ atMs: site.nowMs(), message, replyTo: replyTo === "" ? undefined : replyTo });
    if (stored?.ok === false) return refuse(503, stored.error);
    return c.redirect(`${CONTACT}/sent`, 303);
  });
}
