/**
 * A text as it looks to a hurried reader: equal for texts whose difference is not seen. Letters of other alphabets become
 * the Latin ones that they look like, `0` an `o`, `1` and `i` an `l`, `rn` an `m`; what is invisible is left out.
 */
export function skeletonOf(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .toLowerCase();
  const letters = [...plain].map((character) => LOOKS_LIKE.get(character) ?? character).join("");
  return letters.replaceAll("rn", "m").replaceAll("vv", "w");
}

/** From Unicode's confusables (UTS 39), the letters that look like those of a package's name; and dashes. */
const LOOKS_LIKE: ReadonlyMap<string, string> = new Map(
  [
    ["a", "аα"],
    ["b", "Ьв"],
    ["c", "сϲ"],
    ["d", "ԁ"],
    ["e", "еҽ"],
    ["g", "ɡց"],
    ["h", "һհ"],
    ["j", "јϳ"],
    ["k", "кκ"],
    ["l", "1iıіιǀӏ|"],
    ["m", "м"],
    ["n", "ոп"],
    ["o", "0оοօ"],
    ["p", "рρ"],
    ["q", "ԛգ"],
    ["r", "г"],
    ["s", "ѕ"],
    ["t", "тτ"],
    ["u", "υս"],
    ["v", "ѵν"],
    ["w", "ԝա"],
    ["x", "хχ"],
    ["y", "уүγ"],
    ["z", "ᴢ"],
    ["-", "‐‑‒–—―−ー"],
  ].flatMap(([letter = "", others = ""]) => [...others].map((other) => [other, letter] as const)),
);
