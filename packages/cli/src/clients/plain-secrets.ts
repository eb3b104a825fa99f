import {
  isPlaceholder,
  isSecretName,
  isSecretSwitch,
  isTokenLike,
  isTooLong,
  longRunsIn,
  secretValuesIn,
  tokensIn,
} from "./mask.ts";
import { packageOf } from "./package-reference.ts";
import type { RawServer } from "./raw-server.ts";

/** A secret in plain text. */
export interface PlainSecret {
  /** Where it stands, in words for people. */
  readonly where: string;
  /** Letter for letter as it stands there. */
  readonly value: string;
}

/** A secret among the words of a command. */
export interface SecretWord extends PlainSecret {
  /** Which word, from 0. */
  readonly at: number;
}

/** Values this short that carry no name of a secret are settings. */
const MIN_UNNAMED_LENGTH = 8;
const URL_WORD = /^[a-z][a-z0-9+.-]*:\/\//i;
/** Name and value of `Authorization: Bearer x`, as `--header` takes it. */
const HEADER_WORD = /^([\w-]+):\s*(\S.*)$/s;

/** The values of an entry that must never be shown. */
export function secretsOf({
  env,
  headers,
  args,
  url,
}: Pick<RawServer, "env" | "headers" | "args" | "url">): readonly string[] {
  const isHidden = ([name, value]: readonly [string, string]): boolean => {
    if (isSecretName(name) && !/file|path|dir/i.test(name)) return true;
    return value.length >= MIN_UNNAMED_LENGTH && !isPath(value);
  };
  const named = [...env.filter(isHidden), ...headers].map(([, value]) => value);
  const afterSwitches = args.filter((_, at) => isSecretSwitch(args[at - 1]));
  const inPlace = [...secretWords(args), ...secretsInUrl(url ?? "")].map(({ value }) => value);
  return [...named, ...afterSwitches, ...inPlace].filter((value) => value.trim() !== "");
}

/** True when this value, under this name, is a secret itself: no variable, no example, no name of a file. */
export function isPlainSecret([name, value]: readonly [string, string]): boolean {
  if (isTokenLike(value)) return true;
  return (
    isSecretName(name) && !isPlaceholder(value.replace(/^(?:Bearer|Basic|Token)\s+/i, "")) && !isPath(value)
  );
}

/** `PRIVATE_KEY_FILE=/etc/key` names a file; it is no key. */
export function isPath(value: string): boolean {
  return /^(?:~|\.{0,2})?\/[\w./-]*$|^[A-Za-z]:\\/.test(value);
}

/** The secrets among the words of a command. */
export function secretWords(words: readonly string[]): readonly SecretWord[] {
  const reference = packageOf(words);
  return words.flatMap((word, at) =>
    // `npm-helper-server` looks like a token, and is a package.
    reference !== undefined && isPackageWord(word, reference.name)
      ? []
      : secretsInWord(word, words[at - 1]).map((secret) => ({ ...secret, at })),
  );
}

function isPackageWord(word: string, name: string): boolean {
  return word.startsWith(name) && /^(?:$|@|:|==|\[)/.test(word.slice(name.length));
}

function secretsInWord(word: string, before: string | undefined): readonly PlainSecret[] {
  if (isTooLong(word)) return [{ where: "an argument that is too long to be looked through", value: word }];
  if (URL_WORD.test(word)) return secretsInUrl(word);
  const [name, value] = splitAt(word, word.indexOf("="));
  if (name !== "" && isPlainSecret([name, value]))
    return [{ where: `the argument \`${name.slice(0, MAX_NAME)}\``, value }];
  const switched = before ?? "";
  if (isSecretSwitch(switched) && !word.startsWith("-") && isPlainSecret([switched, word]))
    return [{ where: `the argument \`${switched.slice(0, MAX_NAME)}\``, value: word }];
  const [, header = "", content = ""] = HEADER_WORD.exec(word) ?? [];
  if (header !== "" && isPlainSecret([header, content]))
    return [{ where: `the header \`${header.slice(0, MAX_NAME)}\` among the arguments`, value: content }];
  const values = /^\s*[{[]/.test(word) ? secretValuesIn(word) : [];
  const found = [...values.filter((each) => !isPlaceholder(each)), ...tokensIn(word)];
  return [...new Set(found)].map((each) => ({ where: "an argument", value: each }));
}

const MAX_NAME = 80;

/** The secrets in a URL: its password, and values and parts of the path that look or are called like one. */
export function secretsInUrl(url: string): readonly PlainSecret[] {
  if (!URL_WORD.test(url)) return [];
  if (isTooLong(url)) return [{ where: "a URL that is too long to be looked through", value: url }];
  const [, password = ""] = /^[^:]+:\/\/[^/?#@:]*:([^/?#]*)@/.exec(url) ?? [];
  const [place = "", query = ""] = splitAt(url.split("#", 1)[0] ?? "", url.indexOf("?"), "before");
  const inQuery = query.split("&").flatMap((pair): readonly PlainSecret[] => {
    const [name, value] = splitAt(pair, pair.indexOf("="));
    return isPlainSecret([decoded(name), decoded(value)])
      ? [{ where: `\`${decoded(name).slice(0, MAX_NAME)}\` in the URL`, value }]
      : [];
  });
  const inPath = tokensIn(pathOf(place)).map((value) => ({ where: "a part of the URL", value }));
  return [
    ...inQuery,
    ...(isPlaceholder(password) ? [] : [{ where: "the password in the URL", value: password }]),
    ...inPath,
  ];
}

/** Parts of a URL's path that nobody could guess: whoever knows such a URL may well use it. Often they are just ids. */
export function unguessableParts(url: string): readonly string[] {
  if (isTooLong(url)) return [];
  const path = pathOf(url.split(/[?#]/, 1)[0] ?? "");
  return path.split("/").flatMap(longRunsIn);
}

function pathOf(place: string): string {
  return place.replace(/^[^:]+:\/\/[^/]*/, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Without a separator the whole text is the value, or with `before` the name. */
function splitAt(text: string, at: number, whole: "before" | "after" = "after"): readonly [string, string] {
  if (at < 0) return whole === "before" ? [text, ""] : ["", text];
  return [text.slice(0, at), text.slice(at + 1)];
}
