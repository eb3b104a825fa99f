import { describe, expect, it } from "vitest";
import { conditionCompiler } from "../src/condition.ts";
import { compileWallClock } from "../src/condition-time.ts";
import { FALSE, type Reading, TRUE } from "../src/condition-truth.ts";
import type { Condition, Operator } from "../src/document.ts";
import type { JsonValue } from "../src/json.ts";
import { toUnknownText } from "../src/message.ts";
import { nothingKept, SharedReads } from "../src/shared-reads.ts";

/** `true`, `false`, or why it is unknown. */
function judge(condition: Condition, x: JsonValue): boolean | string {
  const members = { x };
  const call = { tool: "t", nowMs: 0 };
  const reading: Reading = { call, args: members, members, kept: nothingKept(), unknown: undefined };
  const reads = new SharedReads(compileWallClock("UTC"));
  const truth = conditionCompiler(reads).compile([condition], "all")(reading);
  if (truth === TRUE) return true;
  return truth === FALSE
    ? false
    : reading.unknown === undefined
      ? "no cause"
      : toUnknownText(reading.unknown);
}

type Row = [string, Operator, JsonValue, JsonValue, boolean | string];

function table(title: string, rows: Row[]) {
  describe(`policy-spec section 4, ${title}`, () => {
    it.each(rows)("%s", (_, op, value, argument, expected) => {
      expect(judge({ path: "args.x", op, value }, argument)).toBe(expected);
    });
  });
}

table("C5 and C7: `eq`, `neq`", [
  ["equal text", "eq", "a", "a", true],
  ["other case", "eq", "a", "A", false],
  ["equal numbers", "eq", 5, 5.0, true],
  ["minus zero is zero", "eq", 0, -0, true],
  ["equal booleans", "eq", false, false, true],
  ["a number is no text", "eq", "1000", 1000, "args.x is a number, not a string"],
  ["text is no number", "eq", 1000, "1000", "args.x is a string, not a number"],
  ["a boolean is no number", "eq", 1, true, "args.x is a boolean, not a number"],
  ["a list is no text", "eq", "a", ["a"], "args.x is an array, not a string"],
  ["an object is no boolean", "eq", true, {}, "args.x is an object, not a boolean"],
  ["null is unknown (C4)", "eq", "a", null, "args.x is null"],
  ["not equal", "neq", "a", "b", true],
  ["not not equal", "neq", "a", "a", false],
  ["another type is not unequal", "neq", "a", 1, "args.x is a number, not a string"],
]);

table("`in`, `not_in`", [
  ["one of them", "in", ["a", 1, true], 1, true],
  ["minus zero is listed as zero", "in", [0], -0, true],
  ["none of its type's", "in", ["a", 1], "b", false],
  ["no element of the type", "in", ["a", 1], true, "args.x is a boolean, not a string or a number"],
  ["a container is of no element's type", "in", ["a"], ["a"], "args.x is an array, not a string"],
  ["not one of them", "not_in", ["a"], "b", true],
  ["one of them after all", "not_in", ["a", false], false, false],
  ["no element of the type for `not_in`", "not_in", ["a"], 1, "args.x is a number, not a string"],
]);

table("`lt`, `lte`, `gt`, `gte`", [
  ["below", "lt", 5, 4.9, true],
  ["not below itself", "lt", 5, 5, false],
  ["at most", "lte", 5, 5, true],
  ["more than at most", "lte", 5, 5.1, false],
  ["above", "gt", 5, 6, true],
  ["not above itself", "gt", 5, 5, false],
  ["at least", "gte", 5, 5, true],
  ["less than at least", "gte", 5, 4, false],
  ["text has no order", "gt", 5, "6", "args.x is a string, not a number"],
  ["a boolean has no order", "lt", 5, true, "args.x is a boolean, not a number"],
]);

table("`contains`", [
  ["a part of the text", "contains", "b", "abc", true],
  ["no part of the text", "contains", "x", "abc", false],
  ["half a character is no part", "contains", "\ud83d", "😀", false],
  ["a number in text", "contains", 1, "a1", "args.x is a string, not an array"],
  ["an element", "contains", "b", ["a", "b"], true],
  ["an element beside another type", "contains", "b", [1, "b"], true],
  ["no element", "contains", "b", ["a"], false],
  ["a part of an element is no element", "contains", "b", ["abc"], false],
  ["no element of an empty list", "contains", 1, [], false],
  ["no element, but another type", "contains", "b", ["a", 1], "args.x has an element that is not a string"],
  ["no element, but null", "contains", 1, [2, null], "args.x has an element that is not a number"],
  ["a boolean element", "contains", true, [false, true], true],
  ["an object has no elements", "contains", "b", { b: 1 }, "args.x is an object, not a string or an array"],
]);

