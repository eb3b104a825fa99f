import type { PolicyDocument, Section } from "../../src/document.ts";
import { FREE_WORDING } from "./operators.ts";

/** Effect and rule of what is not a tool call; the specification leaves the message open. */
export interface SectionDecision {
  readonly effect: "allow" | "deny";
  readonly rule: string;
}

/** True when a T2 glob matches the whole text. */
export function matchesGlob(glob: string, text: string): boolean {
  return matchesTokens(
    [...glob].map((point) => (point === "*" ? ANY_RUN : point)),
    text,
  );
}

/** policy-spec R7 for a resource URI. */
export function referenceResource(document: PolicyDocument, uri: string): SectionDecision {
  const section = document.resources ?? {};
  const patterns = [...(section.allow ?? []), ...(section.deny ?? [])];
  if (patterns.length > 0 && isSuspectUri(uri)) return { effect: "deny", rule: FREE_WORDING };
  // Servers read `%61` as `a`: the specification is silent, so the safe way is that both writings are denied.
  const plain = uri.replace(/%[0-7][0-9a-f]/gi, (code) =>
    /%(?:2d|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/i.test(code) ? decodeURIComponent(code) : code,
  );
  const denied = (document.resources?.deny ?? []).findIndex(
    (pattern) => matchesUri(pattern, uri) || matchesUri(pattern, plain),
  );
  if (denied >= 0) return { effect: "deny", rule: `/resources/deny/${denied}` };
  return decideSection(document, "resources", (pattern) => matchesUri(pattern, uri));
}

/** policy-spec R7 for a prompt name. */
export function referencePrompt(document: PolicyDocument, name: string): SectionDecision {
  return decideSection(document, "prompts", (pattern) => matchesGlob(pattern, name));
}

/** policy-spec M2, R7 for a request that the server sends. */
export function referenceServerRequest(
  document: PolicyDocument,
  kind: "sampling" | "elicitation" | "roots",
): SectionDecision {
  const written = document.server_requests?.[kind];
  const effect = written ?? (kind === "sampling" ? "deny" : document.default);
  if (effect === "allow") return { effect, rule: "" };
  return { effect, rule: written === undefined ? "(default deny)" : `/server_requests/${kind}` };
}

/**
 * policy-spec R7: true iff some URI that begins with the text before the first `{` is allowed. Searches all
 * continuations, breadth first, keeping one text for each set of places it has reached in the patterns.
 */
export function referenceTemplateListed(document: PolicyDocument, template: string): boolean {
  const [prefix = ""] = template.split("{");
  const patterns = [...(document.resources?.allow ?? []), ...(document.resources?.deny ?? [])];
  const alphabet = new Set(["/", "\ue000", ...patterns.flatMap((pattern) => [...pattern])]);
  const seen = new Set<string>();
  let frontier = [prefix];
  while (frontier.length > 0) {
    if (frontier.some((text) => referenceResource(document, text).effect === "allow")) return true;
    const longer = frontier.flatMap((text) => [...alphabet].map((point) => text + point));
    frontier = longer.filter((text) => {
      const place = placeOf(patterns, text);
      const fresh = !seen.has(place);
      seen.add(place);
      return fresh;
    });
  }
  return false;
}

/** All that decides how a text can go on: where it stands in each pattern, in its scheme, host and segment. */
function placeOf(patterns: readonly string[], text: string): string {
  // Until scheme and host have ended it is open whether their letters will be folded.
  const variants = [text, text.toLowerCase(), foldScheme(text), foldUri(text)];
  const reached = patterns.flatMap((pattern) =>
    variants.map((variant) => [...positions(uriTokens(foldUri(pattern)), variant)].join()),
  );
  const segment = segmentsOf(text).at(-1) ?? "";
  const dots = /^\.{0,2}$/.test(segment) ? segment : "…";
  const doomed = segmentsOf(text).slice(0, -1).some(isDots) || FORBIDDEN.test(text);
  return JSON.stringify([reached, phaseOf(text), dots, doomed, text.slice(-2).replace(/[^%2]/g, "")]);
}

function phaseOf(text: string): string {
  const [authority, end = "", path = ""] = text.match(/^[^:/?#]*:\/\/[^/?#]*([/?#])?(.?)/su) ?? [];
  if (authority !== undefined)
    return end === "" ? `authority ${authority.includes("@")}` : `path ${path === ""}`;
  const [, colon] = /^[^:/?#]*(:?\/?)$/.exec(text) ?? [];
  return colon ?? "opaque";
}

function decideSection(
  document: PolicyDocument,
  name: "resources" | "prompts",
  matches: (pattern: string) => boolean,
): SectionDecision {
  const section: Section = document[name] ?? {};
  const denied = (section.deny ?? []).findIndex(matches);
  if (denied >= 0) return { effect: "deny", rule: `/${name}/deny/${denied}` };
  if ((section.allow ?? []).some(matches)) return { effect: "allow", rule: "" };
  const otherwise = section.default ?? (section.allow === undefined ? document.default : "deny");
  return otherwise === "allow" ? { effect: "allow", rule: "" } : { effect: "deny", rule: "(default deny)" };
}

const FORBIDDEN = /[\\\p{Cc}]|%(?:2e|2f|5c|00)/iu;

function isSuspectUri(uri: string): boolean {
  return FORBIDDEN.test(uri) || segmentsOf(uri).some(isDots);
}

/** What stands between `/`, `?` and `#`, without the scheme. */
function segmentsOf(uri: string): string[] {
  return uri.replace(/^[^:/?#]*:/, "").split(/[/?#]/);
}

function isDots(segment: string): boolean {
  return segment === "." || segment === "..";
}

// ---- patterns ----

const ANY_RUN = Symbol("*");
const ANY_IN_SEGMENT = Symbol("* within a segment");
type Token = string | typeof ANY_RUN | typeof ANY_IN_SEGMENT;

function matchesUri(pattern: string, uri: string): boolean {
  return matchesTokens(uriTokens(foldUri(pattern)), foldUri(uri));
}

/** Scheme and host in lower case (R7); the name of a user is neither. */
function foldUri(uri: string): string {
  return foldScheme(uri).replace(
    /^([^:/?#]*:\/\/(?:[^/?#]*@)?)([^/?#]*)/,
    (_, start: string, host: string) => start + host.toLowerCase(),
  );
}

function foldScheme(uri: string): string {
  return uri.replace(/^[^:/?#]*:/, (scheme) => scheme.toLowerCase());
}

function uriTokens(pattern: string): Token[] {
  return (pattern.match(/\*\*|./gsu) ?? []).map((part) => {
    if (part === "**") return ANY_RUN;
    return part === "*" ? ANY_IN_SEGMENT : part;
  });
}

function matchesTokens(tokens: readonly Token[], text: string): boolean {
  return positions(tokens, text).has(tokens.length);
}

/** The numbers of tokens that can have been used up by the whole text. */
function positions(tokens: readonly Token[], text: string): Set<number> {
  let places = skipRuns(tokens, new Set([0]));
  for (const point of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === point) next.add(place + 1);
      if (token === ANY_RUN || (token === ANY_IN_SEGMENT && point !== "/")) next.add(place);
    }
    places = skipRuns(tokens, next);
  }
  return places;
}

/** A run may also be empty. */
function skipRuns(tokens: readonly Token[], places: ReadonlySet<number>): Set<number> {
  const reached = new Set(places);
  // A Set yields what is added while it is walked, so consecutive runs are skipped too.
  for (const place of reached) if (typeof tokens[place] === "symbol") reached.add(place + 1);
  return reached;
}
