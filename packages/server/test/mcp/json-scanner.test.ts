import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, scanJson } from "../../src/mcp/json-scanner.ts";

const SYNTAX = "the body is not valid JSON";
const LONE = "a string has a lone surrogate";

/** The scanner alone must know, too: it judges large bodies before anything is built of them. */
const judge = (text: string, limits = DEFAULT_LIMITS) => scanJson(text, limits)?.reason;

describe("the scanner, without JSON.parse behind it", () => {
  it.each([
    ["trux"],
    ["falsy"],
    ["nul1"],
    ["1."],
    ["1.e1"],
    ["1e"],
    ["1e+"],
    ["-"],
    ["01"],
    [".5"],
    ['"\\x"'],
    ['"\\u00g0"'],
    ['"\\'],
    ['"'],
    ['"\u0001"'],
    [`"${"x".repeat(100)}\u0001"`],
    ['1:"b":2'],
    ["[1:2]"],
    ["[1"],
    ['{"b":1'],
    ["{1:2}"],
  ])("refuses %s as a value", (value) => {
    expect(judge(`{"a":${value}}`)).toBe(SYNTAX);
  });

  it.each([
    ["true"],
    ["false"],
    ["null"],
    ["0"],
    ["-0.5"],
    ["1e5"],
    ["1E+2"],
    ["123456789012345"],
    ["9007199254740992"],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"'],
    ['"\\u00AF\\u00af\\ue000\\uffff"'],
    ['"\\ud800\\udc00\\udbff\\udfff"'],
    [`"${"x".repeat(64)}\\n${"x".repeat(65)}"`],
    ['[ 1 ,\r\n[ ] ,\t{ "b" : { } } ]'],
  ])("reads %s", (value) => {
    expect(judge(`{"a":${value}}`)).toBeUndefined();
  });

  it.each([
    ["a high half alone", "\\ud83d"],
    ["a low half alone", "\\ude00"],
    ["a low half before a high one", "\\ude00\\ud83d"],
    ["two high halves", "\\ud83d\\ud83d"],
    ["two low halves", "\\udc00\\udc00"],
    ["a high half and another escape", "\\ud83d\\n"],
    ["a high half and a character", "\\ud83dxude00"],
    ["a high half and what is just below the low ones", "\\ud83d\\udbff"],
    ["a high half and what is just above them", "\\ud83d\\ue000"],
  ])("refuses %s (threat 14)", (_name, text) => {
    expect(judge(`{"a":"${text}"}`)).toBe(LONE);
  });

  it.each([
    ["one byte", "\\u007f", 1],
    ["the first of two", "\\u0080", 2],
    ["the last of two", "\\u07ff", 2],
    ["the first of three", "\\u0800", 3],
    ["just below the surrogates", "\\ud7ff", 3],
    ["just above them", "\\ue000", 3],
    ["a pair", "\\ud800\\udc00", 4],
    ["an escape of one letter", "\\n", 1],
    ["two bytes as they are", "é\\n", 3],
    ["three bytes as they are", "€\\n", 4],
    ["a pair as it is", "😀\\n", 5],
  ])("counts the bytes of %s", (_name, text, bytes) => {
    const within = (maxStringBytes: number) =>
      judge(`{"a":"${text}"}`, { ...DEFAULT_LIMITS, maxStringBytes });
    expect([within(bytes), within(bytes - 1)]).toEqual([undefined, "a string is too long"]);
  });
});
