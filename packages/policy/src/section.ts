import type { Decision } from "./decision.ts";
import type { PolicyDocument, Section } from "./document.ts";
import { globMatches } from "./glob.ts";
import { deniedByRuleMessage, notPermittedMessage } from "./message.ts";
import { compileUriGlob, toComparableUri, type UriGlob } from "./uri-glob.ts";
import { compileStarWords, instancesOf, type StarWords } from "./uri-instance.ts";

/** The rules beside tools (R7), compiled. */
export interface CompiledSections {
  readonly resources: CompiledSection<UriGlob> & { readonly words: StarWords };
  readonly prompts: CompiledSection<string>;
  readonly serverRequests: { readonly [request in ServerRequest]: Decision };
}

/** Requests that a server may make of a client. */
export type ServerRequest = "sampling" | "elicitation" | "roots";

interface CompiledSection<T> {
  readonly default: "allow" | "deny";
  readonly allow: readonly T[];
  readonly deny: readonly T[];
}

/** Compiles the sections of a validated document, with the defaults of M2. */
export function compileSections(document: PolicyDocument): CompiledSections {
  const requests = document.server_requests ?? {};
  const decideRequest = (request: ServerRequest, otherwise: "allow" | "deny"): Decision => {
    const written = requests[request];
    if (written === "deny") return denyByRule(`/server_requests/${request}`);
    return (written ?? otherwise) === "allow" ? ALLOW : denyByDefault("Server request", request);
  };
  return {
    resources: {
      ...compileSection(document.resources, document.default, compileUriGlob),
      words: compileStarWords(document.resources?.deny ?? []),
    },
    prompts: compileSection(document.prompts, document.default, (pattern) => pattern),
    serverRequests: {
      sampling: decideRequest("sampling", "deny"),
      elicitation: decideRequest("elicitation", document.default),
      roots: decideRequest("roots", document.default),
    },
  };
}

/** Decides a resource by its URI: read, subscribe, and whether a list shows it (R7). Never throws. */
export function decideResource({ resources }: CompiledSections, uri: string): Decision {
  const hasPatterns = resources.allow.length + resources.deny.length > 0;
  if (hasPatterns && isUnclear(uri)) return deny("(unclear uri)", notPermittedMessage("Resource", uri));
  const comparable = toComparableUri(uri);
  const plain = toComparableUri(decodeUnreserved(uri));
  const denied = resources.deny.findIndex((glob) => glob.matches(comparable) || glob.matches(plain));
  if (denied !== -1) return denyByRule(`/resources/deny/${denied}`);
  const allowed = resources.default === "allow" || resources.allow.some((glob) => glob.matches(comparable));
  return allowed ? ALLOW : denyByDefault("Resource", uri);
}

/**
 * True when `resources/templates/list` shows the template: the text before its first `{` can begin an allowed
 * URI (R7). Looks for such a URI among the few that are hardest to deny, so the answer is exact; where a policy
 * leaves too many to try, the template is not shown. Each URI made from it is decided again when it is read.
 */
export function isTemplateListed(sections: CompiledSections, uriTemplate: string): boolean {
  const { resources } = sections;
  const prefix = uriTemplate.slice(0, `${uriTemplate}{`.indexOf("{"));
  if (prefix.length > MAX_URI_LENGTH) return false;
  const comparable = toComparableUri(prefix);
  const open = resources.default === "allow" ? [EVERY_URI] : resources.allow;
  const patterns = resources.allow.length + resources.deny.length;
  let characters = 0;
  for (const glob of open) {
    for (const remainder of glob.remainders(comparable)) {
      for (const rest of instancesOf(remainder, resources.words)) {
        if (decideResource(sections, prefix + rest).effect === "allow") return true;
        characters += (prefix.length + rest.length) * patterns;
        if (characters >= MAX_TEMPLATE_CHARACTERS) return false;
      }
    }
  }
  return false;
}

/** Decides a prompt by its name, with the globs of T2 (R7). Never throws. */
export function decidePrompt({ prompts }: CompiledSections, name: string): Decision {
  const denied = prompts.deny.findIndex((glob) => globMatches(glob, name));
  if (denied !== -1) return denyByRule(`/prompts/deny/${denied}`);
  const allowed = prompts.default === "allow" || prompts.allow.some((glob) => globMatches(glob, name));
  return allowed ? ALLOW : denyByDefault("Prompt", name);
}

/** Decides a request of the server to the client (M2, R7). */
export function decideServerRequest({ serverRequests }: CompiledSections, request: ServerRequest): Decision {
  return serverRequests[request];
}

const EVERY_URI = compileUriGlob("**");

/** Characters compared for one template. Real policies need one or two URIs; this keeps a hostile one cheap. */
const MAX_TEMPLATE_CHARACTERS = 1_000_000;

/** Longest URI that is compared with patterns, in code units: more than servers take, and cheap to walk. */
export const MAX_URI_LENGTH = 8192;

const ALLOW: Decision = Object.freeze({ effect: "allow", rule: "", message: "", reservations: [] });

function compileSection<T>(
  section: Section | undefined,
  documentDefault: "allow" | "deny",
  compilePattern: (pattern: string) => T,
): CompiledSection<T> {
  // M2: an `allow` list without a `default` means that nothing else is allowed.
  const otherwise = section?.allow === undefined ? documentDefault : "deny";
  return {
    default: section?.default ?? otherwise,
    allow: (section?.allow ?? []).map(compilePattern),
    deny: (section?.deny ?? []).map(compilePattern),
  };
}

// R7: none of these has one meaning for every server.
const UNCLEAR = /[\\\p{Cc}]|%(?:2e|2f|5c|00)/iu;

function isUnclear(uri: string): boolean {
  if (uri.length > MAX_URI_LENGTH || UNCLEAR.test(uri)) return true;
  const withoutScheme = uri.replace(/^[a-z][a-z0-9+.-]*:/i, "");
  return withoutScheme.split(/[/?#]/).some((segment) => segment === "." || segment === "..");
}

/** A server reads `%61` as `a` (RFC 3986, 2.3), so what is denied is denied in that spelling as well. */
function decodeUnreserved(uri: string): string {
  return uri.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9_~-]/.test(character) ? character : encoded;
  });
}

function denyByRule(rule: string): Decision {
  return deny(rule, deniedByRuleMessage(rule));
}

function denyByDefault(what: "Resource" | "Prompt" | "Server request", name: string): Decision {
  return deny("(default deny)", notPermittedMessage(what, name));
}

function deny(rule: string, message: string): Decision {
  return { effect: "deny", rule, message, reservations: [] };
}
