import type { PolicyDocument, Section } from "../document.ts";
import { globLiesInside, globsOverlap } from "../glob.ts";
import { quote } from "../schema-report.ts";
import type { DiffSubject, PolicyChange } from "./policy-change.ts";

/** What changes for resources, prompts and requests of the server (policy-spec M2, R7). */
export function compareSections(before: PolicyDocument, after: PolicyDocument): readonly PolicyChange[] {
  return [
    ...compareLists({ kind: "resources" }, toLists(before, "resources"), toLists(after, "resources"), URIS),
    ...compareUnclear(toLists(before, "resources"), toLists(after, "resources")),
    ...compareLists({ kind: "prompts" }, toLists(before, "prompts"), toLists(after, "prompts"), NAMES),
    ...REQUESTS.flatMap((name) => compareRequest(name, before, after)),
  ];
}

/** A section as two lists of patterns: what is open, unless something closes it. */
interface Lists {
  /** Every name or URI is open. */
  readonly isOpen: boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** How patterns of a kind are compared. Both may err towards a difference. */
interface Patterns {
  readonly all: string;
  /** True only when everything that `a` matches is matched by `b`. */
  readonly liesInside: (a: string, b: string) => boolean;
  /** False only when nothing matches both. */
  readonly overlap: (a: string, b: string) => boolean;
}

const NAMES: Patterns = { all: "*", liesInside: globLiesInside, overlap: globsOverlap };

const URIS: Patterns = {
  all: "**",
  liesInside: (a, b) => a === b || (/^[^*]*\*{2,}$/.test(b) && a.startsWith(b.replace(/\*+$/, ""))),
  overlap: (a, b) => {
    // What is denied is denied in percent-encoding too, and some letters have no case (R7).
    const [startA, startB] = [beforeStar(a), beforeStar(b)];
    const mayBeEncoded = startA.includes("%") || startB.includes("%");
    return mayBeEncoded || startA.startsWith(startB) || startB.startsWith(startA);
  },
};

function beforeStar(pattern: string): string {
  return pattern.slice(0, `${pattern}*`.indexOf("*")).toLowerCase();
}

function toLists(document: PolicyDocument, name: "resources" | "prompts"): Lists {
  const section: Section = document[name] ?? {};
  // M2: an `allow` list without a `default` means that nothing else is allowed.
  const otherwise = section.allow === undefined ? document.default : "deny";
  const { allow = [], deny = [] } = section;
  return { isOpen: (section.default ?? otherwise) === "allow", allow, deny };
}

function compareLists(
  subject: DiffSubject,
  before: Lists,
  after: Lists,
  patterns: Patterns,
): readonly PolicyChange[] {
  const open = { old: openOf(before, patterns), now: openOf(after, patterns) };
  const isInside = (pattern: string, others: readonly string[]): boolean =>
    others.some((other) => patterns.liesInside(pattern, other));
  const touches = (pattern: string, others: readonly string[]): boolean =>
    others.some((other) => patterns.overlap(pattern, other));
  const opened = open.now.filter((one) => !isInside(one, open.old) && !isInside(one, after.deny));
  const closed = open.old.filter((one) => !isInside(one, open.now) && !isInside(one, before.deny));
  const freed = before.deny.filter((one) => !isInside(one, after.deny) && touches(one, open.now));
  const barred = after.deny.filter((one) => !isInside(one, before.deny) && touches(one, open.old));
  const name = (one: string): string => (one === patterns.all ? "what no pattern names" : quote(one));
  return [
    ...opened.map((one): PolicyChange => ({ subject, ...ALLOWED, text: `newly allowed: ${name(one)}` })),
    ...freed.map((one): PolicyChange => ({ subject, ...ALLOWED, text: `no longer denied: ${name(one)}` })),
    ...closed.map((one): PolicyChange => ({ subject, ...DENIED, text: `no longer allowed: ${name(one)}` })),
    ...barred.map((one): PolicyChange => ({ subject, ...DENIED, text: `newly denied: ${name(one)}` })),
  ];
}

const ALLOWED = { kind: "allowed", access: "widens" } as const;
const DENIED = { kind: "denied", access: "narrows" } as const;

function openOf({ isOpen, allow }: Lists, { all }: Patterns): readonly string[] {
  return isOpen ? [all] : allow;
}

/** R7: a URI that can be read in two ways is denied where the section has a pattern at all. */
function compareUnclear(before: Lists, after: Lists): readonly PolicyChange[] {
  const opensAll = ({ isOpen, allow }: Lists): boolean =>
    isOpen || allow.some((pattern) => URIS.liesInside(URIS.all, pattern));
  const hasPatterns = ({ allow, deny }: Lists): boolean => allow.length + deny.length > 0;
  if (!opensAll(before) || !opensAll(after) || hasPatterns(before) === hasPatterns(after)) return [];
  const said = hasPatterns(after) ? DENIED : ALLOWED;
  const text = `newly ${said.kind}: URIs that can be read in two ways, such as those with \`..\``;
  return [{ subject: { kind: "resources" }, ...said, text }];
}

const REQUESTS = ["sampling", "elicitation", "roots"] as const;

function compareRequest(
  name: (typeof REQUESTS)[number],
  before: PolicyDocument,
  after: PolicyDocument,
): readonly PolicyChange[] {
  const answer = ({ server_requests: requests = {}, default: otherwise }: PolicyDocument): string =>
    requests[name] ?? (name === "sampling" ? "deny" : otherwise);
  const [old, now] = [answer(before), answer(after)];
  if (old === now) return [];
  const kind = now === "allow" ? "allowed" : "denied";
  const access = now === "allow" ? "widens" : "narrows";
  return [{ subject: { kind: "server_request", name }, kind, access, text: `newly ${kind}` }];
}
