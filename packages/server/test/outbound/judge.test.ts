import { describe, expect, test } from "vitest";
import { endpointOf, judgeAddress, judgeUrl, type OutboundRules } from "../../src/outbound/judge.ts";

const allow = (url: string): OutboundRules => ({ allow: endpointOf(new URL(url)) });

describe("URLs that somebody else chose (threat 61)", () => {
  test.each([
    ["public https", "https://mcp.example/path?q=1", {}],
    ["public https on 8443", "https://mcp.example:8443/", {}],
    ["a public address", "https://93.184.216.34/", {}],
    ["loopback that was typed", "http://127.0.0.1:3001/mcp", allow("http://127.0.0.1:3001/")],
    ["a private name that was typed", "http://files.internal:8080/mcp", allow("http://files.internal:8080")],
    ["localhost that was typed", "http://localhost:3001/mcp", allow("http://localhost:3001")],
    ["IPv6 loopback that was typed", "http://[::1]:3001/mcp", allow("http://[::1]:3001")],
    ["a typed port that is the default", "http://10.0.0.5/mcp", allow("http://10.0.0.5:80")],
  ] satisfies [string, string, OutboundRules][])("%s passes", (_, url, rules) => {
    expect(judgeUrl(url, rules).ok).toBe(true);
  });

  test.each([
    ["not a URL", "mcp.example", {}],
    ["another scheme", "file:///etc/passwd", {}],
    ["a scheme that dresses up", "https+unix://socket", {}],
    ["plain http", "http://mcp.example/", {}],
    ["a user name", "https://user@mcp.example/", {}],
    ["a password", "https://:secret@mcp.example/", {}],
    ["an odd port", "https://mcp.example:6379/", {}],
    ["localhost", "https://localhost/", {}],
    ["a name under localhost", "https://a.localhost/", {}],
    ["a dot at the end", "https://mcp.example./", {}],
    ["loopback", "https://127.0.0.1/", {}],
    ["loopback in hexadecimal", "https://0x7f.1/", {}],
    ["loopback as one number", "https://2130706433/", {}],
    ["loopback in circled digits", "https://①②⑦.⓪.⓪.①/", {}],
    ["loopback as mapped IPv6", "https://[::ffff:127.0.0.1]/", {}],
    ["metadata by name", "https://metadata.google.internal/", {}],
    [
      "metadata by name with a dot",
      "https://metadata.google.internal./",
      allow("https://metadata.google.internal."),
    ],
    ["metadata by address, typed", "http://169.254.169.254/", allow("http://169.254.169.254/")],
    ["metadata in hexadecimal, typed", "http://0xa9fea9fe/", allow("http://0xa9fea9fe/")],
    ["another port than the typed one", "http://127.0.0.1:3002/", allow("http://127.0.0.1:3001/")],
    ["another host than the typed one", "http://127.0.0.2:3001/", allow("http://127.0.0.1:3001/")],
    ["link-local, typed", "http://[fe80::1]:80/", allow("http://[fe80::1]:80/")],
    ["all interfaces, typed", "http://0.0.0.0:3001/", allow("http://0.0.0.0:3001/")],
  ] satisfies [string, string, OutboundRules][])("%s is refused", (_, url, rules) => {
    expect(judgeUrl(url, rules).ok).toBe(false);
  });
});

describe("addresses", () => {
  const rows: readonly [address: string, isPublic: boolean, isOpenWhenTyped: boolean][] = [
    ["93.184.216.34", true, true],
    ["2606:4700::6810:1", true, true],
    ["127.0.0.1", false, true],
    ["10.0.0.1", false, true],
    ["172.16.0.1", false, true],
    ["192.168.1.1", false, true],
    ["100.64.0.1", false, true],
    ["::1", false, true],
    ["fd12::1", false, true],
    ["::ffff:10.0.0.1", false, true],
    ["0.0.0.0", false, false],
    ["169.254.1.1", false, false],
    ["224.0.0.1", false, false],
    ["255.255.255.255", false, false],
    ["192.0.2.1", false, false],
    ["192.88.99.1", false, false],
    ["198.18.0.1", false, false],
    ["240.0.0.1", false, false],
    ["::", false, false],
    ["::127.0.0.1", false, false],
    ["::93.184.216.34", false, false],
    ["::5db8:d822", false, false],
    ["64:ff9b::7f00:1", false, false],
    ["2002:7f00:1::", false, false],
    ["2001:0:1::", false, false],
    ["2001:db8::1", false, false],
    ["fe80::1", false, false],
    ["fe80::1%eth0", false, false],
    ["ff02::1", false, false],
    ["4000::1", false, false],
    ["100.100.100.200", false, false],
    ["168.63.129.16", false, false],
    ["fd00:ec2::254", false, false],
    ["::ffff:169.254.169.254", false, false],
    ["not an address", false, false],
    ["0x7f.1", false, false],
  ];

  test.each(rows)("%s", (address, isPublic, isOpenWhenTyped) => {
    const judged = [judgeAddress(address, false), judgeAddress(address, true)];
    expect(judged.map((problem) => problem === undefined)).toEqual([isPublic, isOpenWhenTyped]);
  });
});
