/** What a grant may see of a list (policy-spec R6, R7). Unknown members of every item pass through untouched. */
import {
  decidePrompt,
  decideResource,
  isJsonObject,
  isTemplateListed,
  isToolListed,
  type JsonObject,
  type JsonValue,
  own,
} from "@portcullis/policy";
import type { Access, ListKind } from "./call.ts";
import type { Server } from "./records.ts";

/** The member of the result that holds each list. */
export const LIST_MEMBER: { readonly [kind in ListKind]: string } = {
  tools: "tools",
  resources: "resources",
  templates: "resourceTemplates",
  prompts: "prompts",
};

/** The items of `result` that are JSON objects, or undefined when there is no such list. */
export function listItems(result: JsonObject, kind: ListKind): readonly JsonObject[] | undefined {
  const list = own(result, LIST_MEMBER[kind]);
  return Array.isArray(list) ? (list as readonly JsonValue[]).filter(isJsonObject) : undefined;
}

/** Keeps what the policy lets this grant see, in the server's order. Lists stay filtered in shadow mode too (A1). */
export function visibleItems(
  kind: ListKind,
  items: readonly JsonObject[],
  access: Access,
  server: Server,
): readonly JsonObject[] {
  const policy = access.policy?.compiled;
  if (policy === undefined) return [];
  switch (kind) {
    case "tools":
      return items.filter((item) => {
        const name = own(item, "name");
        return typeof name === "string" && isToolOffered(server, name) && isToolListed(policy, name);
      });
    case "resources":
      return items.filter((item) => {
        const uri = own(item, "uri");
        return typeof uri === "string" && decideResource(policy, uri).effect === "allow";
      });
    case "templates":
      return items.filter((item) => {
        const template = own(item, "uriTemplate");
        return typeof template === "string" && isTemplateListed(policy, template);
      });
    case "prompts":
      return items.filter((item) => {
        const name = own(item, "name");
        return typeof name === "string" && decidePrompt(policy, name).effect === "allow";
      });
    default:
      return unreachable(kind);
  }
}

/** Until accepted, a new or changed tool is not listed, unless the server's `on-change` says otherwise. */
function isToolOffered(server: Server, name: string): boolean {
  const pin = server.tools.get(name)?.pin;
  return pin === "accepted" || (server.onChange !== "block" && (pin === "changed" || pin === "new"));
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled list ${String(value)}`);
}
