/**
 * String tests by code points, as the language promises (T1, T2, section 4). They differ from the built-in
 * ones only where a literal begins or ends with half of a surrogate pair: half a character never matches.
 */

/** Length in code points. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let at = 1; at < text.length; at += 1) {
    if (splitsPair(text, at)) length -= 1;
  }
  return length;
}

/** True when `text` has more than `max` code points; counts only where the answer is not plain. */
export function isLongerThan(text: string, max: number): boolean {
  if (text.length <= max) return false;
  return text.length > max * 2 || codePointLength(text) > max;
}

export function startsWithText(text: string, prefix: string): boolean {
  return text.startsWith(prefix) && !splitsPair(text, prefix.length);
}

export function endsWithText(text: string, suffix: string): boolean {
  return text.endsWith(suffix) && !splitsPair(text, text.length - suffix.length);
}

/** First place at or after `from` where `part` stands as whole code points, else -1. `from` splits no pair. */
export function indexOfText(text: string, part: string, from: number): number {
  let at = text.indexOf(part, from);
  while (at !== -1 && (splitsPair(text, at) || splitsPair(text, at + part.length))) {
    at = text.indexOf(part, at + 1);
  }
  return at;
}

/** True when a cut before index `at` would tear a surrogate pair apart. */
function splitsPair(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
