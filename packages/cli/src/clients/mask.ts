import type { RawServer } from "./raw-server.ts";

/** What stands where a secret was. */
export const MASK = "***";
/** People's names of secrets. */
const SECRET_NAME = /key|token|secret|passw|pwd|credential|authori[sz]ation|cookie|bearer/i;
/** Tokens of well-known services by how they begin, JSON web tokens, and long runs of letters and digits. */
const TOKEN =
  /\b(?:sk|pk|rk|whsec|gh[opsu]|github_pat|glpat|xox[abeprs]|pcl_[a-z]|ntn|secret|hf|npm|pat|lin_api|figd|dapi|key)[-_][A-Za-z0-9_-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[A-Za-z0-9_-]{20,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+/g;
const LONG_RUN = /(?<![A-Za-z0-9_+/=-])(?=[A-Za-z_+/=-]*\d)(?=[\d_+/=-]*[A-Za-z])[A-Za-z0-9_+=-]{32,}/g;
/** `"name": "value"` and `name = "value"`, where the name is that of a secret. */
const NAMED_VALUE =
  /((["']?)[\w.-]*(?:key|token|secret|passw|pwd|credential|authori[sz]ation|cookie)[\w.-]*\2\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&}\]"']+)/gi;
/** Values this short that carry no name of a secret are settings. */
const MIN_UNNAMED_LENGTH = 8;

/** True when a value under this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** True for a word that looks like a token of a well-known service. */
export function isTokenLike(text: string): boolean {
  return text.search(TOKEN) >= 0;
}

/** True for a value that stands for another: `${…}`, `<your key>`, `YOUR_KEY`. */
export function isPlaceholder(value: string): boolean {
  return /^\s*$|\$\{[^{}]*\}|^\$[A-Z_]+$|%[A-Z_]+%|^<.*>$|^\[.*\]$|^(?:your|my|insert|change|replace|enter|put)[-_ ]|^x{3,}$|^\.{3}$|^env:/i.test(
    value,
  );
}

/** The values of an entry that must never be shown. */
export function secretsOf({
  env,
  headers,
  args,
}: Pick<RawServer, "env" | "headers" | "args">): readonly string[] {
  const named = env.filter(([name, value]) => isSecretName(name) || value.length >= MIN_UNNAMED_LENGTH);
  const values = [...named, ...headers].map(([, value]) => value);
  return [...values, ...args.filter((_, at) => isSecretSwitch(args[at - 1]))].filter(
    (value) => value.trim() !== "",
  );
}

/** True for `--api-key`, after which the key comes. */
export function isSecretSwitch(word: string | undefined): boolean {
  return word?.startsWith("-") === true && !word.includes("=") && isSecretName(word);
}

/** A line of a file as it may be shown: known secrets, and whatever looks like one, are masked. */
export function maskLine(line: string, secrets: readonly string[]): string {
  let masked = line;
  for (const secret of secrets.toSorted((left, right) => right.length - left.length)) {
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
      masked = masked.replaceAll(form, MASK);
    }
  }
  return masked
    .replace(NAMED_VALUE, (_whole, name: string, _quote, value: string) => {
      const [quote] = /^["']/.exec(value) ?? [""];
      return `${name}${quote}${MASK}${quote}`;
    })
    .replace(TOKEN, MASK)
    .replace(LONG_RUN, MASK);
}

/** A URL without what people hide in it: user, password, values of the query. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return maskLine(cut(text), []);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    url.username = MASK;
    url.password = "";
  }
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, MASK);
  return maskLine(cut(url.href), []);
}

/** A command as it may be shown: what follows a switch with a secret's name is masked, as are tokens. */
export function maskCommand(words: readonly string[]): string {
  const shown = words.slice(0, MAX_SHOWN).map((word, index) => {
    if (isSecretSwitch(words[index - 1])) return MASK;
    const [name = "", value] = split(word);
    return value !== undefined && isSecretName(name) ? `${name}=${MASK}` : word;
  });
  return cut(shown.map((word) => maskLine(cut(word), [])).join(" "));
}

/** Whatever is longer is no command that people read, and would take long to look through. */
const MAX_SHOWN = 300;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function split(word: string): readonly [string, string?] {
  const at = word.indexOf("=");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
