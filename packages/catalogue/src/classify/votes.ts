import type { Category } from "../verdict.ts";
import { toAction } from "./action.ts";
import { isHandedOver } from "./claims.ts";
import { READ_NOUNS } from "./lexicon/objects.ts";
import { verbOf } from "./lexicon/verb-forms.ts";
import { hasHiddenLetters } from "./normalise.ts";
import type { Said } from "./prose.ts";
import { FAINT } from "./raises.ts";
import type { Readings } from "./readings.ts";
import { gravest, isGraver, type Vote } from "./vote.ts";
import { toSingular, toTextWords } from "./words.ts";

/** The gravest verb of the name; of the title, where the name says nothing sure. */
export function nameVote({ named, titled }: Readings): Vote | undefined {
  const best = gravest(named.named);
  if (best !== undefined) {
    const rule = named.named.length > 1 && best !== named.named[0] ? "name.several" : best.rule;
    if (best.trust !== "weak" || titled.named.length === 0)
      return { ...best, rule, source: "name", at: best };
  }
  const title = gravest(titled.named);
  if (title === undefined || (best !== undefined && !isGraver(title.category, best.category)))
    return best && { ...best, source: "name", at: best };
  return { ...title, source: "title", at: title };
}

/** The gravest of what the description says at its head. */
export function textVote({ prose }: Readings): Vote | undefined {
  const [head] = prose.said;
  // `Fetches a page and converts it` only reads.
  const said =
    head?.category === "Read" ? prose.said.filter(({ rule }) => rule !== "verb.produce") : prose.said;
  const first = gravest(said);
  if (first === undefined) return undefined;
  // `Save or update a watch`: what is meant for sure speaks for the rest.
  const isSure = ({ category, verb }: Said): boolean => category === first.category && !FAINT.has(verb);
  const best = first.category === "Read" ? first : (said.find(isSure) ?? first);
  const isJoined = best !== prose.said[0];
  const trust =
    prose.sentence > 1 || ((best.manner === "phrase" || best.manner === "faint") && best.trust === "strong")
      ? "weak"
      : best.trust;
  return { ...best, rule: isJoined ? "text.several" : best.rule, trust, source: "description", at: best };
}

/** A description that is only a noun: `Current weather of a city`. */
export function nounVote({ description, prose }: Readings): Vote | undefined {
  const [first] = prose.sentences;
  if (first === undefined) return undefined;
  const words = toTextWords(description.text.slice(first.start, first.end), 12);
  if (words.some(({ word }) => isDeed(word))) return undefined;
  const noun = words.find(({ word }) => READ_NOUNS.has(word) || READ_NOUNS.has(toSingular(word)));
  if (noun === undefined) return undefined;
  const at = { start: noun.start + first.start, end: noun.end + first.start };
  return { category: "Read", rule: "noun.read", source: "description", trust: "weak", verb: noun.word, at };
}

function isDeed(word: string): boolean {
  const form = verbOf(word);
  return form !== undefined && form.group !== "read" && form.trust !== "weak";
}

/** What is said of a tool that nothing is known of. */
export function unknown({ name }: Readings): Vote {
  return {
    category: "Write",
    rule: "unknown",
    source: "name",
    trust: "weak",
    verb: "",
    at: { start: 0, end: name.text.length },
  };
}

/** The gravest operation that an argument can choose. */
export function operationsVote({ schema }: Readings): Vote | undefined {
  const sign = schema.operations;
  if (sign === undefined) return undefined;
  return {
    category: sign.says as Category,
    rule: sign.rule,
    source: "schema",
    trust: "pure",
    verb: "",
    at: sign,
  };
}

/** An argument that is code, a command or SQL. */
export function runsVote({ schema }: Readings): Vote | undefined {
  const sign = schema.runs;
  return (
    sign && { category: "Execute", rule: sign.rule, source: "schema", trust: "pure", verb: "", at: sign }
  );
}

/** The gravest of the operations that the description lists. */
export function listedVote({ listed, place }: Readings): Vote | undefined {
  const votes = listed.flatMap(({ word, start, end }): Vote[] => {
    const form = verbOf(word.toLowerCase());
    if (form === undefined || form.trust === "weak") return [];
    const { category, verb } = toAction(form, [], place);
    return [
      { category, rule: "text.operations", source: "description", trust: "strong", verb, at: { start, end } },
    ];
  });
  return gravest(votes);
}

/** A grave deed in a later sentence. */
export function laterVote({ later }: Readings): Vote | undefined {
  return later && { ...later, rule: "text.later", source: "description", at: later };
}

/** Arguments that only a change needs. */
export function writesVote({ schema }: Readings): Vote | undefined {
  const sign = schema.writes;
  return sign && { category: "Write", rule: sign.rule, source: "schema", trust: "weak", verb: "", at: sign };
}

/** A description that says that what was found is kept in a file. */
export function savedVote({ saved }: Readings): Vote | undefined {
  if (saved === undefined) return undefined;
  return { category: "Write", rule: "text.saves", source: "description", trust: "weak", verb: "", at: saved };
}

/** A download ends in a file, unless the caller gets it. */
export function downloadVote({ description }: Readings, winner: Vote): Vote | undefined {
  if (winner.verb !== "download" || winner.category !== "Read" || isHandedOver(description.text))
    return undefined;
  return { ...winner, category: "Write", rule: "verb.download", trust: "weak" };
}

/** Hints that a tool changes something. */
export function annotationVote({ readOnlyHint, destructiveHint }: Readings): Vote | undefined {
  const pointer = readOnlyHint === false ? "/readOnlyHint" : "/destructiveHint";
  if (readOnlyHint !== false && destructiveHint !== true) return undefined;
  const at = { pointer, text: String(readOnlyHint === false ? readOnlyHint : destructiveHint) };
  return { category: "Write", rule: "annotation.changes", source: "annotation", trust: "weak", verb: "", at };
}

/** Disguised letters: somebody hides something. */
export function disguisedVote({ name, title, description }: Readings): Vote | undefined {
  const isNameHidden = name.isDisguised || hasHiddenLetters(name.raw);
  const source = isNameHidden ? "name" : title.isDisguised ? "title" : "description";
  if (!isNameHidden && !title.isDisguised && !description.isDisguised) return undefined;
  const end =
    source === "name" ? name.text.length : source === "title" ? title.text.length : description.text.length;
  return {
    category: "Write",
    rule: "text.disguised",
    source,
    trust: "weak",
    verb: "",
    at: { start: 0, end },
  };
}
