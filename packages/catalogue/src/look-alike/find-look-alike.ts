import { slipBetween } from "./one-slip.ts";
import { skeletonOf } from "./skeleton.ts";

/** A package by its name in a registry. */
export interface PackageName {
  /** `npm`, `pypi`, …: names of different registries are not compared. */
  readonly registry: string;
  readonly name: string;
}

/** In what a name differs from the known one: not in what is seen, in a dash, in a letter, or in its scope. */
export type Likeness = "look" | "dash" | "letter" | "scope";

export interface LookAlike<T extends PackageName> {
  readonly known: T;
  readonly likeness: Likeness;
}

/**
 * The known package that a name is easily mistaken for; undefined when the name is one of `known` itself, or like none.
 * Rather silent than wrong: short words such as `git` and `gis` are different words, and many packages of different
 * makers share a base such as `mcp-server`.
 */
export function findLookAlike<T extends PackageName>(
  asked: PackageName,
  known: readonly T[],
): LookAlike<T> | undefined {
  // npm takes no longer names, and nobody mistakes one that long for another.
  if (asked.name.length > MAX_NAME) return undefined;
  const same = known.filter(({ registry }) => registry === asked.registry);
  const name = toParts(asked);
  const parts = same.map((each) => ({ known: each, ...partsOf(each) }));
  if (parts.some(({ full }) => full === name.full)) return undefined;
  for (const likeness of LIKENESSES) {
    const found = parts.find((each) => IS_LIKE[likeness](name, each));
    if (found !== undefined) return { known: found.known, likeness };
  }
  return undefined;
}

const MAX_NAME = 214;
/** Of known packages, each of which is compared with every name that is asked about. */
const partsOfKnown = new WeakMap<PackageName, Parts>();

function partsOf(known: PackageName): Parts {
  const parts = partsOfKnown.get(known) ?? toParts(known);
  partsOfKnown.set(known, parts);
  return parts;
}

/** The plainest first. */
const LIKENESSES: readonly Likeness[] = ["look", "dash", "letter", "scope"];

interface Parts {
  readonly full: string;
  /** Of npm, without the `@`; empty where there is none. */
  readonly scope: string;
  readonly base: string;
  readonly skeleton: string;
}

type IsLike = (name: Parts, known: Parts) => boolean;

const IS_LIKE: { readonly [likeness in Likeness]: IsLike } = {
  look: (name, known) => name.skeleton === known.skeleton,
  dash: (name, known) => name.scope === known.scope && squash(name.base) === squash(known.base),
  letter: (name, known) => name.scope === known.scope && differsInOneWord(name.base, known.base),
  scope: isOtherScope,
};

/** PyPI takes `A_b`, `a.b` and `a-b` for one name (PEP 503). */
function toParts({ registry, name }: PackageName): Parts {
  const full = registry === "pypi" ? name.toLowerCase().replaceAll(/[-_.]+/g, "-") : name;
  const [, scope = "", base = full] = /^@([^/]*)\/(.*)$/s.exec(full) ?? [];
  return { full, scope, base, skeleton: skeletonOf(full) };
}

function squash(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Words that say that it is a server, and not which. */
const GENERIC = new Set(["mcp", "server", "servers", "api", "tool", "tools"]);
/** Swapped letters in a word of this length are a slip; shorter words have too many neighbours. */
const MIN_SWAPPED = 4;
/** The same for a letter more, less or another: `mysql` and `mssql` are both right. */
const MIN_CHANGED = 6;

function differsInOneWord(name: string, known: string): boolean {
  const [ours, theirs] = [toWords(name), toWords(known)];
  if (ours.length !== theirs.length) return false;
  const different = ours.flatMap((word, at): (readonly [string, string])[] => {
    const other = theirs[at] ?? "";
    return word === other ? [] : [[word, other]];
  });
  const [pair, ...more] = different;
  return pair !== undefined && more.length === 0 && isSlip(...pair, theirs);
}

function isSlip(word: string, known: string, words: readonly string[]): boolean {
  const slip = slipBetween(word, known);
  if (slip === undefined || GENERIC.has(word)) return false;
  // `sever` for `server` is nobody's name, if the rest says whose it is.
  if (GENERIC.has(known)) return words.some((other) => !GENERIC.has(other) && other.length >= MIN_SWAPPED);
  return known.length >= (slip === "swapped" ? MIN_SWAPPED : MIN_CHANGED);
}

function toWords(text: string): readonly string[] {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
}

/** The scope of the protocol's own servers, under which everybody looks for them. */
const REFERENCE_SCOPE = "modelcontextprotocol";

/** The same base under a scope that is nearly the known one, or is another while the base says whose it is. */
function isOtherScope(name: Parts, known: Parts): boolean {
  if (known.scope === "" || name.scope === known.scope) return false;
  if (name.scope === "") {
    const isWritten = isOwn(known.base) && squash(name.base) === squash(known.full);
    return isWritten || (known.scope === REFERENCE_SCOPE && name.base === known.base);
  }
  if (name.base !== known.base) return false;
  return isNearScope(name.scope, known.scope) || known.scope === REFERENCE_SCOPE || namesScope(known);
}

function isNearScope(scope: string, known: string): boolean {
  if (squash(scope) === squash(known) || skeletonOf(scope) === skeletonOf(known)) return true;
  const slip = slipBetween(scope, known);
  return slip !== undefined && known.length >= MIN_CHANGED;
}

/** True when the base has a word of its own: `server-github`, not `mcp-server`. */
function isOwn(base: string): boolean {
  return toWords(base).some((word) => !GENERIC.has(word));
}

/** True when the base repeats the scope: `@cloudflare/mcp-server-cloudflare` is nobody else's. */
function namesScope({ scope, base }: Parts): boolean {
  const whole = squash(scope);
  return toWords(base).some(
    (word) => word.length >= MIN_SWAPPED && !GENERIC.has(word) && whole.startsWith(word),
  );
}
