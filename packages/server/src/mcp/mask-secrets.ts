/** What secrets look like, wherever they stand: our own tokens, those of large services, keys, signed tokens, card numbers. */
const SECRETS = new RegExp(
  [
    "pcl_[a-z]_[0-9A-Za-z]{8,}",
    "(?:AKIA|ASIA)[0-9A-Z]{12,}",
    "gh[oprsu]_[0-9A-Za-z]{16,}",
    "github_pat_[0-9A-Za-z_]{16,}",
    "glpat-[0-9A-Za-z_-]{16,}",
    "(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{8,}",
    "sk-[0-9A-Za-z_-]{16,}",
    "xox[a-z]-[0-9A-Za-z-]{8,}",
    "npm_[0-9A-Za-z]{16,}",
    "AIza[0-9A-Za-z_-]{20,}",
    "eyJ[0-9A-Za-z_-]{6,}\\.[0-9A-Za-z_-]{6,}(?:\\.[0-9A-Za-z_-]*)?",
    "-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    "(?<![0-9])[0-9]{4}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}(?![0-9])",
  ].join("|"),
  "g",
);
/** No pattern is shorter. */
const MIN_LENGTH = 13;
const MASK = "[secret]";

/** Names are a client's to choose, and some hold what nobody should keep (threat 74). Everything else stays. */
export function maskSecrets(text: string): string {
  return text.length < MIN_LENGTH ? text : text.replace(SECRETS, MASK);
}
