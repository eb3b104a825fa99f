import { toServerName } from "./commands.ts";
import { replyKept, type SiteContext } from "./reply.ts";
import { toVisibleJson } from "./text.ts";

/** A policy to save; the name of the file holds nothing of a stranger but plain letters. */
export function policyFile(c: SiteContext, json: string, name: string): Response {
  return replyKept(c, toVisibleJson(json), "application/json", {
    "content-disposition": `attachment; filename="${toServerName(name)}.policy.json"`,
  });
}
