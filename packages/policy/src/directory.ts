import { err, ok, type Result } from "./result.ts";

/** One item of a `path_within` list: an absolute directory, resolved. */
export interface Directory {
  /** Without a trailing slash; `""` is the root. */
  readonly resolved: string;
  /** How the path of everything inside it begins. */
  readonly inside: string;
}

/** Reads a `path_within` item by the rules that arguments are read by. The error is a sentence for the author. */
export function parseDirectory(text: string): Result<Directory, string> {
  const resolved = resolvePosixPath(text);
  if (resolved === undefined) {
    return err(
      `directory \`${text}\` must be an absolute path such as \`/srv/data\`, without empty segments, backslashes or percent-encoding`,
    );
  }
  return ok({ resolved, inside: `${resolved}/` });
}

/**
 * True when the argument is one of the directories or lies inside one, undefined when it is not plainly an
 * absolute POSIX path (section 4, `path_within`). Symbolic links are not seen.
 */
export function pathWithin(argument: string, directories: readonly Directory[]): boolean | undefined {
  const resolved = resolvePosixPath(argument);
  if (resolved === undefined) return undefined;
  for (const directory of directories) {
    if (resolved === directory.resolved || resolved.startsWith(directory.inside)) return true;
  }
  return false;
}

// NUL ends a path in C, a backslash separates on Windows, and these encodings become `.`, `/`, `\`, NUL and
// `%` in a server that decodes: none of them has one meaning everywhere.
const AMBIGUOUS = /[\0\\]|%(?:2e|2f|5c|00|25)/i;

// What a path may hold without being its own resolution: what is ambiguous, empty or dotted segments, a last slash.
const NOT_PLAIN = /[\0\\%]|\/(?:[./]|$)/;

/** The path without `.`, `..` and a trailing slash, `""` for the root; undefined when it cannot be told. */
function resolvePosixPath(text: string): string | undefined {
  if (!text.startsWith("/")) return undefined;
  if (!NOT_PLAIN.test(text)) return text;
  if (AMBIGUOUS.test(text)) return undefined;
  const body = text.endsWith("/") ? text.slice(1, -1) : text.slice(1);
  if (body === "") return text === "//" ? undefined : "";
  const kept: string[] = [];
  for (const segment of body.split("/")) {
    if (segment === "") return undefined;
    if (segment === "." || (segment === ".." && kept.length > 0)) {
      if (segment === "..") kept.pop();
      continue;
    }
    if (segment === "..") return undefined;
    kept.push(segment);
  }
  return kept.map((segment) => `/${segment}`).join("");
}
