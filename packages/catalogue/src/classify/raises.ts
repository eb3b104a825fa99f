import { wordSet } from "./lexicon/word-set.ts";
import type { Readings } from "./readings.ts";
import type { Vote } from "./vote.ts";
import { toSingular } from "./words.ts";

const FOR_GOOD = wordSet(`
  delete destroy purge wipe erase revoke uninstall terminate truncate drop kill trash nuke`);
/** Said of tools that only answer: `Executes a search`, `Opens the file and …`, `Saves the result`. */
export const FAINT = wordSet(`
  run execute exec perform call invoke process connect prompt chat act test build control play interact
  simulate benchmark type use prepare make sort group highlight save map open mark note define report
  complete compose follow resolve handle link keep combine join split organize index get focus move
  apply help give record answer respond accept`);
const VAGUE = wordSet(`
  manage handle apply sync synchronize submit activate process send trigger switch control toggle use set
  register import prepare initialize init`);
const ACTS: ReadonlySet<string> = new Set([
  "object.browser",
  "object.page",
  "object.phone",
  "object.code",
  "object.request",
]);
const ANALYSES = wordSet(`
  explain validate format lint parse analyze analyse optimize optimise generate convert translate check
  describe estimate get list find lookup search review verify detect highlight transpile compare extract
  score audit assess inspect summarize save create add update store set publish write edit insert upload
  fix render encode decode hash count suggest recommend improve read document scan replace diff export
  import plot visualize visualise`);
const ASKS = wordSet("query select search find get list read fetch count show describe look");
const SELECT_ONLY = /\b(?:only\s+select|select[- ]only|select\s+(?:quer|statement)|read[- ]only)/i;

/** Whether the description makes a verdict graver than what is believed so far. */
export function textRaises(readings: Readings, base: Vote, text: Vote): boolean {
  if (base === text || text.rule === "verb.produce") return false;
  const isSure = text.trust !== "weak";
  if (base.category === "Read") return readIsRaised(readings, base, text, isSure);
  if (text.category === "Destructive" && isSoft(readings, text)) return false;
  if (text.category === "Destructive")
    return FOR_GOOD.has(text.verb) || (text.rule === "text.several" && text.trust === "pure");
  if (text.category === "Financial") return isSure && base.category !== "Destructive";
  return ACTS.has(text.rule) || (VAGUE.has(base.verb) && isSure);
}

function readIsRaised(readings: Readings, base: Vote, text: Vote, isSure: boolean): boolean {
  if (text.category === "Destructive" || text.category === "Financial")
    return isSure || base.trust === "weak" || FOR_GOOD.has(text.verb);
  if (!isSure && base.trust !== "weak") return false;
  if (readings.readOnlyClaim() !== undefined && base.trust === "pure") return false;
  if (text.rule === "object.sql") return base.trust !== "pure" && !readsOnly(readings);
  if (text.rule === "text.several" && base.trust === "pure" && text.trust !== "pure") return false;
  return ACTS.has(text.rule) || !FAINT.has(text.verb);
}

function readsOnly({ readOnlyClaim, description }: Readings): boolean {
  return readOnlyClaim() !== undefined || SELECT_ONLY.test(description.text);
}

/** A list, a search or an explanation takes operations as a filter, unless reading is one of them. */
export function operationsRaise({ schema, named }: Readings, base: Vote, operations: Vote): boolean {
  if (operations.rule === "schema.http-method") return !ANALYSES.has(base.verb) || base.category === "Read";
  if (base.category !== "Read" || base.trust !== "pure") return true;
  // `get_method_info` explains an operation.
  return schema.operations?.hasRead === true && !EXPLAINED.has(toSingular(named.words.at(-1)?.word ?? ""));
}
const EXPLAINED = wordSet(
  "info information schema documentation doc help type guide example spec specification",
);

/** Whether an argument that could be run is run here, or only looked at. */
export function runRaises(readings: Readings, base: Vote, runs: Vote): boolean {
  if (runs.rule === "schema.sql") {
    if (base.category === "Read" && readsOnly(readings)) return false;
    return base.trust === "weak" || ASKS.has(base.verb) || !ANALYSES.has(base.verb);
  }
  if (base.rule === "unknown" || base.category === "Execute") return true;
  if (runs.rule === "schema.command") return !ANALYSES.has(base.verb);
  return base.trust === "weak" && !ANALYSES.has(base.verb);
}

/** Of a plain reading verb only a place to write to, or a switch that asks for a change, makes more. */
export function writesRaise({ category, trust, verb }: Vote, writes: Vote): boolean {
  if (category !== "Read") return false;
  if (writes.rule === "schema.switch") return !BEFOREHAND.has(verb);
  return trust === "weak" || writes.rule === "schema.output";
}
/** `validate_record(overwrite)` asks what an overwriting would do. */
const BEFOREHAND = wordSet("validate verify check preview compare diff lint");

/** `Soft-deletes a note`: it can be had back. */
function isSoft({ description }: Readings, { at }: Vote): boolean {
  return "start" in at && /soft[- ]$/i.test(description.text.slice(Math.max(0, at.start - 5), at.start));
}
