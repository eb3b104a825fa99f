import type { Category } from "../verdict.ts";
import { READ_NOUNS } from "./lexicon/objects.ts";
import { wordSet } from "./lexicon/word-set.ts";
import { operationsRaise, runRaises, textRaises, writesRaise } from "./raises.ts";
import type { Readings } from "./readings.ts";
import type { Span } from "./sentences.ts";
import { isGraver, type Vote } from "./vote.ts";
import {
  annotationVote,
  disguisedVote,
  downloadVote,
  laterVote,
  listedVote,
  nameVote,
  nounVote,
  operationsVote,
  runsVote,
  savedVote,
  textVote,
  unknown,
  writesVote,
} from "./votes.ts";
import { toSingular } from "./words.ts";

/** The category with its reasons, the decisive one first. */
export interface Decided {
  readonly category: Category;
  readonly votes: readonly Vote[];
  /** Readings that the confidence is made of. */
  readonly name: Vote | undefined;
  readonly text: Vote | undefined;
}

/** Weighs the readings: one is believed, the others can only raise it (docs/classifier.md, Weighing). */
export function decide(readings: Readings): Decided {
  const name = nameVote(readings);
  const text = textVote(readings);
  let winner = baseVote(readings, name, text);
  const votes: Vote[] = [];
  const consider = (vote: Vote | undefined, raises: boolean): void => {
    if (vote === undefined) return;
    votes.push(vote);
    if (raises && isGraver(vote.category, winner.category)) winner = vote;
  };
  consider(name, false);
  consider(text, text !== undefined && textRaises(readings, winner, text));
  const operations = operationsVote(readings);
  consider(operations, operations !== undefined && operationsRaise(readings, winner, operations));
  const runs = runsVote(readings);
  consider(runs, runs !== undefined && runRaises(readings, winner, runs));
  consider(listedVote(readings), winner.category !== "Read" || winner.trust !== "pure");
  consider(laterVote(readings), true);
  consider(downloadVote(readings, winner), true);
  consider(savedVote(readings), winner.category === "Read");
  const writes = writesVote(readings);
  consider(writes, writes !== undefined && writesRaise(winner, writes));
  consider(annotationVote(readings), true);
  consider(disguisedVote(readings), true);
  const lowered = milder(readings, winner, votes);
  if (lowered !== undefined) winner = lowered;
  const others = votes.filter(({ at }) => at !== winner.at);
  const agreeing = others.filter(({ category }) => category === winner.category);
  const differing = others.filter(({ category }) => category !== winner.category);
  return { category: winner.category, votes: [winner, ...agreeing, ...differing], name, text };
}

/** What is believed before anything graver is found. */
function baseVote(readings: Readings, name: Vote | undefined, text: Vote | undefined): Vote {
  if (name !== undefined && name.trust !== "weak" && !isOnlyNoun(readings, name, text)) return name;
  // `research_agent`: what it runs is not what its description happens to mention.
  if (name?.rule === "noun.run" && text?.category === "Read" && isMentioned(text)) return name;
  if (name !== undefined && text?.category === "Read" && readings.prose.sentence > 0 && isAside(text))
    return name;
  if (text !== undefined) return text;
  if (name?.category === "Read" && isUnsureAlone(readings, name)) return unknown(readings);
  return name ?? operationsVote(readings) ?? nounVote(readings) ?? unknown(readings);
}

function isMentioned({ at }: Vote): boolean {
  return "manner" in at && at.manner === "faint";
}

/** `Use the list to find it`, in a later sentence, is not what the tool does. */
function isAside({ at }: Vote): boolean {
  return "manner" in at && at.manner !== "head";
}

/** These read or change, as a description would say: without one, nothing is known. */
const UNSURE_ALONE = wordSet("aggregate debug open select track visit");
/** What can be set as well as asked for: nothing is known where there is not even a description. */
const UNSURE_NOUNS = wordSet(`
  calendar context definition definitions directory index instruction instructions language practice practices
  profile report reports rule rules structure tree types`);

function isUnsureAlone({ description }: Readings, { verb, rule }: Vote): boolean {
  return (
    UNSURE_ALONE.has(verb) || (rule === "noun.read" && description.text === "" && UNSURE_NOUNS.has(verb))
  );
}

/** `order_status`, `post_details`: the verb was a noun, if the description says so too. */
function isOnlyNoun({ named }: Readings, name: Vote, text: Vote | undefined): boolean {
  if (name.trust !== "strong" || text?.category !== "Read" || text.trust === "weak") return false;
  if (name.category === "Destructive") return false;
  // `recent_run_issues`: a verb that does not begin the name.
  if (NOUNS_TOO.has(name.verb) && "start" in name.at && name.at.start > 0) return true;
  return READ_NOUNS.has(toSingular(named.words.at(-1)?.word ?? "")) && named.words.length > 1;
}

const NOUNS_TOO = wordSet("call run build order commit post release comment message test chat report");

/** What may make a verdict milder, and only where no other reading says otherwise. */
function milder(readings: Readings, winner: Vote, votes: readonly Vote[]): Vote | undefined {
  const others = votes.filter((vote) => vote !== winner && vote.category !== "Read");
  return byHint(readings, winner, others) ?? byClaim(readings, winner, others);
}

/** `Runs a read-only query`, where the name says nothing else. */
function byClaim(readings: Readings, winner: Vote, others: readonly Vote[]): Vote | undefined {
  if (winner.source !== "description" || !RUNS.has(winner.verb)) return undefined;
  const claim = readings.readOnlyClaim();
  if (
    claim === undefined ||
    !isOfDeed(readings, winner, claim) ||
    others.some(({ rule }) => rule !== "schema.sql")
  )
    return undefined;
  return { ...MILD, rule: "text.read-only", source: "description", at: claim };
}
/** The claim is made of the deed itself, not of a mode that the tool has beside it. */
function isOfDeed({ description, prose }: Readings, { at }: Vote, claim: Span): boolean {
  if (!("start" in at)) return false;
  const sentence = prose.sentences.find(({ start, end }) => start <= at.start && at.start < end);
  if (sentence === undefined || claim.start < sentence.start || claim.start >= sentence.end) return false;
  return !/destructive|\bwrite\b/i.test(description.text.slice(sentence.start, sentence.end));
}
const RUNS = wordSet("run execute call invoke perform");
const MILD = { category: "Read", trust: "weak", verb: "" } as const;

/** `readOnlyHint` is believed where name and description were unsure. */
function byHint({ readOnlyHint }: Readings, winner: Vote, others: readonly Vote[]): Vote | undefined {
  if (readOnlyHint !== true || winner.category !== "Write" || !isUnsure(winner)) return undefined;
  if (!others.every(isUnsure)) return undefined;
  return {
    ...MILD,
    rule: "annotation.read-only",
    source: "annotation",
    at: { pointer: "/readOnlyHint", text: "true" },
  };
}

function isUnsure({ rule, trust, source }: Vote): boolean {
  if (rule === "unknown" || rule === "verb.produce") return true;
  const isText = source === "name" || source === "title" || source === "description";
  return trust === "weak" && isText && rule !== "text.disguised";
}
