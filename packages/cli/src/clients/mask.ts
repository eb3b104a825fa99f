/** What stands where a secret was. */
export const MASK = "***";
/** People's names of secrets. */
const SECRET_WORDS = "key|token|secret|passw|pwd|credential|authori[sz]ation|cookie|bearer";
const SECRET_NAME = new RegExp(SECRET_WORDS, "i");
/** Tokens of well-known services by how they begin, JSON web tokens, and long runs of letters and digits. */
const TOKEN =
  /\b(?:sk|pk|rk|whsec|gh[opsu]|github_pat|glpat|xox[abeprs]|pcl_[a-z]|ntn|secret|hf|npm|pat|lin_api|figd|dapi|key)[-_][A-Za-z0-9_-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[A-Za-z0-9_-]{20,}|(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+/g;
const LONG_RUN = /(?<![A-Za-z0-9_+/=-])(?=[A-Za-z_+/=-]*\d)(?=[\d_+/=-]*[A-Za-z])[A-Za-z0-9_+=-]{32,}/g;
/**
 * `"name": "value"` and `name = "value"`, where the name is that of a secret. A name is tried from its first letter
 * only: from each of its letters, the time would grow with the cube of its length.
 */
const NAMED_VALUE = new RegExp(
  String.raw`((["']?)(?<![\w.-])(?=[\w.-]*(?:${SECRET_WORDS}))[\w.-]+\2\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&}\]"']+)`,
  "gi",
);

/** Longer words are no settings that people write, and are not looked through: all of one counts as a secret. */
const MAX_WORD = 4096;

/** True for a word that is taken for a secret because it is too long to be looked through. */
export function isTooLong(word: string): boolean {
  return word.length > MAX_WORD;
}

/** True when a value under this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** True for a word that looks like a token of a well-known service. */
export function isTokenLike(text: string): boolean {
  return text.search(TOKEN) >= 0;
}

/** The words in a text that look like tokens of well-known services. */
export function tokensIn(text: string): readonly string[] {
  return text.match(TOKEN) ?? [];
}

/** Runs of letters and digits that are too long to be guessed. */
export function longRunsIn(text: string): readonly string[] {
  return text.match(LONG_RUN) ?? [];
}

/** The values in a text of settings that stand under the name of a secret, without quotes. */
export function secretValuesIn(text: string): readonly string[] {
  return [...text.matchAll(NAMED_VALUE)].map(([, , , value = ""]) => value.replace(/^(["'])(.*)\1$/s, "$2"));
}

/** True for a value that stands for another: `${…}`, `<your key>`, `YOUR_KEY`. */
export function isPlaceholder(value: string): boolean {
  return /^\s*$|\$\{[^{}]*\}|^\$[A-Z_]+$|%[A-Z_]+%|^<.*>$|^\[.*\]$|^(?:your|my|insert|change|replace|enter|put)[-_ ]|^x{3,}$|^\.{3}$|^env:/i.test(
    value,
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
