import { describe, expect, it } from "vitest";
import { diffPolicies } from "../../src/diff/diff-policies.ts";
import type { PolicyDocument, Section } from "../../src/document.ts";

const document = (part: Partial<PolicyDocument>): PolicyDocument => ({
  version: "1",
  default: "deny",
  ...part,
});

function lines(before: Partial<PolicyDocument>, after: Partial<PolicyDocument>): readonly string[] {
  return diffPolicies(document(before), document(after)).map(
    ({ access, subject, text }) => `${access} ${"name" in subject ? subject.name : subject.kind}: ${text}`,
  );
}

const unclear = "URIs that can be read in two ways, such as those with `..`";

describe("resources (policy-spec A5, M2, R7)", () => {
  it.each<[string, Section, Section, readonly string[]]>([
    [
      "a new pattern",
      { allow: ["a://**"] },
      { allow: ["a://**", "b://*"] },
      ["widens: newly allowed: `b://*`"],
    ],
    [
      "a pattern gone",
      { allow: ["a://x", "b://*"] },
      { allow: ["a://x"] },
      ["narrows: no longer allowed: `b://*`"],
    ],
    ["a pattern inside another", { allow: ["a://**"] }, { allow: ["a://b/*", "a://**"] }, []],
    ["a wider pattern", { allow: ["a://b/*"] }, { allow: ["a://**"] }, ["widens: newly allowed: `a://**`"]],
    [
      "patterns that cannot be compared",
      { allow: ["a://*/x"] },
      { allow: ["a://*"] },
      ["widens: newly allowed: `a://*`", "narrows: no longer allowed: `a://*/x`"],
    ],
    ["a new pattern that is denied", { deny: ["a://**"] }, { allow: ["a://b"], deny: ["a://**"] }, []],
    [
      "a pattern allowed by the default",
      { default: "allow", deny: ["b"] },
      { default: "allow", allow: ["a"], deny: ["b"] },
      [],
    ],
    [
      "denied",
      { allow: ["a://**"] },
      { allow: ["a://**"], deny: ["a://s/*"] },
      ["narrows: newly denied: `a://s/*`"],
    ],
    [
      "no longer denied",
      { allow: ["a://**"], deny: ["a://s/*"] },
      { allow: ["a://**"] },
      ["widens: no longer denied: `a://s/*`"],
    ],
    ["denied, where nothing is allowed", { allow: ["a://**"] }, { allow: ["a://**"], deny: ["b://**"] }, []],
    [
      "denied in capitals",
      { allow: ["a://h/**"] },
      { allow: ["a://h/**"], deny: ["A://H/x"] },
      ["narrows: newly denied: `A://H/x`"],
    ],
    [
      "denied in percent-encoding",
      { allow: ["a://%61**"] },
      { allow: ["a://%61**"], deny: ["a://ab"] },
      ["narrows: newly denied: `a://ab`"],
    ],
    [
      "a percent sign in what is denied",
      { allow: ["a://a**"] },
      { allow: ["a://a**"], deny: ["a://%61b"] },
      ["narrows: newly denied: `a://%61b`"],
    ],
    [
      "everything, by default or by a pattern",
      { default: "allow", deny: ["x"] },
      { allow: ["***"], deny: ["x"] },
      [],
    ],
    [
      "the first pattern, where all is allowed",
      { default: "allow" },
      { default: "allow", allow: ["a"] },
      [`narrows: newly denied: ${unclear}`],
    ],
    [
      "the last pattern, where all is allowed",
      { allow: ["**"] },
      { default: "allow" },
      [`widens: newly allowed: ${unclear}`],
    ],
    [
      "everything opened",
      { allow: ["a"] },
      { default: "allow" },
      ["widens: newly allowed: what no pattern names"],
    ],
    ["everything closed", { default: "allow" }, {}, ["narrows: no longer allowed: what no pattern names"]],
  ])("%s", (_, before, after, expected) => {
    const found = lines({ resources: before }, { resources: after });
    expect(found).toEqual(expected.map((line) => line.replace(":", " resources:")));
  });

  it("follow the default of the document where they have none", () => {
    const rest = {
      tools: { "*": {} },
      prompts: { default: "deny" },
      server_requests: { elicitation: "deny", roots: "deny" },
    } as const;
    expect(lines({ ...rest }, { ...rest, default: "allow" })).toEqual([
      "widens resources: newly allowed: what no pattern names",
    ]);
  });
});

describe("prompts (policy-spec A5, M2, R7)", () => {
  it.each<[string, Section, Section, readonly string[]]>([
    ["a new glob", { allow: ["a*"] }, { allow: ["a*", "ab*", "b"] }, ["widens: newly allowed: `b`"]],
    ["a glob gone", { allow: ["a*", "b"] }, { allow: ["a*"] }, ["narrows: no longer allowed: `b`"]],
    [
      "denied",
      { default: "allow" },
      { default: "allow", deny: ["admin_*"] },
      ["narrows: newly denied: `admin_*`"],
    ],
    [
      "no longer denied",
      { default: "allow", deny: ["admin_*"] },
      { default: "allow" },
      ["widens: no longer denied: `admin_*`"],
    ],
    ["denied, where nothing is allowed", { allow: ["a*"] }, { allow: ["a*"], deny: ["b*"] }, []],
  ])("%s", (_, before, after, expected) => {
    const found = lines({ prompts: before }, { prompts: after });
    expect(found).toEqual(expected.map((line) => line.replace(":", " prompts:")));
  });
});

describe("requests of the server (policy-spec A5, M2)", () => {
  it.each<[string, PolicyDocument["server_requests"], PolicyDocument["server_requests"], readonly string[]]>([
    ["sampling allowed", {}, { sampling: "allow" }, ["widens sampling: newly allowed"]],
    ["elicitation denied", { elicitation: "allow" }, {}, ["narrows elicitation: newly denied"]],
    ["written out", {}, { roots: "deny", sampling: "deny" }, []],
    ["none and nothing", undefined, {}, []],
  ])("%s", (_, before, after, expected) => {
    const part = (requests: PolicyDocument["server_requests"]): Partial<PolicyDocument> =>
      requests === undefined ? {} : { server_requests: requests };
    expect(lines(part(before), part(after))).toEqual(expected);
  });
});
