import { freshCharacter } from "./glob.ts";
import type { UriToken } from "./uri-glob.ts";

/** Words that stand for a star when a URI is sought that a pattern allows and no other denies. */
export interface StarWords {
  readonly segment: readonly string[];
  readonly any: readonly string[];
}

/**
 * The words that are hardest to deny. A character that no denying pattern has can only be met by its stars, and
 * a star that meets it meets everything; what tells `*` from `**` is the number of slashes. A `?` ends the host,
 * behind which letters have case.
 */
export function compileStarWords(denying: readonly string[]): StarWords {
  const fresh = freshCharacter(denying.join(""));
  const slashes = denying.map((pattern) => pattern.split("/").length - 1);
  const most = slashes.reduce((a, b) => Math.max(a, b), 0) + 1;
  const segment = [fresh, `${fresh}?`];
  const deeper = Array.from({ length: most }, (_, index) => fresh + `/${fresh}`.repeat(index + 1));
  return { segment, any: [...segment, ...deeper] };
}

/** Every text that the tokens match with these words for stars; made one at a time, for there may be many. */
export function* instancesOf(tokens: readonly UriToken[], words: StarWords): Generator<string> {
  const choices = tokens.map((token) => {
    if (typeof token === "object") return [token.exact];
    return token === "*" ? words.segment : words.any;
  });
  // Each combination has a number, whose digits are the choices; nobody counts as far as a double is exact.
  const combinations = choices.reduce((product, { length }) => product * length, 1);
  for (let combination = 0; combination < combinations; combination += 1) {
    let digits = combination;
    const pieces = choices.map((choice) => {
      const digit = digits % choice.length;
      digits = Math.floor(digits / choice.length);
      return choice[digit];
    });
    yield pieces.join("");
  }
}
