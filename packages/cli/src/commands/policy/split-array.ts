/**
 * The texts of the elements of a JSON array, so that each can be read strictly by itself; undefined when the array
 * is not closed or something follows it. The elements themselves are not judged.
 */
export function splitArray(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let start = 1;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") {
      depth--;
      if (depth === 0) {
        const last = text.slice(start, index).trim();
        if (last !== "" || parts.length > 0) parts.push(last);
        return character === "]" && index === text.length - 1 ? parts : undefined;
      }
    } else if (character === "," && depth === 1) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  return undefined;
}
