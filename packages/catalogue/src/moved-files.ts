const FILES = new Set(["file", "files", "folder", "folders", "directory", "directories"]);
const FROM = new Set(["source", "src"]);
const TO = new Set(["destination", "dest"]);

/**
 * Whether one of these arguments of a tool is the path of a file that it moves: `move_file(source, destination)` takes
 * two, and neither is called a path. All by their words in lower case.
 */
export function createIsMovedPath(
  toolWords: readonly string[],
  argumentWords: readonly (readonly string[])[],
): (words: readonly string[]) => boolean {
  const isThere = (names: ReadonlySet<string>) => argumentWords.some((words) => isOnly(words, names));
  const movesFiles = toolWords.some((word) => FILES.has(word)) && isThere(FROM) && isThere(TO);
  return (words) => movesFiles && (isOnly(words, FROM) || isOnly(words, TO));
}

function isOnly([only = "", more]: readonly string[], names: ReadonlySet<string>): boolean {
  return more === undefined && names.has(only);
}
