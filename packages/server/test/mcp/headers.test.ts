import { err, ok } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkContentType,
  decodeHeaderValue,
  encodeHeaderValue,
  findForbiddenHeader,
  isFieldValue,
  isToken,
  onePiece,
  readHeader,
  trimBlanks,
} from "../../src/mcp/headers.ts";

describe("header lines that two readers read differently (threat 16)", () => {
  it.each([
    ["Host", ["Host", "a", "host", "b"], "the header `host` appears more than once"],
    [
      "Authorization",
      ["Authorization", "Bearer a", "AUTHORIZATION", "Bearer a"],
      "the header `authorization` appears more than once",
    ],
    [
      "Content-Type",
      ["content-type", "application/json", "Content-Type", "text/plain"],
      "the header `content-type` appears more than once",
    ],
    [
      "Content-Length",
      ["content-length", "1", "content-length", "1"],
      "the header `content-length` appears more than once",
    ],
    [
      "Origin",
      ["origin", "http://a", "x", "y", "origin", "http://b"],
      "the header `origin` appears more than once",
    ],
    ["Accept", ["accept", "a", "accept", "b"], "the header `accept` appears more than once"],
    ["Mcp-Name", ["Mcp-Name", "read", "mcp-name", "delete"], "the header `mcp-name` appears more than once"],
    [
      "Mcp-Session-Id",
      ["Mcp-Session-Id", "a", "Mcp-Session-Id", "b"],
      "the header `mcp-session-id` appears more than once",
    ],
    [
      "a parameter, whose name is not shown",
      ["Mcp-Param-X9", "a", "mcp-param-x9", "b"],
      "the header `mcp-…` appears more than once",
    ],
    [
      "another one, by its plain name",
      ["Mcp-Session-Hint", "a", "mcp-session-hint", "b"],
      "the header `mcp-session-hint` appears more than once",
    ],
    [
      "one with a name too long to be shown",
      [`mcp-${"x".repeat(33)}`, "a", `mcp-${"x".repeat(33)}`, "b"],
      "the header `mcp-…` appears more than once",
    ],
    ["an underscore", ["Mcp-Name", "read", "mcp_name", "delete"], "a header name contains an underscore"],
    ["an underscore in any name", ["x_y", "1"], "a header name contains an underscore"],
  ])("refuses %s", (_name, raw, reason) => {
    expect(findForbiddenHeader(raw)).toBe(reason);
  });

  it("lets repeated lines of other headers pass", () => {
    expect(
      findForbiddenHeader(["Cookie", "a", "cookie", "b", "Host", "h", "Mcp-Name", "n", "Mcp-Method", "m"]),
    ).toBeUndefined();
    expect(findForbiddenHeader(["Mcp-Param-A", "a", "Mcp-Param-B", "b"])).toBeUndefined();
    expect(findForbiddenHeader([])).toBeUndefined();
  });
});

describe("one header", () => {
  const raw = ["Mcp-Name", " \tread ", "Twice", "a", "TWICE", "b", "Empty", ""];
  it.each([
    ["without surrounding blanks (RFC 9110 5.5)", "mcp-name", "read"],
    ["as absent when it appears twice", "twice", undefined],
    ["empty", "empty", ""],
    ["absent", "mcp-nam", undefined],
  ])("is read %s", (_name, name, value) => {
    expect(readHeader(raw, name)).toBe(value);
  });
});

describe("content type (threat 15)", () => {
  it.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json ; charset="utf-8"',
    " application/json ",
  ])("reads %s", (value) => {
    expect(checkContentType(value)).toBeUndefined();
  });

  it.each([
    "text/plain",
    "application/json; charset=utf-7",
    "application/json; charset=utf-16",
    "application/json; charset=utf-8; charset=utf-7",
    "application/json; charset=utf-8; x=y",
    "application/json;",
    "application/json, text/plain",
    "application/jsonp",
    "application/vnd.api+json",
    "multipart/form-data; boundary=application/json",
    "application/json; charset='utf-8'",
    "",
  ])("refuses %j", (value) => {
    expect(checkContentType(value)).toBe("only `application/json` in UTF-8 is read");
  });

  it("says what to send when there is none", () => {
    expect(checkContentType(undefined)).toBe("send `Content-Type: application/json`");
  });
});

