import type { Hono } from "hono";
import { readToolView } from "../api/tool-view.ts";
import { fromSegment, toolPath } from "./paths.ts";
import { policyFile } from "./policy-file.ts";
import { type Bindings, redirectToCanonical, replyNotFound, replyPage, type SiteContext } from "./reply.ts";
import type { Site } from "./site-parts.ts";
import { toolPage } from "./tool-page.ts";

/** `/catalogue/tools/<server>/<tool>` and its `/policy.json`. */
export function addToolPages(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  const find = (c: SiteContext) => {
    const [, , , server = "", tool = ""] = (c.env.target.split("?", 1)[0] ?? "").split("/");
    const names = [fromSegment(server), fromSegment(tool)] as const;
    const [serverName, toolName] = names;
    const view =
      serverName === undefined || toolName === undefined
        ? undefined
        : readToolView(site.reader, serverName, toolName);
    return { view, words: `${toolName ?? ""}` };
  };
  app.get("/catalogue/tools/:server/:tool", (c) => {
    const { view, words } = find(c);
    if (view === undefined) return replyNotFound(c, site, words);
    const path = toolPath(view.server.name, view.facts.definition.name);
    return redirectToCanonical(c, path) ?? replyPage(c, site, toolPage(view, site.base));
  });
  app.get("/catalogue/tools/:server/:tool/policy.json", (c) => {
    const { view, words } = find(c);
    if (view === undefined) return replyNotFound(c, site, words);
    const path = toolPath(view.server.name, view.facts.definition.name);
    return (
      redirectToCanonical(c, `${path}/policy.json`) ??
      policyFile(c, view.policy.json, view.facts.definition.name)
    );
  });
}