table("`regex`", [
  ["found", "regex", "b+", "abbc", true],
  ["not found", "regex", "^b", "abbc", false],
  ["strings only", "regex", "1", 1, "args.x is a number, not a string"],
  ["65,536 code points are read", "regex", "b$", `${"😀".repeat(65_535)}b`, true],
  ["65,537 are not", "regex", "b$", `${"😀".repeat(65_536)}b`, "args.x is longer than 65536 characters"],
]);

table("`starts_with`, `ends_with`: by code points", [
  ["begins so", "starts_with", "ab", "abc", true],
  ["begins otherwise", "starts_with", "b", "abc", false],
  ["half a character does not begin it", "starts_with", "\ud83d", "😀", false],
  ["only text begins", "starts_with", "1", 12, "args.x is a number, not a string"],
  ["ends so", "ends_with", "bc", "abc", true],
  ["ends otherwise", "ends_with", "b", "abc", false],
  ["half a character does not end it", "ends_with", "\ude00", "😀", false],
  ["only text ends", "ends_with", "a", ["a"], "args.x is an array, not a string"],
]);

table("`length_lte`: code points, or elements", [
  ["short enough", "length_lte", 3, "abc", true],
  ["too long", "length_lte", 2, "abc", false],
  ["two code units are one code point", "length_lte", 2, "😀😀", true],
  ["three code points are more than two", "length_lte", 2, "😀aa", false],
  ["far too long", "length_lte", 1, "aaaa", false],
  ["the empty text has length 0", "length_lte", 0, "", true],
  ["lone surrogates count one each", "length_lte", 1, "\ude00\ud83d", false],
  ["few elements", "length_lte", 2, [1, 2], true],
  ["many elements", "length_lte", 1, [1, 2], false],
  ["an object has no length", "length_lte", 1, {}, "args.x is an object, not a string or an array"],
]);

table("`path_within` and `host_in`", [
  ["inside", "path_within", ["/srv", "/tmp/a"], "/tmp/a/b", true],
  ["outside", "path_within", ["/srv"], "/etc", false],
  ["not a plain path", "path_within", ["/srv"], "srv", "args.x is not a plain absolute path"],
  ["not text", "path_within", ["/srv"], 1, "args.x is a number, not a string"],
  ["listed", "host_in", ["a.com", "*.b.com"], "https://a.com/", true],
  ["below a listed one", "host_in", ["a.com", "*.b.com"], "https://x.b.com/", true],
  ["below one of several", "host_in", ["*.a.com", "*.b.com"], "https://x.b.com/", true],
  ["not listed", "host_in", ["a.com", "*.b.com"], "https://b.com/", false],
  ["below one that is listed by name alone", "host_in", ["a.com", "*.b.com"], "https://x.a.com/", false],
  ["a list of one address", "host_in", ["a.com"], ["https://a.com/"], "args.x is an array, not a string"],
  ["a list of one path", "path_within", ["/srv"], ["/srv"], "args.x is an array, not a string"],
  ["not a web address", "host_in", ["a.com"], "a.com", "args.x is not a plain web address"],
  ["no address at all", "host_in", ["a.com"], false, "args.x is a boolean, not a string"],
]);

table("C4: `exists` is never unknown", [
  ["present", "exists", true, 0, true],
  ["null is not present", "exists", true, null, false],
  ["present is not absent", "exists", false, "", false],
  ["null is absent", "exists", false, null, true],
]);

describe("a document that skipped validation is a bug, not a decision", () => {
  it.each<[string, Operator, JsonValue, string]>([
    ["a pattern", "regex", "(", "compiled a document that was not validated: pattern does not compile"],
    ["a text", "starts_with", 1, "the value of an operator must be a string here"],
    ["a list", "in", "a", "the value of an operator must be a list here"],
  ])("%s", (_, op, value, error) => {
    expect(() => judge({ path: "args.x", op, value }, "a")).toThrow(error);
  });
});
