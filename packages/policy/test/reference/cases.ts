import type { PolicyDocument, Section } from "../../src/document.ts";

/** A policy and a template, with the answer that policy-spec R7 gives. */
export interface TemplateCase {
  readonly name: string;
  readonly document: PolicyDocument;
  readonly template: string;
  readonly listed: boolean;
}

/** R7: "listed iff the text before its first `{` can begin an allowed URI", and deny beats allow. */
export const TEMPLATE_CASES: readonly TemplateCase[] = [
  templateCase(
    "an allow pattern that no deny pattern touches",
    { allow: ["docs://host/*"] },
    "docs://host/{id}",
    true,
  ),
  templateCase("a scheme in capitals folds", { allow: ["docs://host/*"] }, "DOCS{rest}", true),
  templateCase("the name of a user does not fold", { allow: ["docs://U@host/*"] }, "docs://u@{rest}", false),
  templateCase(
    "one deny pattern spares some URIs",
    { allow: ["docs://host/*"], deny: ["docs://host/*a"] },
    "{uri}",
    true,
  ),
  templateCase("a dot may still become a name", { allow: ["docs://host/*"] }, "docs://host/..{rest}", true),
  templateCase(
    "every allowed URI is denied by the same pattern",
    { allow: ["docs://host/*"], deny: ["docs://host/*"] },
    "docs://host/{id}",
    false,
  ),
  templateCase(
    "every allowed URI is denied by a wider pattern, and the text ends before it",
    { allow: ["docs://host/a*"], deny: ["docs://host/**"] },
    "docs://{rest}",
    false,
  ),
  templateCase(
    "nothing allowed is left below this host",
    { allow: ["docs://*/*"], deny: ["docs://host/*", "docs://host"] },
    "docs://host/{id}",
    false,
  ),
  templateCase(
    "two deny patterns leave nothing together",
    { default: "allow", deny: ["*", "**/**"] },
    "{uri}",
    false,
  ),
  templateCase(
    "the only pattern names `..`, which is always denied",
    { allow: ["docs://host/.."] },
    "{uri}",
    false,
  ),
  templateCase(
    "the only pattern holds `%2e`, which is always denied",
    { allow: ["docs://host/%2e*"] },
    "{uri}",
    false,
  ),
];

function templateCase(name: string, resources: Section, template: string, listed: boolean): TemplateCase {
  return { name, document: { version: "1", default: "deny", resources }, template, listed };
}
