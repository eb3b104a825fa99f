import type { Decided } from "./decide.ts";
import { wordSet } from "./lexicon/word-set.ts";
import type { Readings } from "./readings.ts";
import type { Vote } from "./vote.ts";

/** Verbs that mean the same thing everywhere. */
const CLEAR = wordSet(`
  get list search find read fetch show describe retrieve lookup count create update edit rename insert
  append add write send upload execute exec run invoke restart navigate trigger call`);

/**
 * 0 to 1, two decimals: how often verdicts with evidence of this kind were right on labelled tools (docs/classifier.md,
 * Figures). Above 0.9 stand only verdicts whose name is plain and whose description does not contradict it.
 */
export function toConfidence(readings: Readings, decided: Decided): number {
  const confidence = ofVotes(decided);
  if (decided.category === "Read") return confidence;
  const claimsToRead = readings.readOnlyHint === true || readings.readOnlyClaim() !== undefined;
  return claimsToRead ? Math.min(confidence, DOUBTED) : confidence;
}

/** At most this where the server claims that its tool only reads, and we say otherwise. */
const DOUBTED = 0.75;

function ofVotes({ category, votes, name, text }: Decided): number {
  const [winner] = votes;
  if (winner === undefined || winner.rule === "unknown") return 0.3;
  if (winner.source === "schema") return 0.8;
  if (winner.source === "annotation") return 0.7;
  if (winner === name) return ofName(winner, text);
  if (winner !== text) return 0.6;
  if (name?.category === category) return name.trust === "weak" ? 0.88 : 0.85;
  if (name !== undefined && name.trust !== "weak") return 0.7;
  return winner.trust === "weak" || category === "Write" ? 0.6 : 0.8;
}

function ofName(winner: Vote, text: Vote | undefined): number {
  if (winner.trust === "weak") return 0.5;
  const isClear = CLEAR.has(winner.verb) || winner.category === "Destructive" || winner.rule === "verb.pay";
  if (text === undefined) return winner.trust === "pure" ? (isClear ? 0.93 : 0.85) : 0.75;
  if (text.category !== winner.category) return winner.trust === "pure" && isClear ? 0.85 : 0.65;
  if (winner.category === "Read" && winner.trust === "pure") return 0.98;
  return isClear ? 0.96 : 0.88;
}
