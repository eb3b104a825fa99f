/**
 * What a server may ask a person through the client (threat 42). Policy says whether it may ask at all; this says
 * what no policy opens: a link whose target a person cannot judge, and a form for secrets, which the protocol forbids
 * (2026-07-28 client/elicitation "Safe URL Handling", "Security Considerations").
 */
import { isIP } from "node:net";
import { isJsonObject, type JsonObject, type JsonValue, own } from "@portcullis/policy";
import { namesSecret } from "../mcp/secret-names.ts";

/** Why these `params` of `elicitation/create` are not passed on, or undefined. Never contains anything of them. */
export function elicitationProblem(params: JsonValue | undefined): string | undefined {
  if (!isJsonObject(params)) return "its parameters are not an object";
  const mode = own(params, "mode");
  if (mode === "url") return linkProblem(own(params, "url"));
  if (mode !== undefined && mode !== "form") return "its mode is not known";
  // A client that shows the link of a form shows one that nobody has looked at.
  if (Object.hasOwn(params, "url")) return "it is a form and a link at once";
  return formProblem(params);
}

/** A person opens it: `https`, a public name as it is read, and nothing that hides which one it is. */
function linkProblem(link: JsonValue | undefined): string | undefined {
  if (typeof link !== "string") return "its link is not a text";
  if (!/^https:\/\/[\x21-\x7e]+$/i.test(link) || link.includes("\\"))
    return "its link is not a plain `https` URL";
  const url = URL.parse(link);
  if (url === null) return "its link cannot be read";
  if (url.username !== "" || url.password !== "") return "its link has a user name";
  const host = url.hostname.replace(/\.$/, "");
  if (isIP(host) !== 0 || host.startsWith("[")) return "its link leads to a bare address";
  if (!host.includes(".") || host.endsWith(".localhost")) return "its link leads to no public name";
  return host.split(".").some((label) => label.startsWith("xn--"))
    ? "its link leads to a name that may look like another"
    : undefined;
}

function formProblem(params: JsonObject): string | undefined {
  const schema = own(params, "requestedSchema");
  const properties = isJsonObject(schema) ? own(schema, "properties") : undefined;
  if (!isJsonObject(properties)) return undefined;
  const texts = Object.entries(properties).flatMap(([name, property]) => [name, ...textsOf(property)]);
  // A free text may be anything that the message asks for.
  if (Object.values(properties).some(isFreeText)) texts.push(...textOf(own(params, "message")));
  return texts.some(namesSecret) ? "its form asks for a secret" : undefined;
}

function textsOf(property: JsonValue): readonly string[] {
  if (!isJsonObject(property)) return [];
  return ["title", "description", "format"].flatMap((name) => textOf(own(property, name)));
}

function textOf(value: JsonValue | undefined): readonly string[] {
  return typeof value === "string" ? [value] : [];
}

function isFreeText(property: JsonValue): boolean {
  return isJsonObject(property) && own(property, "type") === "string" && !Object.hasOwn(property, "enum");
}
