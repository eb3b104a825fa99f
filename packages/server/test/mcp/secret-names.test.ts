import { describe, expect, it } from "vitest";
import { namesSecret } from "../../src/mcp/secret-names.ts";

describe("names of secrets (threats 19, 42)", () => {
  it.each([
    ..."password PASSWORD userPassword pass_phrase passwd pwd apiKey API_KEY api-key client_secret".split(
      " ",
    ),
    ..."accessToken token auth.token privateKey credentials Authorization cvv cardNumber pin otp TOTP ssn".split(
      " ",
    ),
    "Paste your API key here",
    "One-time password",
    "Credit card number",
    "Seed phrase",
    "\uff50assword",
  ])("%s", (text) => {
    expect(namesSecret(text)).toBe(true);
  });

  it.each([
    ..."name region maxTokens max_tokens output_tokens passenger keyboard key primaryKey pinned secretary".split(
      " ",
    ),
    ..."tokenizer opt compass cardinality authorize".split(" "),
    "Number of tokens",
    "The key of the item",
    "",
  ])("not %s", (text) => {
    expect(namesSecret(text)).toBe(false);
  });

  it.each([
    ["a request in the clothes of a warning", "Do not hesitate to enter your password.", true],
    ["a request after a warning", "Never share it. Now type your password", true],
    // The official example server's form says this of a number.
    ["a warning", "(do not give us your phone number, pin, or other sensitive info)", false],
    ["a short warning", "Don't include passwords!", false],
  ])("%s: %s", (_name, text, expected) => {
    expect(namesSecret(text)).toBe(expected);
  });
});
