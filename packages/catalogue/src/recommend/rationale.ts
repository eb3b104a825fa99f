import type { Category, Evidence, Modifier, Verdict } from "../verdict.ts";
import { listed, quoteWords } from "./plain-text.ts";

/** What each category means, as a half sentence after the tool's name. */
export const MEANING_OF: { readonly [C in Category]: string } = {
  Read: "retrieves and changes nothing",
  Write: "creates or changes data in a way that can be undone",
  Execute: "runs something whose effect depends on the arguments",
  Destructive: "deletes or revokes for good",
  Financial: "moves or commits money",
};

/** What each modifier means, as the end of a sentence that begins with the tool. */
export const MODIFIER_WORDS: { readonly [M in Modifier]: string } = {
  "arbitrary-code": "runs code or commands that the agent writes",
  "arbitrary-sql": "runs SQL that the agent writes",
  bulk: "reaches many things in one call",
  irreversible: "does what cannot be undone",
  "external-recipient": "reaches people outside",
  "grants-access": "gives somebody access",
  "secret-input": "takes a secret as an argument",
  "path-input": "takes a file path as an argument",
  "url-input": "takes an address as an argument",
};

const SOURCE_WORDS: { readonly [S in Evidence["source"]]: string } = {
  name: "its name",
  title: "its title",
  description: "its description",
  schema: "its arguments",
  annotation: "its annotations",
  server: "the server's name",
  siblings: "the tools beside it",
};

/** Pieces of evidence that are quoted. */
const MAX_QUOTED = 3;

/** Why we say what we say, with the words that decided. The words are a stranger's: show them as text. */
export function rationaleOf(verdict: Verdict): string {
  const { category, modifiers, evidence } = verdict;
  const decisive = evidence.filter(({ says }) => says === category).slice(0, MAX_QUOTED);
  const quoted = decisive.map(({ source, text }) => `${SOURCE_WORDS[source]} says ${quoteWords(text)}`);
  const because = quoted.length === 0 ? "" : `: ${listed(quoted)}`;
  const first = `${category}, because it ${MEANING_OF[category]}${because}.`;
  if (modifiers.length === 0) return first;
  return `${first} Besides, it ${listed(modifiers.map((modifier) => MODIFIER_WORDS[modifier]))}.`;
}
