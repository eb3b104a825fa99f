import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findLookAlike } from "../../src/index.ts";
import { slipBetween } from "../../src/look-alike/one-slip.ts";
import { skeletonOf } from "../../src/look-alike/skeleton.ts";

const KNOWN = [
  ...[
    "@modelcontextprotocol/server-github",
    "@modelcontextprotocol/server-filesystem",
    "@playwright/mcp",
    "@notionhq/notion-mcp-server",
    "@hubspot/mcp-server",
    "@nexus2520/jira-mcp-server",
    "chrome-devtools-mcp",
    "firecrawl-mcp",
    "mcp-server-kubernetes",
  ].map((name) => ({ registry: "npm", name })),
  ...["mcp-server-fetch", "mcp-server-git", "mysql-mcp-server", "gis-mcp", "redis-mcp-server"].map(
    (name) => ({
      registry: "pypi",
      name,
    }),
  ),
];

function like(registry: string, name: string): string | undefined {
  const found = findLookAlike({ registry, name }, KNOWN);
  return found && `${found.likeness}: ${found.known.name}`;
}

describe("a name that is easily mistaken for a known one", () => {
  test.each([
    ["a letter more", "npm", "firecrawll-mcp", "letter: firecrawl-mcp"],
    [
      "a letter less",
      "npm",
      "@modelcontextprotocol/server-githb",
      "letter: @modelcontextprotocol/server-github",
    ],
    [
      "another letter",
      "npm",
      "@modelcontextprotocol/server-githib",
      "letter: @modelcontextprotocol/server-github",
    ],
    ["swapped letters", "npm", "mcp-server-kuberentes", "letter: mcp-server-kubernetes"],
    ["swapped letters of a short word", "pypi", "rdeis-mcp-server", "letter: redis-mcp-server"],
    ["a slip in a word that all have", "pypi", "mcp-sever-fetch", "letter: mcp-server-fetch"],
    ["another such", "npm", "firecrawl-mpc", "letter: firecrawl-mcp"],
    ["a missing dash", "npm", "mcpserver-kubernetes", "dash: mcp-server-kubernetes"],
    ["one dash more", "npm", "chrome-dev-tools-mcp", "dash: chrome-devtools-mcp"],
    ["an underscore", "npm", "chrome_devtools-mcp", "dash: chrome-devtools-mcp"],
    ["a digit that looks like a letter", "npm", "@p1aywright/mcp", "look: @playwright/mcp"],
    ["letters that look like another", "npm", "chrorne-devtools-mcp", "look: chrome-devtools-mcp"],
    ["a letter of another alphabet", "npm", "firеcrawl-mcp", "look: firecrawl-mcp"],
    ["a letter with a mark", "npm", "firecräwl-mcp", "look: firecrawl-mcp"],
    ["something invisible", "pypi", "mcp-server\u200b-fetch", "look: mcp-server-fetch"],
    ["capitals", "npm", "Firecrawl-MCP", "look: firecrawl-mcp"],
    [
      "a scope with a dash",
      "npm",
      "@model-context-protocol/server-github",
      "scope: @modelcontextprotocol/server-github",
    ],
    [
      "a scope with a slip",
      "npm",
      "@modelcontextprotocal/server-github",
      "scope: @modelcontextprotocol/server-github",
    ],
    ["a scope that looks the same", "npm", "@hubsp0t/mcp-server", "look: @hubspot/mcp-server"],
    [
      "the reference servers of somebody else",
      "npm",
      "@evil/server-filesystem",
      "scope: @modelcontextprotocol/server-filesystem",
    ],
    [
      "the reference servers of nobody",
      "npm",
      "server-filesystem",
      "scope: @modelcontextprotocol/server-filesystem",
    ],
    [
      "the scope as part of the name",
      "npm",
      "modelcontextprotocol-server-github",
      "scope: @modelcontextprotocol/server-github",
    ],
    [
      "a maker's name under another scope",
      "npm",
      "@evil/notion-mcp-server",
      "scope: @notionhq/notion-mcp-server",
    ],
  ])("%s", (_, registry, name, wanted) => {
    expect(like(registry, name)).toBe(wanted);
  });

  test.each([
    ["the known one", "npm", "firecrawl-mcp"],
    ["the known one as PyPI also takes it", "pypi", "MCP_Server.Fetch"],
    ["the known one of another registry", "pypi", "firecrawll-mcp"],
    ["a registry of which nothing is known", "oci", "mcp/fetch"],
    ["short words that are different words", "pypi", "git-mcp"],
    ["short words that differ in a letter", "pypi", "mcp-server-gis"],
    ["words of five letters", "pypi", "mssql-mcp-server"],
    ["a short name with a slip in the word that all have", "pypi", "gis-mpc"],
    ["two slips", "npm", "firecrowll-mcp"],
    ["a word more", "npm", "firecrawl-mcp-server"],
    ["the general form of a name", "pypi", "redis-mcp-servers"],
    ["a base that many makers have", "npm", "@acme/mcp-server"],
    ["a base that no maker owns", "npm", "@acme/jira-mcp-server"],
    ["a maker's name without a scope", "npm", "notion-mcp-server"],
    ["a scope and a base that say no more than what it is", "npm", "playwright-mcp"],
    ["a short scope with a slip", "npm", "@playwrite/mcp"],
    ["another scope and another base", "npm", "@modelcontextprotocal/server-gitlab"],
    ["nothing", "npm", ""],
  ])("not %s", (_, registry, name) => {
    expect(like(registry, name)).toBeUndefined();
  });

  test("whatever the name, it is answered, and a known name is like no other", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("npm", "pypi"), (name, registry) => {
        const found = findLookAlike({ registry, name }, KNOWN);
        expect(found === undefined || found.known.registry === registry).toBe(true);
        expect(findLookAlike({ registry, name }, [...KNOWN, { registry, name }])).toBeUndefined();
      }),
    );
  });
});

