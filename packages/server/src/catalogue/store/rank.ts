import { type Query, splitCamel, wordsOf } from "./words.ts";

/** What orders hits: compared member by member. */
export type Place = readonly (number | string)[];

/** What a hit is ranked by; its description counts no more than having been found. */
export interface Ranked {
  readonly name: string;
  readonly server: string;
  readonly title: string | undefined;
}

/** Lower is better. 0: the name is what was typed. Then beginnings of names, words of the name, server and title. */
export function rankOf({ words }: Pick<Query, "words">, { name, server, title }: Ranked): number {
  const nameParts = wordsOf(splitCamel(name));
  const typed = words.join("");
  const joined = nameParts.join("");
  if (joined === typed) return 0;
  const isInName = matcher(nameParts);
  const isInServer = matcher(wordsOf(splitCamel(server)));
  const isInTitle = matcher(wordsOf(title ?? ""));
  let missed = 0;
  for (const [index, word] of words.entries()) {
    const isLast = index === words.length - 1;
    if (isInName(word, isLast)) continue;
    missed += isInServer(word, isLast) ? 1 : isInTitle(word, isLast) ? 2 : 4;
  }
  // Among names with all the words, those with few others.
  const extra = Math.min(9, Math.max(0, nameParts.length - words.length));
  return 1 + 100 * missed + (joined.startsWith(typed) ? 0 : 10) + extra;
}

export function comparePlaces(a: Place, b: Place): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other === undefined || one === other) continue;
    return one < other ? -1 : 1;
  }
  return 0;
}

function matcher(parts: readonly string[]): (word: string, isPrefix: boolean) => boolean {
  const set = new Set(parts);
  return (word, isPrefix) => set.has(word) || (isPrefix && parts.some((part) => part.startsWith(word)));
}
