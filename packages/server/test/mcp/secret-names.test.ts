import { expect, test } from "vitest";
import { namesSecret } from "../../src/mcp/secret-names.ts";

test.each([
  ["a name", "password", true],
  ["a name in capitals", "API_KEY", true],
  ["a name of two words", "accessToken", true],
  ["letters that look like others", "ｐａｓｓｗｏｒｄ", true],
  ["a sentence", "Please enter your PIN code.", true],
  ["a request in the clothes of a warning", "Do not hesitate to enter your password.", true],
  ["a request after a warning", "Never share it. Now type your password", true],
  // The official example server's form says this of a number.
  ["a warning", "(do not give us your phone number, pin, or other sensitive info)", false],
  ["a short warning", "Don't include passwords!", false],
  ["a word that contains one", "pinned", false],
  ["something else", "Your favourite colour", false],
])("%s: %s", (_name, text, expected) => {
  expect(namesSecret(text)).toBe(expected);
});
