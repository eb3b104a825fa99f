import type { Evidence } from "../verdict.ts";
import { toRawSpan } from "./normalise.ts";
import type { Readings } from "./readings.ts";
import type { Vote } from "./vote.ts";

/** Longest matched text that is kept. */
const MAX_CHARS = 200;

/** A vote with its words as the server wrote them. */
export function toEvidence(readings: Readings, vote: Vote): Evidence {
  const { rule, source, category: says, at } = vote;
  if ("pointer" in at) return { rule, source, pointer: at.pointer, text: at.text.slice(0, MAX_CHARS), says };
  const seen = source === "name" ? readings.name : source === "title" ? readings.title : readings.description;
  const { start, text } = toRawSpan(seen, at.start, at.end);
  return { rule, source, text: text.slice(0, MAX_CHARS), start, says };
}
