import { ATTACKS } from "@portcullis/catalogue";
import type { Hono } from "hono";
import { findAttack } from "../pages/attack-pages.ts";
import { API, attackPath, fromSegment } from "../pages/paths.ts";
import { type Bindings, replyJson, type SiteContext } from "../pages/reply.ts";
import type { Site } from "../pages/site-parts.ts";
import { toHitList } from "./hit-object.ts";
import { problemResponse } from "./problem.ts";
import { readSearchQuery, toRisk } from "./read-query.ts";
import { readStackFile } from "./read-stack-file.ts";
import { readServerView, toServerObject } from "./server-view.ts";
import { readStackView, toStackObject } from "./stack-view.ts";
import { readToolView, toToolObject } from "./tool-view.ts";

const DEFAULT_LIMIT = 20;

/** `/api/v1/catalogue/*`: what pages show, as JSON. */
export function addApi(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  const { reader } = site;
  app.get(`${API}/totals`, (c) => replyJson(c, reader.totals()));
  app.get(`${API}/search`, (c) => replySearch(c, site, {}));
  app.get(`${API}/risk/:risk`, (c) => {
    const risk = toRisk(fromSegment(c.req.param("risk")));
    return risk ? replySearch(c, site, { risk, kind: "tool" }) : notFound("There is no such risk.");
  });
  app.get(`${API}/servers/:server`, (c) => {
    const name = segmentOf(c, 5);
    const view = name === undefined ? undefined : readServerView(reader, name);
    return view === undefined
      ? notFound("The index knows no such server.")
      : replyJson(c, toServerObject(view));
  });
  app.get(`${API}/tools/:server/:tool`, (c) => {
    const [server, tool] = [segmentOf(c, 5), segmentOf(c, 6)];
    const view = server === undefined || tool === undefined ? undefined : readToolView(reader, server, tool);
    return view === undefined ? notFound("The index knows no such tool.") : replyJson(c, toToolObject(view));
  });
  app.get(`${API}/attacks`, (c) =>
    replyJson(c, {
      attacks: ATTACKS.map(({ slug, title, summary }) => ({ slug, title, summary, path: attackPath(slug) })),
    }),
  );
  app.get(`${API}/attacks/:slug`, (c) => {
    const attack = findAttack(fromSegment(c.req.param("slug")));
    return attack === undefined
      ? notFound("There is no such attack pattern.")
      : replyJson(c, { ...attack, path: attackPath(attack.slug) });
  });
  app.post(`${API}/stack`, (c) => replyStack(c, site));
}

function replySearch(c: SiteContext, { reader }: Site, fixed: { readonly [key: string]: string }): Response {
  const params = new URL(c.req.url).searchParams;
  for (const [key, value] of Object.entries(fixed)) params.set(key, value);
  const query = readSearchQuery(params, DEFAULT_LIMIT);
  if (!query.ok) return problemResponse({ status: 400, title: "Invalid query", detail: query.error });
  return replyJson(c, toHitList(reader.search(query.value), params));
}

/** The body is the client's file itself: `{"mcpServers": {…}}`. */
async function replyStack(c: SiteContext, site: Site): Promise<Response> {
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return problemResponse({
      status: 415,
      title: "Unsupported media type",
      detail: "Send the file as application/json.",
    });
  }
  if (!site.stackThrottle.take(c.env.address, site.nowMs())) {
    return problemResponse(
      { status: 429, title: "Too many requests", detail: "Try again in a minute." },
      { "retry-after": "60" },
    );
  }
  const entries = readStackFile(await c.req.text());
  if (!entries.ok) return problemResponse({ status: 422, title: "Unreadable file", detail: entries.error });
  return c.json(toStackObject(readStackView(site.reader, entries.value, [])), 200, {
    "cache-control": "no-store",
  });
}

/** A segment of the path as it was sent, for names that hold slashes. */
function segmentOf(c: SiteContext, at: number): string | undefined {
  return fromSegment((c.env.target.split("?", 1)[0] ?? "").split("/")[at] ?? "");
}

function notFound(detail: string): Response {
  return problemResponse({ status: 404, title: "Not found", detail });
}
