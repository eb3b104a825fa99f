/** A compiled resource pattern: `*` within a segment, `**` across segments (R7). */
export interface UriGlob {
  /** True when the whole URI matches. */
  readonly matches: (uri: ComparableUri) => boolean;
  /** What is left of the pattern after a beginning, once per way to read it; none when nothing so begun matches. */
  readonly remainders: (prefix: ComparableUri) => readonly (readonly UriToken[])[];
}

/** Part of a pattern: a star, or one character. */
export type UriToken = "*" | "**" | Literal;

/** A URI, or its beginning, with the knowledge which characters have no case: scheme and host (R7). */
export interface ComparableUri {
  readonly text: string;
  readonly schemeEnd: number;
  readonly hostStart: number;
  readonly hostEnd: number;
}

/** Compiles a pattern. It needs no parsing of its own: case is judged where the URI has it. */
export function compileUriGlob(pattern: string): UriGlob {
  const tokens = toTokens(pattern);
  const literalStart = pattern.slice(0, `${pattern}*`.indexOf("*")).toLowerCase();
  return {
    // The first test is cheap and settles most.
    matches: (uri) =>
      uri.text.toLowerCase().startsWith(literalStart) && walk(tokens, uri).includes(tokens.length),
    remainders: (prefix) => walk(tokens, prefix).map((place) => tokens.slice(place)),
  };
}

/** Finds scheme and host. A beginning without a colon may be an unfinished scheme. */
export function toComparableUri(text: string): ComparableUri {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:|$)/i.exec(text)?.[0] ?? "";
  const authority = /^:\/\/[^/?#]*/.exec(text.slice(scheme.length))?.[0] ?? "";
  const hostEnd = scheme.length + authority.length;
  // User information before the host has case (RFC 3986, 6.2.2.1).
  const hostStart = scheme.length + authority.lastIndexOf("@") + 1;
  return { text, schemeEnd: scheme.length, hostStart, hostEnd };
}

export interface Literal {
  readonly exact: string;
  readonly folded: string;
}

function toTokens(pattern: string): readonly UriToken[] {
  return Array.from(pattern.matchAll(/\*+|[^*]/gu), ([piece]) => {
    if (piece.startsWith("*")) return piece === "*" ? "*" : "**";
    return { exact: piece, folded: piece.toLowerCase() };
  });
}

/**
 * Every place in the pattern that the text can lead to, each once; all are followed at the same time, so the
 * cost is the product of the two lengths and never more (M7).
 */
function walk(tokens: readonly UriToken[], uri: ComparableUri): readonly number[] {
  // The step at which a place was reached last: says in one look whether it is there already.
  const reachedAt = new Int32Array(tokens.length + 1).fill(-1);
  let step = 0;
  let at = 0;
  let places: number[] = [];
  reach(places, 0, step, tokens, reachedAt);
  for (const character of uri.text) {
    const folds = at < uri.schemeEnd || (at >= uri.hostStart && at < uri.hostEnd);
    const next: number[] = [];
    step += 1;
    for (const place of places) {
      const token = tokens[place];
      if (token === "**" || (token === "*" && character !== "/")) reach(next, place, step, tokens, reachedAt);
      else if (typeof token === "object" && literalMatches(token, character, folds)) {
        reach(next, place + 1, step, tokens, reachedAt);
      }
    }
    if (next.length === 0) return next;
    places = next;
    at += character.length;
  }
  return places;
}

/** Adds a place, and those behind its stars, which may match nothing. */
function reach(
  places: number[],
  from: number,
  step: number,
  tokens: readonly UriToken[],
  reachedAt: Int32Array,
): void {
  for (let place = from; reachedAt[place] !== step; place += 1) {
    reachedAt[place] = step;
    places.push(place);
    if (typeof tokens[place] !== "string") return;
  }
}

function literalMatches({ exact, folded }: Literal, character: string, folds: boolean): boolean {
  return folds ? folded === character.toLowerCase() : exact === character;
}
