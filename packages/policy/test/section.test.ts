import { describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compile.ts";
import type { PolicyDocument } from "../src/document.ts";
import {
  decidePrompt,
  decideResource,
  decideServerRequest,
  isTemplateListed,
  MAX_URI_LENGTH,
} from "../src/section.ts";

function policyWith(document: Partial<PolicyDocument>) {
  return compilePolicy({ version: "1", default: "deny", ...document });
}

const allowed = { effect: "allow", rule: "", message: "", reservations: [] };
const denied = (rule: string, message: string) => ({ effect: "deny", rule, message, reservations: [] });

describe("policy-spec R7: resources", () => {
  const rule = (resources: PolicyDocument["resources"], uri: string, byDefault: "allow" | "deny" = "deny") =>
    decideResource(policyWith({ default: byDefault, ...(resources === undefined ? {} : { resources }) }), uri)
      .rule;

  it.each<[string, PolicyDocument["resources"], string, string, ("allow" | "deny")?]>([
    ["M2 no section follows `default`", undefined, "a://b", "", "allow"],
    ["M2 no section, default deny", undefined, "a://b", "(default deny)"],
    ["M2 a section follows `default`", {}, "a://b", "", "allow"],
    ["M2 `allow` alone has default deny", { allow: ["x://**"] }, "a://b", "(default deny)", "allow"],
    ["M2 an empty `allow` has default deny", { allow: [] }, "a://b", "(default deny)", "allow"],
    ["M2 `deny` alone follows `default`", { deny: ["x://**"] }, "a://b", "", "allow"],
    ["its own default wins", { default: "allow", allow: ["x://**"] }, "a://b", ""],
    ["its own default denies", { default: "deny" }, "a://b", "(default deny)", "allow"],
    ["allowed", { allow: ["docs://**"] }, "docs://a/b", ""],
    ["`**` may be empty", { allow: ["docs://**"] }, "docs://", ""],
    ["`*` stays in its segment", { allow: ["docs://*/x"] }, "docs://a/b/x", "(default deny)"],
    ["`*` fills its segment", { allow: ["docs://*/x"] }, "docs://a/x", ""],
    ["`**` crosses segments", { allow: ["docs://**/x"] }, "docs://a/b/x", ""],
    ["three stars are `**`", { allow: ["docs://***x"] }, "docs://a/x", ""],
    ["stars in a row of segments", { allow: ["d://*/**/*.md"] }, "d://h/a/b/c.md", ""],
    ["the whole URI must match", { allow: ["docs://a"] }, "docs://a/b", "(default deny)"],
    ["no other sign is special", { allow: ["docs://a.c?"] }, "docs://abc", "(default deny)"],
    [
      "deny beats allow",
      { allow: ["docs://**"], deny: ["x://**", "docs://secret/**"] },
      "docs://secret/x",
      "/resources/deny/1",
    ],
    ["scheme and host have no case", { allow: ["DOCS://Host/Path"] }, "docs://hOST/Path", ""],
    ["the path has", { allow: ["docs://host/Path"] }, "docs://host/path", "(default deny)"],
    ["the user has", { allow: ["docs://User@Host/x"] }, "docs://user@host/x", "(default deny)"],
    ["the host behind a user has not", { allow: ["docs://User@Host/x"] }, "docs://User@HOST/x", ""],
    ["a scheme without a host", { allow: ["mailto:a"] }, "MAILTO:a", ""],
    ["what follows a scheme without a host has case", { allow: ["mailto:a"] }, "mailto:A", "(default deny)"],
    [
      "stars before the host change nothing",
      { default: "allow", deny: ["**Host/Secret"] },
      "x://HOST/Secret",
      "/resources/deny/0",
    ],
    [
      "stars across the host keep the path's case",
      { default: "allow", deny: ["x://**Secret"] },
      "x://h/Secret",
      "/resources/deny/0",
    ],
    ["code points match whole", { allow: ["d://h/\ud83d*"] }, "d://h/😀", "(default deny)"],
    [
      "a denied URI in another spelling",
      { default: "allow", deny: ["d://h/secret"] },
      "d://h/%73ecre%74",
      "/resources/deny/0",
    ],
    [
      "another spelling is not what was allowed",
      { allow: ["d://h/public"] },
      "d://h/%70ublic",
      "(default deny)",
    ],
    ["reserved characters stay encoded", { default: "allow", deny: ["d://h/a:b"] }, "d://h/a%3Ab", ""],
  ])("%s", (_, resources, uri, expected, byDefault) => {
    expect(rule(resources, uri, byDefault)).toBe(expected);
  });

  it.each([
    "d://h/a\\b",
    "d://h/a\u0000",
    "d://h/a\nb",
    "d://h/./a",
    "d://h/../a",
    "d://h/a/..",
    "d://../a",
    "d:..",
    "d://h/a?x=/../",
    "d://h/..?x",
    "d://h/..#x",
    "d://h/%2e",
    "d://h/%2E%2e/a",
    "d://h/a%2Fb",
    "d://h/%5c",
    "d://h/a%00",
  ])("denies `%s` where there is a pattern, and only there", (uri) => {
    const message = `Resource "${uri}" is not permitted by policy.`;
    expect([
      decideResource(policyWith({ resources: { default: "allow", deny: ["x://**"] } }), uri),
      decideResource(policyWith({ resources: { allow: ["**"] } }), uri),
      decideResource(policyWith({ resources: { default: "allow" } }), uri),
    ]).toEqual([denied("(unclear uri)", message), denied("(unclear uri)", message), allowed]);
  });

  it.each(["d://h/...", "d://h/a..b", "d://h/.a", "d://h/%41", "d://h/%"])("takes `%s` as it is", (uri) => {
    expect(decideResource(policyWith({ resources: { allow: ["d://**"] } }), uri)).toEqual(allowed);
  });

  it("denies a URI too long to compare where there is a pattern", () => {
    const policy = policyWith({ resources: { allow: ["d://**"] } });
    const effect = (length: number) => decideResource(policy, `d://${"a".repeat(length - 4)}`).effect;
    expect([effect(MAX_URI_LENGTH), effect(MAX_URI_LENGTH + 1)]).toEqual(["allow", "deny"]);
  });

  it("speaks in R5's words", () => {
    const policy = policyWith({ resources: { default: "deny", deny: ["x:*"] } });
    expect([decideResource(policy, "x:a"), decideResource(policy, "y:a")]).toEqual([
      denied("/resources/deny/0", "Denied by rule /resources/deny/0."),
      denied("(default deny)", 'Resource "y:a" is not permitted by policy.'),
    ]);
  });

  it("M7: takes the product of the lengths where a backtracking matcher would not end", () => {
    const policy = policyWith({ resources: { allow: [`${"**a*".repeat(60)}b`] } });
    expect(decideResource(policy, `d://${"a".repeat(3000)}c`).effect).toBe("deny");
  });
});

describe("policy-spec R7: templates", () => {
  it.each<[string, PolicyDocument["resources"], string, boolean]>([
    ["can begin an allowed URI", { allow: ["docs://a/**"] }, "docs://a/{id}", true],
    ["begins before the pattern's stars", { allow: ["docs://abc/**"] }, "docs://a{id}", true],
    ["begins with nothing", { allow: ["docs://a/**"] }, "{+uri}", true],
    ["begins with half a scheme", { allow: ["docs://a/**"] }, "DO{x}", true],
    ["begins otherwise", { allow: ["docs://a/**"] }, "docs://b{id}", false],
    ["begins with more than is allowed", { allow: ["docs://a"] }, "docs://a/{id}", false],
    ["host without case", { allow: ["docs://Host/*"] }, "docs://HO{x}", true],
    ["has no variable and is allowed", { allow: ["docs://a*"] }, "docs://ab", true],
    ["all that follows is denied", { default: "allow", deny: ["docs://a/**"] }, "docs://a/{id}", false],
    ["all that follows is denied early", { default: "allow", deny: ["**"] }, "{id}", false],
    ["not all that follows is denied", { default: "allow", deny: ["docs://a/*"] }, "docs://a/{id}", true],
    ["something before is denied", { default: "allow", deny: ["docs://a/b/**"] }, "docs://a/{id}", true],
    ["nothing is allowed", { default: "deny" }, "docs://a/{id}", false],
    ["everything is allowed", { default: "allow" }, "docs://../{id}", true],
    ["nothing allowed has such a segment", { default: "allow", deny: ["x"] }, "docs://../{id}", false],
    ["too long to compare", { allow: ["d://**"] }, `d://${"a".repeat(MAX_URI_LENGTH)}`, false],
    ["too much to try", { allow: [`d://h/${"**a".repeat(12)}`], deny: ["**"] }, "{uri}", false],
    ["a segment that may still become a name", { allow: ["docs://**"] }, "docs://a/..{id}", true],
  ])("%s", (_, resources = {}, template, listed) => {
    expect(isTemplateListed(policyWith({ resources }), template)).toBe(listed);
  });
});

describe("policy-spec R7: prompts", () => {
  it.each<[string, PolicyDocument["prompts"], string, object]>([
    ["no section", undefined, "p", denied("(default deny)", 'Prompt "p" is not permitted by policy.')],
    ["allowed by a glob", { allow: ["get_*"] }, "get_x/y", allowed],
    [
      "not allowed",
      { allow: ["get_*"] },
      "p",
      denied("(default deny)", 'Prompt "p" is not permitted by policy.'),
    ],
    ["allowed by default", { default: "allow", deny: ["a", "admin_*"] }, "p", allowed],
    [
      "deny beats allow",
      { allow: ["*"], deny: ["a", "admin_*"] },
      "admin_x",
      denied("/prompts/deny/1", "Denied by rule /prompts/deny/1."),
    ],
    [
      "names have case",
      { allow: ["P"] },
      "p",
      denied("(default deny)", 'Prompt "p" is not permitted by policy.'),
    ],
  ])("%s", (_, prompts, name, decision) => {
    expect(decidePrompt(policyWith(prompts === undefined ? {} : { prompts }), name)).toEqual(decision);
  });
});

describe("policy-spec M2: requests of the server", () => {
  const byDefault = (request: string) =>
    denied("(default deny)", `Server request "${request}" is not permitted by policy.`);
  const byRule = (request: string) =>
    denied(`/server_requests/${request}`, `Denied by rule /server_requests/${request}.`);
  it.each<[string, Partial<PolicyDocument>, object[]]>([
    ["default deny", {}, [byDefault("sampling"), byDefault("elicitation"), byDefault("roots")]],
    ["default allow leaves sampling out", { default: "allow" }, [byDefault("sampling"), allowed, allowed]],
    [
      "set to allow",
      { server_requests: { sampling: "allow", elicitation: "allow", roots: "allow" } },
      [allowed, allowed, allowed],
    ],
    [
      "set to deny",
      { default: "allow", server_requests: { sampling: "deny", elicitation: "deny", roots: "deny" } },
      [byRule("sampling"), byRule("elicitation"), byRule("roots")],
    ],
  ])("%s", (_, document, expected) => {
    const policy = policyWith(document);
    const decisions = (["sampling", "elicitation", "roots"] as const).map((request) =>
      decideServerRequest(policy, request),
    );
    expect(decisions).toEqual(expected);
  });
});