describe("one slip", () => {
  test.each([
    ["abcd", "abcd", undefined],
    ["abcd", "abc", "other"],
    ["abcd", "bcd", "other"],
    ["abcd", "abxd", "other"],
    ["abcd", "acbd", "swapped"],
    ["abcd", "abdc", "swapped"],
    ["abcd", "badc", undefined],
    ["abcd", "ab", undefined],
    ["abcd", "axxd", undefined],
    ["abcd", "abcde", "other"],
    ["abcd", "xabcd", "other"],
    ["abcd", "xbcde", undefined],
    ["", "a", "other"],
    ["ab", "ba", "swapped"],
  ])("%j and %j: %s", (a, b, wanted) => {
    expect([slipBetween(a, b), slipBetween(b, a)]).toEqual([wanted, wanted]);
  });

  test("any single slip is found", () => {
    const word = fc.stringMatching(/^[a-e]{2,8}$/);
    const at = fc.nat({ max: 7 });
    fc.assert(
      fc.property(word, at, fc.constantFrom("x", "y"), (text, index, letter) => {
        const place = index % text.length;
        const [before, after] = [text.slice(0, place), text.slice(place + 1)];
        expect(slipBetween(text, before + after)).toBe("other");
        expect(slipBetween(text, before + letter + after)).toBe("other");
        expect(slipBetween(text, before + letter + text.slice(place))).toBe("other");
        const [first = "", second = ""] = text.slice(place);
        const swapped = before + second + first + text.slice(place + 2);
        expect(slipBetween(text, swapped)).toBe(swapped === text || second === "" ? undefined : "swapped");
      }),
    );
  });
});

test.each([
  ["paypal", "раураl"],
  ["filesystem", "fiIesystem"],
  ["modern", "rnodern"],
  ["git-hub", "git‐hub"],
  ["server", "s\u0435rver"],
  ["web", "vveb"],
])("%j looks like %j", (plain, other) => {
  expect(skeletonOf(other)).toBe(skeletonOf(plain));
});
