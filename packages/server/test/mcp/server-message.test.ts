import { describe, expect, it } from "vitest";
import { isBeyondBounds, readBoundedObject, readServerMessage } from "../../src/mcp/server-message.ts";

describe("messages of servers (threats 1, 8, 41, 44)", () => {
  it.each([
    ["an object", '{"a":1}', { a: 1 }],
    [
      "escapes and odd numbers",
      '{"a\\"":1e400,"b\\\\":"\\ud800"}',
      { 'a"': Number.POSITIVE_INFINITY, "b\\": "\ud800" },
    ],
    ["colons in strings", '{"a:b":":","c":["::",{"d":"\\":"}]}', { "a:b": ":", c: ["::", { d: '":' }] }],
    [
      "one name in several objects",
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
      { a: { a: { a: 1 } }, b: [{ a: 1 }, { a: 2 }] },
    ],
    ["white space", ' { "a" : 1 ,\n"b"\t:{ } }\r', { a: 1, b: {} }],
    ["200,000 numbers", `{"a":[${"1,".repeat(199_999)}1]}`, undefined],
    ["100,000 parts", `{"a":[${"[],".repeat(49_999)}${'"",'.repeat(49_997)}{}]}`, undefined],
    ["200 levels", `{"a":${"[".repeat(199)}${"]".repeat(199)}}`, undefined],
  ])("reads %s", (_, text, value) => {
    const read = readServerMessage(text);
    expect(read).toEqual(value ?? JSON.parse(text));
  });

  it.each([
    ["a list", "[]"],
    ["a text", '"x"'],
    ["nothing", ""],
    ["a byte order mark", "\ufeff{}"],
    ["broken JSON", '{"a":'],
    ["a name twice", '{"a":1,"a":1}'],
    ["a name twice, once escaped", '{"a":1,"\\u0061":1}'],
    ["a name twice, deep inside", '{"x":[{"y":{"a":1,"b":2,"a":3}}]}'],
    ["a name twice, with white space", '{"a" :1,"a"\n:2}'],
    ["`__proto__` twice", '{"__proto__":1,"__proto__":2}'],
    ["a name twice beside quotes and slashes", '{"\\\\":":","a\\"":1,"a\\"":2}'],
    ["a string without its end", '{"a":"'],
    ["200,001 numbers", `{"a":[${"1,".repeat(200_000)}1]}`],
    ["100,001 parts", `{"a":[${"[],".repeat(49_999)}${'"",'.repeat(49_998)}{}]}`],
    ["100,001 names", `{${Array.from({ length: 100_001 }, (_, at) => `"${at}":1`).join()}}`],
    ["201 levels", `{"a":${"[".repeat(200)}${"]".repeat(200)}}`],
    ["a million levels", `{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`],
  ])("refuses %s", (_, text) => {
    expect(readServerMessage(text)).toBeUndefined();
  });
});

describe("what the gateway alone reads of a server (threats 8, 44)", () => {
  it.each([
    ["an object", '{"a":1,"a":2}', { a: 2 }],
    ["a list", "[]", undefined],
    ["broken JSON", '{"a":', undefined],
    ["201 levels", `{"a":${"[".repeat(200)}${"]".repeat(200)}}`, undefined],
    ["100,001 parts", `{"a":[${"[],".repeat(99_998)}{}]}`, undefined],
  ])("%s", (_, text, value) => {
    expect(readBoundedObject(text)).toEqual(value);
  });
});

it.each([
  ["a message", '{"a":1}', false],
  ["what is no JSON", '{"a', false],
  ["201 levels", "[".repeat(201), true],
  ["100,001 parts", "[],".repeat(100_001), true],
])("%s: whether it is too much to be read", (_, text, isBeyond) => {
  expect(isBeyondBounds(text)).toBe(isBeyond);
});
