import { compilePolicy, evaluateCall, lintPolicy, validatePolicy } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { ATTACKS, attacksFor } from "../../src/index.ts";
import { classified, schemaOf } from "../recommend/verdicts.ts";

const SLUGS = ATTACKS.map(({ slug }) => slug);

describe("ATTACKS", () => {
  test("covers what the catalogue promises", () => {
    expect(SLUGS).toEqual(
      expect.arrayContaining([
        ...["tool-poisoning", "rug-pull", "tool-shadowing", "typosquatted-server", "compromised-package"],
        ...["indirect-prompt-injection", "injection-through-tool-results", "data-exfiltration-by-chaining"],
        ...["confused-deputy", "token-passthrough", "credential-leak-in-errors", "runaway-loop"],
        ...["destructive-autonomy", "unbounded-spend", "ssrf-through-fetch", "command-injection"],
        ...["path-traversal", "session-hijack", "dns-rebinding", "approval-fatigue"],
      ]),
    );
    expect(SLUGS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(SLUGS).size).toBe(SLUGS.length);
  });

  test.each(ATTACKS)("$slug is complete, and each case has its source", (attack) => {
    expect(attack.slug).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(attack.steps.length).toBeGreaterThanOrEqual(3);
    expect(attack.cases.length).toBeGreaterThan(0);
    for (const { source, when, what, sourceTitle } of attack.cases) {
      const { protocol, username, hash } = new URL(source);
      expect([protocol, username]).toEqual(["https:", ""]);
      expect(hash === "" || source.startsWith("https://modelcontextprotocol.io/")).toBe(true);
      expect(when).toMatch(/^20(?:2[3-6])(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$/);
      expect(sourceTitle).not.toBe("");
      expect(what).toMatch(SENTENCES);
    }
    for (const text of [attack.summary, ...attack.steps, ...attack.defences.map(({ text }) => text)]) {
      expect(text).toMatch(SENTENCES);
    }
    expect(attack.defences.length).toBeGreaterThan(0);
    expect(attack.related.filter((slug) => !SLUGS.includes(slug) || slug === attack.slug)).toEqual([]);
    expect(new Set(attack.related).size).toBe(attack.related.length);
  });

  test.each(ATTACKS.filter(({ needs }) => needs.of === "tool"))(
    "$slug says which tools it needs",
    ({ needs }) => {
      const { categories = [], modifiers = [], capabilities = [], arguments: kinds = [] } = needs;
      expect([...categories, ...modifiers, ...capabilities, ...kinds].length).toBeGreaterThan(0);
    },
  );

  test.each(ATTACKS.filter(({ policy }) => policy !== undefined))(
    "the policy of $slug is valid and lints clean",
    (attack) => {
      const { policy } = attack;
      if (policy === undefined) throw new Error("no policy");
      expect(validatePolicy(policy)).toEqual({ ok: true, value: policy });
      expect(lintPolicy(policy)).toEqual([]);
      expect(policy.default).toBe("deny");
    },
  );

  test.each([
    ["path-traversal", "read_file", { path: "/srv/shared/../../etc/passwd" }, { path: "/srv/shared/a" }],
    ["path-traversal", "read_file", { path: "/srv/shared-evil/a" }, { path: "/srv/public" }],
    ["ssrf-through-fetch", "fetch", { url: "http://169.254.169.254/" }, { url: "https://docs.example.com/" }],
    ["command-injection", "run_command", { command: "git status; id" }, { command: "git status" }],
    ["command-injection", "checkout_branch", { branch: "x$(id)" }, { branch: "feature/x" }],
    ["command-injection", "checkout_branch", { branch: "-upload-pack=x" }, { branch: "main" }],
    ["unbounded-spend", "create_refund", { amount: 1000, currency: "usd" }, { amount: 10, currency: "usd" }],
    ["tool-shadowing", "send_message", { to: "x@evil.example" }, { to: "a@example.com" }],
    ["injection-through-tool-results", "execute_sql", { query: "drop table t" }, { query: "select 1" }],
    [
      "indirect-prompt-injection",
      "list_issues",
      { owner: "x", repo: "y" },
      { owner: "example", repo: "website" },
    ],
    [
      "data-exfiltration-by-chaining",
      "fetch_page",
      { url: "https://evil.example" },
      { url: "https://a.example.com" },
    ],
    ["tool-poisoning", "add_numbers", { note: "x".repeat(201) }, { note: "x" }],
    ["destructive-autonomy", "delete_all", {}, undefined],
  ] as const)("the policy of %s stops the attack on %s", (slug, tool, attack, right) => {
    const policy = ATTACKS.find((one) => one.slug === slug)?.policy;
    if (policy === undefined) throw new Error(`no policy for ${slug}`);
    const decide = (args: object): string =>
      evaluateCall(compilePolicy(policy), { tool, args: args as never, nowMs: 0 }).effect;
    expect(decide(attack)).toBe("deny");
    if (right !== undefined) expect(decide(right)).toBe("allow");
  });
});

/** Plain text that begins like a sentence and ends like one. */
const SENTENCES = /^[\p{Lu}`][^<>\n]*[.]$/u;

describe("attacksFor", () => {
  const specific = (...parts: Parameters<typeof classified>): readonly (readonly [string, string])[] =>
    attacksFor(classified(...parts))
      .filter(({ isSpecific }) => isSpecific)
      .map(({ attack, why }) => [attack.slug, why] as const);

  test("names what concerns the tool, and why", () => {
    expect(
      specific(
        { name: "read_file", description: "A file.", inputSchema: schemaOf({ path: "string" }) },
        "Read",
      ),
    ).toEqual([
      ["injection-through-tool-results", "The tool reads files."],
      ["data-exfiltration-by-chaining", "The tool reads files."],
      ["path-traversal", "Its argument `path` is a file path."],
    ]);
    expect(specific("delete_order", "Destructive")).toEqual([
      ["destructive-autonomy", "The tool deletes or revokes for good."],
    ]);
    expect(specific("update_order", "Write", { modifiers: ["bulk"] })).toEqual([
      ["runaway-loop", "The tool reaches many things in one call."],
      ["excessive-permissions", "The tool reaches many things in one call."],
    ]);
    expect(specific("update_order", "Write")).toEqual([
      ["runaway-loop", "It is a tool of the category Write."],
    ]);
    expect(specific("add_numbers", "Read")).toEqual([]);
  });

  test("the patterns of every server come last, each once", () => {
    const all = attacksFor(classified("fetch", "Read"), "web`x");
    const general = all.filter(({ isSpecific }) => !isSpecific);
    expect(all.slice(-general.length)).toEqual(general);
    expect(general.map(({ attack }) => attack.slug)).toContain("tool-poisoning");
    expect(general[0]?.why).toBe("It concerns every tool of `web'x`, whatever the tool does.");
    expect(attacksFor(classified("fetch", "Read")).at(-1)?.why).toBe(
      "It concerns every tool, whatever the tool does.",
    );
    expect(new Set(all.map(({ attack }) => attack.slug)).size).toBe(all.length);
  });
});
