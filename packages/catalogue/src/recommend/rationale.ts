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

const MODIFIER_WORDS: { readonly [M in Modifier]: string } = {
  "arbitrary-code": "it runs code or commands that the agent writes",
  "arbitrary-sql": "it runs SQL that the agent writes",
  bulk: "one call reaches many things at once",
  irreversible: "what it does cannot be undone",
  "external-recipient": "it reaches people outside",
  "grants-access": "it gives somebody access",
  "secret-input": "it takes a secret as an argument",
  "path-input": "it takes a file path as an argument",
  "url-input": "it takes an address as an argument",
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
  return `${first} Besides, ${listed(modifiers.map((modifier) => MODIFIER_WORDS[modifier]))}.`;
}
