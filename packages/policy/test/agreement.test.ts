import { expect, it } from "vitest";
import { compilePolicy, isTemplateListed, OPERATORS, validatePolicy } from "../src/index.ts";
import { TEMPLATE_CASES } from "./reference/cases.ts";
import {
  type Disagreement,
  findDisagreement,
  findTemplateDisagreement,
  type Observe,
} from "./reference/compare.ts";
import { type GeneratedCase, generateCase } from "./reference/generate.ts";
import { seededRandom } from "./reference/random.ts";
import { referenceTemplateListed } from "./reference/sections.ts";
import { shrink } from "./reference/shrink.ts";

const PAIRS = Number(process.env["PORTCULLIS_AGREEMENT_PAIRS"] ?? 100_000);
const SEED = Number(process.env["PORTCULLIS_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const TIMEOUT_MS = 180_000 * Math.max(1, PAIRS / 100_000);
/** How often each outcome must occur, so that agreement means something. */
const MIN_OCCURRENCES = 50;

type Find = (generated: GeneratedCase, observe: Observe) => Disagreement | undefined;

it("the evaluator decides as a reference written from the text alone (policy-spec T1-T6, E2, C1-C7, L1-L5, R1, R5, R7)", {
  timeout: TIMEOUT_MS,
}, () => {
  const counts = new Map<string, number>();
  const { documents, discarded, report } = runAgreement(findDisagreement, PAIRS, (event) => {
    counts.set(event, (counts.get(event) ?? 0) + 1);
  });
  expect(report).toBe("");
  expect(discarded / documents).toBeLessThan(0.2);
  const rare = REQUIRED_EVENTS.filter((event) => (counts.get(event) ?? 0) < MIN_OCCURRENCES);
  expect(rare.map((event) => `${event}: ${counts.get(event) ?? 0}`)).toEqual([]);
});

it("templates are listed as by a search for an allowed URI (policy-spec R7)", { timeout: TIMEOUT_MS }, () => {
  const counts = new Map<string, number>();
  const { report } = runAgreement(findTemplateDisagreement, PAIRS / 5, (event) => {
    counts.set(event, (counts.get(event) ?? 0) + 1);
  });
  expect(report).toBe("");
  expect(
    Math.min(counts.get("template listed true") ?? 0, counts.get("template listed false") ?? 0),
  ).toBeGreaterThan(MIN_OCCURRENCES);
});

it.each(TEMPLATE_CASES)("template: $name (policy-spec R7)", ({ document, template, listed }) => {
  expect(validatePolicy(document)).toMatchObject({ ok: true });
  expect(referenceTemplateListed(document, template)).toBe(listed);
  expect(isTemplateListed(compilePolicy(document), template)).toBe(listed);
});

/** Stops at the first difference; its report holds all that is needed to see it again. */
function runAgreement(
  find: Find,
  pairs: number,
  observe: Observe,
): { documents: number; discarded: number; report: string } {
  const random = seededRandom(SEED);
  const run = { documents: 0, discarded: 0, report: "" };
  for (let done = 0; done < pairs; ) {
    const generated = generateCase(random);
    run.documents += 1;
    if (!validatePolicy(generated.document).ok) {
      run.discarded += 1;
      continue;
    }
    done += generated.calls.length;
    if (find(generated, observe) !== undefined) return { ...run, report: describe(generated, find) };
  }
  return run;
}

/** Seed, smallest document and requests that still differ, and both answers, as JSON. */
function describe(generated: GeneratedCase, find: Find): string {
  const differs = (candidate: GeneratedCase): Disagreement | undefined => {
    try {
      return validatePolicy(candidate.document).ok ? find(candidate, () => undefined) : undefined;
    } catch {
      return undefined;
    }
  };
  const smallest = shrink(generated, (candidate) => isWhole(candidate) && differs(candidate) !== undefined);
  const { document, calls } = smallest;
  return JSON.stringify(
    { PORTCULLIS_SEED: SEED, document, calls, disagreement: differs(smallest) },
    undefined,
    1,
  );
}

/** Shrinking leaves out anything; only these parts may be missing. */
function isWhole({ document, calls, uris, prompts, templates }: Partial<GeneratedCase>): boolean {
  return (
    [document, uris, prompts, templates].every((part) => part !== undefined) &&
    (calls ?? [undefined]).every(
      (call) =>
        typeof call?.tool === "string" &&
        typeof call.nowMs === "number" &&
        [call.ids?.organisation, call.ids?.server, call.ids?.grant].every((id) => id !== undefined),
    )
  );
}

const LISTS = ["require", "deny_if", "approve_if"] as const;
const TRUTHS = ["true", "false", "unknown"] as const;

const REQUIRED_EVENTS: readonly string[] = [
  ...["allow", "deny", "hold"].map((effect) => `effect ${effect}`),
  ...["", "(hidden)", "(default deny)", "/tools/<key>/action", "/tools/<key>/rate_limit"].map(
    (rule) => `rule ${rule}`,
  ),
  ...["/tools/<key>", "/all_tools"].flatMap((holder) =>
    [...LISTS, "limits"].map((list) => `rule ${holder}/${list}/<i>`),
  ),
  ...["/resources/deny/<i>", "/prompts/deny/<i>"].map((rule) => `rule ${rule}`),
  ...["sampling", "elicitation", "roots"].map((kind) => `rule /server_requests/${kind}`),
  ...["uri", "prompt", "serverRequest"].flatMap((kind) => [`${kind} allow`, `${kind} deny`]),
  ...OPERATORS.flatMap((op) =>
    TRUTHS.filter((truth) => op !== "exists" || truth !== "unknown").map((truth) => `${op} ${truth}`),
  ),
  ...LISTS.flatMap((list) => TRUTHS.map((truth) => `${list} ${truth}`)),
  ...["unknown passed", "unknown matched", "tool listed true", "tool listed false"],
  ...["exact", "longest glob", "denying glob", "none"].map((how) => `governed by ${how}`),
  ...["args", "[*] all", "[*] any", "beyond 10,000 values", "tool.name", "grant.label"].map(
    (path) => `path ${path}`,
  ),
  ...["hour", "minute", "weekday", "date"].map((part) => `path time.${part}`),
  ...["is missing", "is null", "is out of range"].map((fault) => `amount ${fault}`),
  ...["string", "boolean"].map((kind) => `amount is a ${kind}, not a number`),
  ...["array", "object"].map((kind) => `amount is an ${kind}, not a number`),
  ...["minute", "hour", "day", "week", "month", "7"].flatMap((window) => limitEvents("fixed", window)),
  ...["minute", "hour", "day", "week", "7"].flatMap((window) => limitEvents("sliding", window)),
  ...["Limit retry", "Limit never", "Rate retry", "Rate never"].map((refusal) => `refusal ${refusal}`),
];

function limitEvents(algorithm: string, window: string): string[] {
  return ["within", "over"].map((outcome) => `limit ${algorithm} ${window} ${outcome}`);
}
