import { toAction } from "./action.ts";
import { SIGN_VERBS, type VerbForm } from "./lexicon/verb-forms.ts";
import type { Place } from "./place.ts";
import type { Said } from "./prose.ts";
import type { Span } from "./sentences.ts";

/** A sentence of a language without spaces: the verb stands first in Chinese, last in Japanese and Korean. */
export function readSigns(sentence: string, span: Span, place: Place): readonly Said[] {
  const isVerbLast = /[\u3040-\u30ff\uac00-\ud7af]/.test(sentence);
  let best: { readonly at: number; readonly sign: string; readonly form: VerbForm } | undefined;
  for (const [sign, group] of SIGN_VERBS) {
    const at = isVerbLast ? sentence.lastIndexOf(sign) : sentence.indexOf(sign);
    if (at < 0) continue;
    const isBetter = best === undefined || (isVerbLast ? at > best.at : at < best.at);
    if (isBetter) best = { at, sign, form: { verb: sign, group, trust: "strong", form: "base" } };
  }
  if (best === undefined) return [];
  const said: Said[] = [toSign(best.form, span.start + best.at, "head", place)];
  for (let end = best.at + best.sign.length; said.length < MAX_SIGNS; ) {
    const gap = AND_SIGN.exec(sentence.slice(end))?.[0];
    const from = end + (gap?.length ?? 0);
    const next = gap === undefined ? undefined : SIGN_VERBS.find(([sign]) => sentence.startsWith(sign, from));
    if (next === undefined) return said;
    const form = { verb: next[0], group: next[1], trust: "strong", form: "base" } as const;
    said.push(toSign(form, span.start + from, "joined", place));
    end = from + next[0].length;
  }
  return said;
}

/** Verbs that are read of one sentence. */
const MAX_SIGNS = 8;
/** `下载并部署`: both. */
const AND_SIGN = /^(?:并且|并|和|或者|或|及|以及|与|、|\/)/;

function toSign(form: VerbForm, start: number, manner: Said["manner"], place: Place): Said {
  return { ...toAction(form, [], place), start, end: start + form.verb.length, manner };
}
