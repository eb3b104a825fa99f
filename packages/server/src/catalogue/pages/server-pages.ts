import type { Hono } from "hono";
import { readServerView } from "../api/server-view.ts";
import { fromSegment, serverPath } from "./paths.ts";
import { policyFile } from "./policy-file.ts";
import { type Bindings, redirectToCanonical, replyNotFound, replyPage, type SiteContext } from "./reply.ts";
import { serverPage } from "./server-page.ts";
import type { Site } from "./site-parts.ts";

/** `/catalogue/servers/<server>` and its `/policy.json`. */
export function addServerPages(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  const nameIn = (c: SiteContext) => fromSegment((c.env.target.split("?", 1)[0] ?? "").split("/")[3] ?? "");
  app.get("/catalogue/servers/:server", (c) => {
    const name = nameIn(c);
    const view = name === undefined ? undefined : readServerView(site.reader, name);
    if (view === undefined) return replyNotFound(c, site, name ?? "");
    return (
      redirectToCanonical(c, serverPath(view.facts.name)) ?? replyPage(c, site, serverPage(view, site.base))
    );
  });
  app.get("/catalogue/servers/:server/policy.json", (c) => {
    const name = nameIn(c);
    const view = name === undefined ? undefined : readServerView(site.reader, name);
    if (view === undefined) return replyNotFound(c, site, name ?? "");
    const path = `${serverPath(view.facts.name)}/policy.json`;
    return redirectToCanonical(c, path) ?? policyFile(c, view.recommendation.json, view.facts.name);
  });
}
