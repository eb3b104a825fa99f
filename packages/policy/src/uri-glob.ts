/** A compiled resource pattern: `*` within a segment, `**` across segments (R7). */
export interface UriGlob {
  /** True when the whole URI matches. */
  readonly matches: (uri: ComparableUri) => boolean;
  /** True when some URI that begins so matches. */
  readonly canBegin: (prefix: ComparableUri) => boolean;
  /** True when every URI that begins so matches. */
  readonly coversAll: (prefix: ComparableUri) => boolean;
}

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
  const endsAnywhere = pattern.endsWith("**");
  const reachesEnd = (uri: ComparableUri) =>
    uri.text.toLowerCase().startsWith(literalStart) && walk(tokens, uri).has(tokens.length);
  return {
    matches: reachesEnd,
    canBegin: (prefix) => walk(tokens, prefix).size > 0,
    // After a last `**` whatever follows matches.
    coversAll: (prefix) => endsAnywhere && reachesEnd(prefix),
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

type Token = "*" | "**" | Literal;

interface Literal {
  readonly exact: string;
  readonly folded: string;
}

function toTokens(pattern: string): readonly Token[] {
  const pieces = pattern.match(/\*+|[^*]/gu) ?? [];
  return pieces.map((piece) => {
    if (piece.startsWith("*")) return piece === "*" ? "*" : "**";
    return { exact: piece, folded: piece.toLowerCase() };
  });
}

/**
 * Every place in the pattern that the text can lead to; all are followed at once, so the cost is the product
 * of the two lengths and never more (M7).
 */
function walk(tokens: readonly Token[], uri: ComparableUri): ReadonlySet<number> {
  let places = withSkippedStars(tokens, new Set([0]));
  let at = 0;
  for (const character of uri.text) {
    const folds = at < uri.schemeEnd || (at >= uri.hostStart && at < uri.hostEnd);
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === "**" || (token === "*" && character !== "/")) next.add(place);
      else if (typeof token === "object" && literalMatches(token, character, folds)) next.add(place + 1);
    }
    if (next.size === 0) return next;
    places = withSkippedStars(tokens, next);
    at += character.length;
  }
  return places;
}

function literalMatches({ exact, folded }: Literal, character: string, folds: boolean): boolean {
  return folds ? folded === character.toLowerCase() : exact === character;
}

/** A star may match nothing. */
function withSkippedStars(tokens: readonly Token[], places: Set<number>): Set<number> {
  // The set grows while it is walked, so runs of stars are skipped as well.
  for (const place of places) {
    if (typeof tokens[place] === "string") places.add(place + 1);
  }
  return places;
}