describe("mirrored values (2026-07-28 streamable-http, Value Encoding; threat 18)", () => {
  it.each([
    ["plain ASCII", "us-west1", "us-west1"],
    ["non-ASCII", "Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
    ["blanks around", " padded ", "=?base64?IHBhZGRlZCA=?="],
    ["a line break", "line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
    ["the sentinel itself", "=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
    ["the shortest thing that looks like a sentinel", "=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="],
    ["the empty text", "", "=?base64??="],
    ["a tab inside", "a\tb", "a\tb"],
    ["DEL", "a\u007f", "=?base64?YX8=?="],
  ])("encodes %s and decodes it again", (_name, text, value) => {
    expect(encodeHeaderValue(text)).toBe(value);
    expect(decodeHeaderValue(value)).toEqual(ok(text));
  });

  it.each([
    ["plain text as it is", "read", "read"],
    ["the last visible character", "~", "~"],
    ["without surrounding blanks", "  read\t", "read"],
    ["an upper-case marker as plain text", "=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="],
    ["half a sentinel as plain text", "=?base64?SGVsbG8=", "=?base64?SGVsbG8="],
    ["encoded ASCII", "=?base64?SGVsbG8=?=", "Hello"],
    ["a sentinel in a sentinel once only", "=?base64?PT9iYXNlNjQ/U0dWc2JHOD0/PQ==?=", "=?base64?SGVsbG8=?="],
    ["an encoded line break, for the comparison to refuse", "=?base64?cmVhZA0KWDogeQ==?=", "read\r\nX: y"],
    ["an encoded BOM", "=?base64?77u/YQ==?=", "\ufeffa"],
  ])("decodes %s", (_name, value, text) => {
    expect(decodeHeaderValue(value)).toEqual(ok(text));
  });

  it.each([
    ["missing padding", "=?base64?SGVsbG8?=", "is not canonical Base64"],
    ["too much padding", "=?base64?SGVsbG8==?=", "is not canonical Base64"],
    ["foreign characters", "=?base64?SGVs!!!bG8=?=", "is not canonical Base64"],
    ["blanks inside", "=?base64?SGVs bG8=?=", "is not canonical Base64"],
    ["the URL alphabet", "=?base64?77-_YQ==?=", "is not canonical Base64"],
    ["bits behind the end", "=?base64?SGVsbG9=?=", "is not canonical Base64"],
    ["bytes that are no UTF-8", "=?base64?/w==?=", "is not UTF-8 inside its Base64"],
    ["no room for a value", "=?base64?=", "has a malformed Base64 sentinel"],
    ["a raw control character", "re\u0001ad", "has characters outside visible ASCII"],
    ["raw Latin-1", "caf\u00e9", "has characters outside visible ASCII"],
  ])("refuses %s", (_name, value, reason) => {
    expect(decodeHeaderValue(value)).toEqual(err(reason));
  });

  it("gives back every text, in visible ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const encoded = encodeHeaderValue(text);
        expect(encoded).toMatch(/^[\t\x20-\x7e]*$/);
        expect(decodeHeaderValue(encoded)).toEqual(ok(text));
      }),
    );
  });
});

describe("what may stand in a line (RFC 9110 sections 5.5, 5.6.2)", () => {
  const characters = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));
  const good = (is: (text: string) => boolean) => characters.filter((one) => is(`a${one}a`)).join("");

  it("names are tokens", () => {
    expect(good(isToken)).toBe(
      "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
    );
    expect([isToken(""), isToken("a")]).toEqual([false, true]);
  });

  it("values have no control character but the tab, and nothing beyond a byte", () => {
    const allowed = characters.filter((_, code) => code === 0x09 || (code >= 0x20 && code <= 0xff));
    expect(good(isFieldValue)).toBe(allowed.filter((one) => one !== "\x7f").join(""));
    expect(isFieldValue("")).toBe(true);
  });

  it.each([
    ["", ""],
    [" \t", ""],
    ["a", "a"],
    ["\t a \t b\t ", "a \t b"],
    ["\u00a0a\n", "\u00a0a\n"],
  ])("only spaces and tabs stand around a value: %j", (text, trimmed) => {
    expect(trimBlanks(text)).toBe(trimmed);
  });

  it("lines in one piece are the same lines", () => {
    const bytes = characters.slice(0, 0x100).join("");
    expect(onePiece(bytes)).toBe(bytes);
  });
});
