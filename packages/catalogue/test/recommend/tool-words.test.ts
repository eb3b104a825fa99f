import { describe, expect, test } from "vitest";
import { singular, wordsOf } from "../../src/recommend/tool-words.ts";

describe("wordsOf", () => {
  test.each([
    ["sendEmail", ["send", "email"]],
    ["send_email-now", ["send", "email", "now"]],
    ["HTTPServerURL", ["http", "server", "url"]],
    ["S3Get2Files", ["s3", "get2", "files"]],
    ["Send an e-mail.", ["send", "an", "email"]],
    ["", []],
  ])("%j is %j", (text, words) => expect(wordsOf(text)).toEqual(words));

  test("a stranger's text is read in time that grows with its length only", () => {
    const startedMs = performance.now();
    for (let at = 0; at < 200; at += 1) wordsOf("A".repeat(4000));
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });

  test.each([
    ["emails", "email"],
    ["queries", "query"],
    ["addresses", "address"],
    ["status", "status"],
    ["address", "address"],
    ["is", "is"],
    ["sms", "sms"],
  ])("the singular of %s is %s", (word, expected) => expect(singular(word)).toBe(expected));
});
