import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HitPage, SearchQuery } from "../../src/catalogue/reader.ts";
import { toQuery } from "../../src/catalogue/store/words.ts";
import { newCatalogue, news, sent, WordJudge } from "./fixtures.ts";

function setUp() {
  const catalogue = newCatalogue();
  const writer = catalogue.writer(new WordJudge());
  writer.upsertServer(
    news("awslabs.ecs-mcp-server", [
      sent("build_and_push_image_to_ecr", "Builds a container and pushes it"),
      sent("delete_app"),
      sent("get_status", "tells how the deployment goes"),
    ]),
  );
  writer.upsertServer(
    news("@acme/github", [sent("createIssue", "Opens an issue"), sent("list_issues"), sent("get_issue")], {
      title: "GitHub by Acme",
      description: "works with repositories",
    }),
  );
  writer.upsertServer(
    news("@other/tracker", [sent("create_issue", "In a tracker"), sent("pay_invoice"), sent("delete_issue")]),
  );
  const find = (query: Partial<SearchQuery>): HitPage =>
    catalogue.reader.search({ words: "", limit: 100, ...query });
  const names = (query: Partial<SearchQuery>) => find(query).hits.map((hit) => hit.tool ?? `[${hit.server}]`);
  return { catalogue, writer, find, names };
}

