import type { ToolContext } from "../tool.ts";
import {
  BROWSER_PLACE,
  CHAIN_PLACE,
  GIT_PLACE,
  MONEY_PLACE,
  PHONE_PLACE,
  TRADE_PLACE,
} from "./lexicon/objects.ts";
import { verbOf } from "./lexicon/verb-forms.ts";
import { wordSet } from "./lexicon/word-set.ts";
import { toNameWords } from "./words.ts";

/** What a server is about, as its name and its tools tell it. */
export const SUBJECTS = ["money", "trade", "chain", "phone", "browser", "git"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** The surroundings of a tool, prepared once for all tools of a server. */
export interface Place {
  readonly subjects: ReadonlySet<Subject>;
  /** Words of the server's name. */
  readonly serverWords: ReadonlySet<string>;
  /** First word of every tool of the server, where all have the same. */
  readonly sharedPrefix: string | undefined;
  readonly server: string;
}

const WORDS_OF: { readonly [S in Subject]: ReadonlySet<string> } = {
  money: MONEY_PLACE,
  trade: TRADE_PLACE,
  chain: CHAIN_PLACE,
  phone: PHONE_PLACE,
  browser: BROWSER_PLACE,
  git: GIT_PLACE,
};

/** Longest name of a server that is read, and most tools beside this one. */
const MAX_SERVER_CHARS = 200;
const MAX_SIBLINGS = 256;
const MAX_NAME_CHARS = 200;
/** This part of the other tools must speak of a subject, at least two of them. */
const SHARE = 0.2;
/** Fewer tools with one first word may have it by chance. */
const MIN_FOR_PREFIX = 3;

/** What surrounds the tools of a server. Anything that is no text and no list is left out. */
export function toPlace(context: ToolContext): Place {
  const server = typeof context.server === "string" ? context.server.slice(0, MAX_SERVER_CHARS) : "";
  const serverWords = new Set(toNameWords(server).map(({ word }) => word));
  const siblings = Array.isArray(context.siblings) ? context.siblings.slice(0, MAX_SIBLINGS) : [];
  const names = siblings.flatMap((sibling) => {
    const name: unknown = sibling?.name;
    return typeof name === "string"
      ? [toNameWords(name.slice(0, MAX_NAME_CHARS)).map(({ word }) => word)]
      : [];
  });
  const subjects = new Set<Subject>();
  for (const subject of SUBJECTS) {
    const words = WORDS_OF[subject];
    const speaking = names.filter((name) => name.some((word) => words.has(word))).length;
    const isNamed = [...serverWords].some((word) => words.has(word));
    if (isNamed || (speaking >= 2 && speaking >= SHARE * names.length)) subjects.add(subject);
  }
  return { subjects, serverWords, sharedPrefix: prefixOf(names), server };
}

/** Words of a tool's own name that say where it acts, whatever its server is called. */
const OWN_WORDS: readonly (readonly [Subject, ReadonlySet<string>])[] = [
  ["browser", wordSet("browser chrome puppeteer playwright selenium webdriver")],
  ["chain", wordSet("wallet crypto blockchain defi dex onchain")],
  ["money", wordSet("wallet payment payments")],
  ["git", wordSet("git")],
];

/** The place with what the name of the tool adds. */
export function withOwnWords(place: Place, words: readonly string[]): Place {
  const added = OWN_WORDS.filter(
    ([subject, own]) => !place.subjects.has(subject) && words.some((word) => own.has(word)),
  );
  if (added.length === 0) return place;
  return { ...place, subjects: new Set([...place.subjects, ...added.map(([subject]) => subject)]) };
}

/** The word that all names begin with. A verb in front of everything is a verb all the same, if it changes things. */
function prefixOf(names: readonly (readonly string[])[]): string | undefined {
  const first = names[0]?.[0];
  if (first === undefined || names.length < MIN_FOR_PREFIX || !names.every((name) => name[0] === first))
    return undefined;
  const verb = verbOf(first);
  const isNoun = verb === undefined || verb.trust === "weak" || verb.form !== "base";
  return isNoun ? first : undefined;
}
