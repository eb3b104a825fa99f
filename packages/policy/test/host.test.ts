import { describe, expect, it } from "vitest";
import { hostMatches, hostOf, parseHostEntry } from "../src/host.ts";

describe("policy-spec section 4, `host_in`: the host of an argument", () => {
  it.each([
    ["a plain address", "https://example.com/a", "example.com"],
    ["scheme and host in any case", "HTTPS://Example.COM", "example.com"],
    ["a port", "http://example.com:8080/x", "example.com"],
    ["one trailing dot", "http://example.com./x", "example.com"],
    ["two trailing dots lose one", "http://example.com../x", "example.com."],
    ["a query right behind", "http://example.com?x=@", "example.com"],
    ["a fragment with an at sign", "http://example.com#a@b", "example.com"],
    ["an at sign in the path", "http://example.com/@a", "example.com"],
    ["a number as address", "http://2130706433/", "127.0.0.1"],
    ["a short hexadecimal address", "http://0x7f.1/", "127.0.0.1"],
    ["an IPv6 address", "http://[0:0::1]:80/", "[::1]"],
    ["full-width letters", "http://ｅxample.com/", "example.com"],
    ["an encoded host", "http://ex%61mple.com/", "example.com"],
    ["an international name", "http://bücher.example/", "xn--bcher-kva.example"],
  ])("reads %s", (_, argument, host) => {
    expect(hostOf(argument)).toBe(host);
  });

  it.each([
    ["another scheme", "ftp://example.com/"],
    ["no scheme", "example.com"],
    ["a scheme-relative address", "//example.com/"],
    ["one slash", "http:/example.com/"],
    ["three slashes", "http:///example.com/"],
    ["no host", "http://"],
    ["only a port", "http://:80/"],
    ["only a dot", "http://./"],
    ["credentials", "http://example.com@evil.com/"],
    ["a backslash", "http://example.com\\@evil.com/"],
    ["a backslash in the path", "http://example.com/a\\b"],
    ["a leading space", " http://example.com/"],
    ["white space", "http://example.com/a b"],
    ["a line feed", "http://exam\nple.com/"],
    ["a control character", "http://example.com/\u0001"],
    ["a no-break space", "http://example.com/\u00a0"],
    ["a port that is none", "http://example.com:x/"],
    ["a forbidden host character", "http://exa<mple.com/"],
    ["the empty text", ""],
  ])("cannot tell for %s", (_, argument) => {
    expect(hostOf(argument)).toBeUndefined();
  });
});

describe("policy-spec section 4, `host_in`: entries", () => {
  it.each([
    ["a host", "Example.COM.", { host: "example.com", below: false }],
    ["a wildcard", "*.Example.com", { host: "example.com", below: true }],
    ["an address", "127.1", { host: "127.0.0.1", below: false }],
    ["an IPv6 address", "[0:0::1]", { host: "[::1]", below: false }],
  ])("brings %s to the form of arguments", (_, text, value) => {
    expect(parseHostEntry(text)).toEqual({ ok: true, value });
  });

  it.each([
    ["a port", "example.com:80", "host `example.com:80` must have no scheme and no port"],
    ["a scheme", "https://example.com", "host `https://example.com` must have no scheme and no port"],
    ["an IPv6 address with a port", "[::1]:80", "host `[::1]:80` must have no scheme and no port"],
    ["a star", "*", "host `*` must be a bare host such as `example.com` or `*.example.com`"],
    [
      "an inner star",
      "a.*.com",
      "host `a.*.com` must be a bare host such as `example.com` or `*.example.com`",
    ],
    ["two stars", "*.*.com", "host `*.*.com` must be a bare host such as `example.com` or `*.example.com`"],
    [
      "a path",
      "example.com/a",
      "host `example.com/a` must be a bare host such as `example.com` or `*.example.com`",
    ],
    ["credentials", "a@b", "host `a@b` must be a bare host such as `example.com` or `*.example.com`"],
    ["nothing", "", "host `` is not a valid host"],
    ["a bare wildcard", "*.", "host `*.` is not a valid host"],
    ["an encoded star", "%2a.com", "host `%2a.com` is not a valid host"],
    ["a forbidden character", "a<b", "host `a<b` is not a valid host"],
    [
      "something below an address",
      "*.127.0.0.1",
      "host `*.127.0.0.1` has nothing below it; list the address itself",
    ],
    [
      "something below an IPv6 address",
      "*.[::1]",
      "host `*.[::1]` has nothing below it; list the address itself",
    ],
  ])("refuses %s", (_, text, error) => {
    expect(parseHostEntry(text)).toEqual({ ok: false, error });
  });

  it.each([
    ["itself", { host: "example.com", below: false }, "example.com", true],
    ["not a host below", { host: "example.com", below: false }, "a.example.com", false],
    ["below a wildcard", { host: "example.com", below: true }, "a.b.example.com", true],
    ["not the wildcard's own host", { host: "example.com", below: true }, "example.com", false],
    ["not a host that ends alike", { host: "example.com", below: true }, "evilexample.com", false],
    ["not an empty label", { host: "example.com", below: true }, ".example.com", false],
  ])("matches: %s", (_, entry, host, expected) => {
    expect(hostMatches(entry, host)).toBe(expected);
  });
});
