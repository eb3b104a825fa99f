import { describe, expect, it } from "vitest";
import { isAcceptableToolName } from "../../src/mcp/tool-name.ts";

describe("tool names on ingest (threats 22 and 23)", () => {
  it.each([
    "a",
    "get_user",
    "admin.users/list",
    "Read File (v2)",
    "x".repeat(256),
    "constructor",
    "github__delete",
    "#!%",
    "~",
  ])("accepts %.20s", (name) => {
    expect(isAcceptableToolName(name)).toBe(true);
  });

  it.each<[string, unknown]>([
    ["the empty name", ""],
    ["257 characters", "x".repeat(257)],
    ["a Cyrillic letter", "d\u0435lete"],
    ["a zero-width space", "del\u200bete"],
    ["full-width letters", "\uff44\uff45\uff4c"],
    ["a soft hyphen", "del\u00adete"],
    ["a tag character", "a\u{e0041}"],
    ["a line break", "a\nb"],
    ["a tab", "a\tb"],
    ["DEL", "a\u007f"],
    ["an escape sequence", "\u001b[31mred"],
    ["blanks alone", "  "],
    ["__proto__", "__proto__"],
    ["a number", 1],
    ["nothing", undefined],
  ])("refuses %s", (_name, name) => {
    expect(isAcceptableToolName(name)).toBe(false);
  });
});
