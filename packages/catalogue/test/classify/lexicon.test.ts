import { describe, expect, test } from "vitest";
import { ACTION_NOUNS, ENGLISH_VERBS, IRREGULAR } from "../../src/classify/lexicon/english.ts";
import { SIGNS, WORDS } from "../../src/classify/lexicon/languages.ts";
import { type VerbForm, verbOf } from "../../src/classify/lexicon/verb-forms.ts";
import { toNameWords, toSingular } from "../../src/classify/words.ts";

const wordsOf = (lists: { readonly [group: string]: string }): string[] =>
  Object.values(lists).flatMap((list) => list.split(/\s+/).filter((word) => word !== ""));

function repeated(words: readonly string[]): string[] {
  return words.filter((word, index) => words.indexOf(word) !== index);
}

describe("the lists", () => {
  const verbs = wordsOf(ENGLISH_VERBS).map((word) => word.replace(/[~?]$/, ""));

  test("no English verb stands twice, none holds what no name word can hold", () => {
    expect(repeated(verbs)).toEqual([]);
    expect(verbs.filter((verb) => !/^[a-z]+$/.test(verb))).toEqual([]);
  });

  test("no verb of another language stands in two groups, no sign twice", () => {
    const inGroups = Object.entries(WORDS).flatMap(([group, list]) =>
      [...new Set(list.split(/\s+/).filter(Boolean))].map((word) => ({ word, group })),
    );
    expect(repeated(inGroups.map(({ word }) => word))).toEqual([]);
    expect(repeated(wordsOf(SIGNS))).toEqual([]);
  });

  test("irregular forms and nouns belong to verbs of the list", () => {
    const known = new Set(verbs);
    const strange = [...Object.values(IRREGULAR), ...Object.values(ACTION_NOUNS)].filter(
      (verb) => !known.has(verb),
    );
    expect(strange).toEqual([]);
  });
});

describe("forms of verbs", () => {
  test.each<readonly [string, string, VerbForm["form"]]>([
    ["delete", "delete", "base"],
    ["deletes", "delete", "s"],
    ["deleting", "delete", "ing"],
    ["deleted", "delete", "ed"],
    ["deletion", "delete", "noun"],
    ["copies", "copy", "s"],
    ["copied", "copy", "ed"],
    ["running", "run", "ing"],
    ["stopped", "stop", "ed"],
    ["dropping", "drop", "ing"],
    ["fetches", "fetch", "s"],
    ["sent", "send", "ed"],
    ["paid", "pay", "ed"],
    ["updater", "update", "noun"],
    ["remover", "remove", "noun"],
    ["reupload", "reupload", "base"],
    ["resends", "resends", "s"],
  ])("%s is %s (%s)", (word, verb, form) => {
    expect(verbOf(word)).toMatchObject({ verb, form });
  });

  test.each(["zorp", "pear", "under", "until", "reason-less", "united", "", "__proto__", "constructor"])(
    "%s is none",
    (word) => {
      expect(verbOf(word)).toBeUndefined();
    },
  );
});

describe("words of a name", () => {
  test.each([
    ["get_pear", "get pear"],
    ["getPearTree", "get pear tree"],
    ["GetHTTPPear", "get http pear"],
    ["get-pear.tree/leaf", "get pear tree leaf"],
    ["GET_PEAR", "get pear"],
    ["s3_list", "s3 list"],
    ["k8s__apply", "k8s apply"],
    ["listpears", "list pears"],
    ["createorupdatepear", "create updatepear"],
    ["write(path)", "write"],
    ["listen", "listen"],
    ["settings", "settings"],
  ])("%s", (name, words) => {
    expect(
      toNameWords(name)
        .map(({ word }) => word)
        .join(" "),
    ).toBe(words);
  });

  test.each([
    ["pears", "pear"],
    ["policies", "policy"],
    ["boxes", "box"],
    ["status", "status"],
    ["access", "access"],
    ["analysis", "analysis"],
  ])("one of %s is %s", (plural, singular) => {
    expect(toSingular(plural)).toBe(singular);
  });
});