describe("catalogue search", () => {
  test("a name as it stands comes first", () => {
    const { find, names } = setUp();
    expect(find({ words: "build_and_push_image_to_ecr" }).hits[0]).toEqual({
      kind: "tool",
      server: "awslabs.ecs-mcp-server",
      tool: "build_and_push_image_to_ecr",
      title: undefined,
      summary: "Builds a container and pushes it",
      category: "Execute",
      risk: "high",
    });
    expect(names({ words: "get_issue" })[0]).toBe("get_issue");
  });

  test.each([
    ["push image ecr", "build_and_push_image_to_ecr"],
    ["Build And PUSH", "build_and_push_image_to_ecr"],
    ["build_and_pu", "build_and_push_image_to_ecr"],
    ["container pushes", "build_and_push_image_to_ecr"],
    ["ecs build", "build_and_push_image_to_ecr"],
    ["how the deployment", "get_status"],
    ["invoi", "pay_invoice"],
  ])("%j finds %s", (words, tool) => {
    expect(setUp().names({ words })[0]).toBe(tool);
  });

  test.each(["create issue", "createIssue", "create_issue", "create-issue", "createissue"])(
    "%j finds the name in either spelling",
    (words) => {
      const found = setUp().names({ words });
      expect(found).toContain("createIssue");
      if (words !== "createissue") expect(found).toContain("create_issue");
    },
  );

  test("a server is found by name, title and description, before its tools", () => {
    const { names } = setUp();
    expect(names({ words: "github" })[0]).toBe("[@acme/github]");
    expect(names({ words: "repositories", kind: "server" })).toEqual(["[@acme/github]"]);
    expect(names({ words: "github", kind: "tool" })).toEqual(["createIssue", "get_issue", "list_issues"]);
  });

  test("where no tool has all the words, some of them are enough", () => {
    expect(setUp().names({ words: "please delete my invoice" })).toContain("pay_invoice");
  });

  test("filters leave what they say", () => {
    const { names } = setUp();
    expect(names({ words: "issue", category: "Destructive" })).toEqual(["delete_issue"]);
    expect(names({ risk: "critical" })).toEqual(["delete_app", "delete_issue", "pay_invoice"]);
    expect(names({ category: "Financial" })).toEqual(["pay_invoice"]);
    expect(names({ category: "Financial", risk: "low" })).toEqual([]);
    expect(names({ words: "issue", category: "Financial", risk: "low" })).toEqual([]);
    expect(names({ words: "issue", server: "@acme/github" })).toEqual([
      "createIssue",
      "get_issue",
      "list_issues",
    ]);
    expect(names({ server: "@other/tracker" })).toEqual(["create_issue", "delete_issue", "pay_invoice"]);
    expect(names({ server: "nobody" })).toEqual([]);
    expect(names({ kind: "server" })).toEqual([
      "[@acme/github]",
      "[@other/tracker]",
      "[awslabs.ecs-mcp-server]",
    ]);
    expect(names({})).toHaveLength(12);
  });

  test("words of nothing but signs find nothing", () => {
    expect(setUp().names({ words: "*** ()" })).toEqual([]);
  });

  test.each([
    {},
    { words: "issue" },
    { words: "get" },
    { risk: "critical" },
    { kind: "server" },
    { server: "@acme/github" },
  ] as const)("pages of %j of any size make up the whole", (query) => {
    const { find } = setUp();
    const whole = find(query).hits;
    for (const limit of [1, 2, 3, 5]) {
      const paged = [];
      let cursor: string | undefined;
      do {
        const page: HitPage = find({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.hits.length).toBeLessThanOrEqual(limit);
        paged.push(...page.hits);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
    }
  });

  test("a cursor that nobody gave out begins at the beginning or ends, and never fails", () => {
    const { find } = setUp();
    const cursors = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString("base64url")),
    );
    fc.assert(
      fc.property(cursors, fc.constantFrom("", "issue"), (cursor, words) => {
        expect(find({ words, cursor }).hits.length).toBeLessThanOrEqual(100);
      }),
      { seed: 1 },
    );
  });

  test.each([
    '"',
    '""',
    'a" OR "b',
    "name:issue",
    "-issue",
    "issue*",
    "^issue",
    "NEAR(issue app)",
    "issue AND",
    "{name}: issue",
    "OR",
    "NOT issue",
    "(",
    "\u0000",
    "issue\u0000x",
    "'; DROP TABLE tool; --",
    "\ud800",
    "\u202eissue",
    "е́ä",
    "中文",
  ])("the syntax in %j is only text", (words) => {
    expect(() => setUp().find({ words })).not.toThrow();
  });

  test("no text of a person breaks a search", () => {
    const { find } = setUp();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (words) => {
        find({ words });
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  test("a query is bounded in words and in letters", () => {
    const query = toQuery(Array.from({ length: 500 }, () => "word".repeat(100)).join(" "));
    expect(query?.words.length).toBeLessThanOrEqual(12);
    expect(Math.max(...(query?.words ?? []).map((word) => word.length))).toBeLessThanOrEqual(64);
  });

  test("a long description is shown by its beginning, on one line", () => {
    const { writer, find } = setUp();
    writer.upsertServer(news("long", [sent("run_long", `first\n\n line ${"🙂".repeat(500)}`)]));
    const summary = find({ words: "run_long" }).hits[0]?.summary ?? "";
    expect(summary).toMatch(/^first line 🙂+…$/u);
    expect(summary.length).toBeLessThanOrEqual(200);
    expect(summary.isWellFormed()).toBe(true);
  });

  test("related tools are siblings and namesakes, never the tool itself", () => {
    const { catalogue, writer } = setUp();
    writer.upsertServer(news("third", [sent("create_issue")]));
    const related = catalogue.reader.related("@other/tracker", "create_issue", 4);
    expect(related.map(({ server, tool }) => `${server} ${tool}`)).toEqual([
      "@other/tracker pay_invoice",
      "@other/tracker delete_issue",
      "third create_issue",
    ]);
  });

  test("related servers share words that mean something", () => {
    const { catalogue, writer } = setUp();
    writer.upsertServer(news("awslabs.eks-mcp-server", []));
    writer.upsertServer(news("some-mcp-server", []));
    const related = catalogue.reader.relatedServers("awslabs.ecs-mcp-server", 5);
    expect(related.map(({ server }) => server)).toEqual(["awslabs.eks-mcp-server"]);
  });

  test("what is gone is no longer found", () => {
    const { writer, names } = setUp();
    writer.upsertServer(news("@other/tracker", [sent("create_issue", "In a tracker")], { atMs: 9_000 }));
    expect(names({ words: "invoice" })).toEqual([]);
    expect(writer.removeServer("@acme/github", 9_000)).toBe(true);
    expect(writer.removeServer("@acme/github", 9_000)).toBe(false);
    expect(names({ words: "issue" })).toEqual(["create_issue"]);
  });
});
