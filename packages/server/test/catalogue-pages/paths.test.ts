import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromSegment, serverPath, stackPath, toolPath, toSegment } from "../../src/catalogue/pages/paths.ts";

describe("one path for each name", () => {
  const CASES: readonly (readonly [name: string, path: string])[] = [
    ["plain", "/catalogue/servers/plain"],
    ["@acme/mail", "/catalogue/servers/@acme%2Fmail"],
    ["io.github.acme/mail", "/catalogue/servers/io.github.acme%2Fmail"],
    ["..", "/catalogue/servers/~.."],
    [".", "/catalogue/servers/~."],
    ["", "/catalogue/servers/~"],
    ["~x", "/catalogue/servers/~~x"],
    ["a b?c#d%e", "/catalogue/servers/a%20b%3Fc%23d%25e"],
    ["it's", "/catalogue/servers/it%27s"],
    ["ü", "/catalogue/servers/%C3%BC"],
  ];
  for (const [name, path] of CASES) test(JSON.stringify(name), () => expect(serverPath(name)).toBe(path));

  test("both names of a tool", () => {
    expect(toolPath("@acme/mail", "send/mail")).toBe("/catalogue/tools/@acme%2Fmail/send%2Fmail");
  });

  test("a stack", () => {
    expect(stackPath(["a&b", "@acme/mail"])).toBe("/catalogue/stack?server=a%26b&server=%40acme%2Fmail");
  });
});

describe("any name", () => {
  const names = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("~", ".", "/", "%", "2", "e", "E", "\\", " ", "@", "'") }),
  );

  test("is read out of its segment again, and no parser of URLs changes the path", () => {
    fc.assert(
      fc.property(names, (name) => {
        const segment = toSegment(name);
        expect(fromSegment(segment)).toBe(name);
        expect(segment).not.toContain("/");
        const path = `/catalogue/tools/${segment}/x`;
        expect(new URL(path, "http://localhost").pathname).toBe(path);
        expect(segment).toMatch(/^[\w.~@%-]+$/);
      }),
      { numRuns: 500 },
    );
  });

  test("what is no encoding is no name", () => {
    expect([fromSegment("%E0%A4%A"), fromSegment("%"), fromSegment("%FF")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
