import { codePointLength, endsWithText, indexOfText, startsWithText } from "./code-points.ts";

/** True when a key, `hide` entry or prompt pattern is a glob: it has a `*` (T2). */
export function isGlob(key: string): boolean {
  return key.includes("*");
}

/** Number of literal code points, which ranks globs that match the same name (T3). */
export function literalCount(glob: string): number {
  return codePointLength(glob) - (glob.split("*").length - 1);
}

/**
 * True when the glob matches the whole name: `*` is any run of characters, also empty, and nothing else is
 * special (T2). Taking each literal part at its first place is exact, so nothing is ever tried twice.
 */
export function globMatches(glob: string, name: string): boolean {
  if (!isGlob(glob)) return glob === name;
  const first = beforeStar(glob);
  const last = afterStar(glob);
  if (name.length < first.length + last.length) return false;
  if (!startsWithText(name, first) || !endsWithText(name, last)) return false;
  const middle = name.slice(0, name.length - last.length);
  let at = first.length;
  for (const part of glob.split("*").slice(1, -1)) {
    at = indexOfText(middle, part, at);
    if (at === -1) return false;
    at += part.length;
  }
  return true;
}

/**
 * True when some name matches both globs (T3). Two globs that each have a `*` overlap exactly when one's
 * beginning begins the other's and one's end ends the other's: what lies between can be strung together.
 */
export function globsOverlap(a: string, b: string): boolean {
  if (!isGlob(a)) return globMatches(b, a);
  if (!isGlob(b)) return globMatches(a, b);
  const [startA, startB] = [beforeStar(a), beforeStar(b)];
  const [endA, endB] = [afterStar(a), afterStar(b)];
  const startsAgree = startsWithText(startA, startB) || startsWithText(startB, startA);
  return startsAgree && (endsWithText(endA, endB) || endsWithText(endB, endA));
}

/** True when every name that `x` matches is matched by `d`: `d` matches `x` with a fresh character per `*` (T3). */
export function globLiesInside(x: string, d: string): boolean {
  return globMatches(d, x.replaceAll("*", freshCharacter(x + d)));
}

/** A character that `text` does not have and that is no letter, digit or sign. */
export function freshCharacter(text: string): string {
  let codePoint = 0xe000;
  while (text.includes(String.fromCodePoint(codePoint))) codePoint += 1;
  return String.fromCodePoint(codePoint);
}

function beforeStar(glob: string): string {
  return glob.slice(0, glob.indexOf("*"));
}

function afterStar(glob: string): string {
  return glob.slice(glob.lastIndexOf("*") + 1);
}
