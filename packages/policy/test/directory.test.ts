import { describe, expect, it } from "vitest";
import { type Directory, parseDirectory, pathWithin } from "../src/directory.ts";

function directories(...texts: string[]): Directory[] {
  return texts.map((text) => {
    const directory = parseDirectory(text);
    if (!directory.ok) throw new Error(directory.error);
    return directory.value;
  });
}

describe("policy-spec section 4, `path_within`", () => {
  it.each([
    ["the directory", "/safe", true],
    ["the directory with a slash", "/safe/", true],
    ["a file inside", "/safe/a/b.txt", true],
    ["a directory that begins alike", "/safe-evil", false],
    ["another directory", "/etc/passwd", false],
    ["the root", "/", false],
    ["dots resolved inside", "/safe/./a/../b", true],
    ["dots that lead out", "/safe/../etc", false],
    ["dots that lead in", "/etc/../safe/x", true],
    ["dots that lead out and in again", "/safe/../safe", true],
    ["three dots are a name", "/safe/...", true],
    ["another percent sign", "/safe/%41", true],
    ["a second directory of the list", "/srv/data/x", true],
  ])("judges %s", (_, argument, inside) => {
    expect(pathWithin(argument, directories("/safe", "/srv/data/"))).toBe(inside);
  });

  it.each([
    ["a relative path", "safe/a"],
    ["nothing", ""],
    ["an empty segment", "/safe//a"],
    ["an empty first segment", "//safe"],
    ["two slashes", "//"],
    ["two trailing slashes", "/safe//"],
    ["NUL", "/safe/\0"],
    ["a backslash", "/safe\\..\\etc"],
    ["dots above the root", "/../safe"],
    ["dots above the root later", "/safe/../../safe"],
    ["an encoded dot", "/safe/%2e%2E/etc"],
    ["an encoded slash", "/safe%2Fa"],
    ["an encoded backslash", "/safe/%5c"],
    ["an encoded NUL", "/safe/%00"],
    ["an encoded percent sign", "/safe/%252e"],
  ])("cannot tell for %s", (_, argument) => {
    expect(pathWithin(argument, directories("/safe", "/"))).toBeUndefined();
  });

  it("holds everything in the root", () => {
    expect([pathWithin("/", directories("/")), pathWithin("/a/b", directories("/."))]).toEqual([true, true]);
  });

  it.each(["safe", "", "/a//b", "/..", "/a%2fb", "C:\\data"])("refuses the directory `%s`", (text) => {
    expect(parseDirectory(text)).toEqual({
      ok: false,
      error: `directory \`${text}\` must be an absolute path such as \`/srv/data\`, without empty segments, backslashes or percent-encoding`,
    });
  });
});
