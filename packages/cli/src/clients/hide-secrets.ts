import type { HiddenParts, NewServer } from "@portcullis/server";
import { isSecretName, isSecretSwitch, isTooLong, MASK, maskLine } from "./mask.ts";
import { isPath, secretsInUrl, secretWords, unguessableParts } from "./plain-secrets.ts";

/** A shorter value of a variable may be a name or a port, which answers may well hold. */
const MIN_UNNAMED_SECRET = 16;

/**
 * What of a command is to be sealed; undefined when nothing is. `fromEnvironment` are the words, from 0, into which a
 * variable was filled: the file did not say it in plain text, so the data folder must not either.
 */
export function hideWords(
  words: readonly string[],
  fromEnvironment: ReadonlySet<number> = NO_WORDS,
): HiddenParts<readonly string[]> | undefined {
  const found = secretWords(words);
  const secrets = found.map(({ value }) => value);
  const shown = words.map((word, at) => {
    const own = found.filter((secret) => secret.at === at);
    if (own.length > 0) return withMasks(word, own);
    const value = word.slice(word.indexOf("=") + 1);
    if (!fromEnvironment.has(at) || isPath(value) || value === "") return word;
    if (value.length >= MIN_UNNAMED_SECRET) secrets.push(value);
    return `${word.slice(0, word.length - value.length)}${MASK}`;
  });
  return shown.every((word, at) => word === words[at]) ? undefined : { shown, secrets };
}

const NO_WORDS: ReadonlySet<number> = new Set();

/** What of a URL is to be sealed; undefined when nothing is. With `usesEnvironment`, all but its host. */
export function hideUrl(url: string, usesEnvironment = false): HiddenParts<string> | undefined {
  const parsed = new URL(url);
  if (isTooLong(url)) return { shown: `${parsed.origin}/${MASK}`, secrets: [url] };
  const plain = secretsInUrl(url).map(({ value }) => value);
  const found = [...new Set([...plain, ...unguessableParts(url)])].filter((value) => value !== "");
  if (found.length === 0 && !usesEnvironment) return undefined;
  const place = url.slice(parsed.origin.length);
  const masked = withMasks(
    place,
    found.map((value) => ({ value })),
  );
  const shown = parsed.origin + (usesEnvironment ? `/${MASK}` : masked);
  // In an answer it may stand as it was meant, not as a URL spells it.
  return { shown, secrets: [...new Set(plain.flatMap((value) => [value, spelledOut(value)]))] };
}

function spelledOut(value: string): string {
  return new URLSearchParams(`v=${value}`).get("v") ?? value;
}

/** The longest first: one may be a part of another. */
function withMasks(text: string, secrets: readonly { readonly value: string }[]): string {
  return secrets
    .map(({ value }) => value)
    .toSorted((left, right) => right.length - left.length)
    .reduce((masked, value) => masked.replaceAll(value, MASK), text);
}

/** A URL without what people hide in it: user, password, values of the query. */
export function maskUrl(text: string): string {
  if (isTooLong(text)) return URL.canParse(text) ? `${new URL(text).origin}/${MASK}` : MASK;
  if (!URL.canParse(text)) return maskLine(cut(text), []);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    url.username = MASK;
    url.password = "";
  }
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, MASK);
  return maskLine(cut(url.href), []);
}

/** A command as it may be shown: secrets, and whatever looks like one, are masked. */
export function maskCommand(words: readonly string[]): string {
  const few = words.slice(0, MAX_SHOWN);
  const shown = (hideWords(few)?.shown ?? few).map((word, index) => {
    if (isSecretSwitch(words[index - 1])) return MASK;
    const equals = word.indexOf("=");
    return equals >= 0 && isSecretName(word.slice(0, equals)) ? `${word.slice(0, equals)}=${MASK}` : word;
  });
  return cut(shown.map((word) => maskLine(cut(word), [])).join(" "));
}

/** Where a server is, as it may be shown: what variables were filled in with is masked too. */
export function maskTarget(target: NewServer["target"]): string {
  return target.kind === "http"
    ? maskUrl(target.hidden?.shown ?? target.url)
    : maskCommand(target.hidden?.shown ?? target.command);
}

/** Whatever is longer is no command that people read, and would take long to look through. */
const MAX_SHOWN = 300;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
