import type { ArgumentKind } from "../recommend/argument-kinds.ts";
import { CAPABILITIES, type Capabilities, capabilitiesOf } from "../recommend/capabilities.ts";
import type { ClassifiedTool } from "../recommend/classified-tool.ts";
import { quoteCode } from "../recommend/plain-text.ts";
import { MODIFIER_WORDS } from "../recommend/rationale.ts";
import { readTool } from "../recommend/tool-reading.ts";
import type { AttackNeeds, AttackPattern } from "./attack-pattern.ts";
import { ATTACKS } from "./attacks.ts";

/** A pattern that concerns a tool, and the property by which it does. */
export interface ApplicableAttack {
  readonly attack: AttackPattern;
  /** A sentence. */
  readonly why: string;
  /** False for patterns that concern every tool of every server. */
  readonly isSpecific: boolean;
}

/** The patterns that concern a tool: first those of its own properties, then those of every server. */
export function attacksFor(classified: ClassifiedTool, server?: string): readonly ApplicableAttack[] {
  const capabilities = capabilitiesOf(classified);
  const specific = ATTACKS.flatMap((attack) => {
    const why = attack.needs.of === "tool" ? matchOf(attack.needs, classified, capabilities) : undefined;
    return why === undefined ? [] : [{ attack, why, isSpecific: true }];
  });
  const whose = server === undefined ? "every tool" : `every tool of ${quoteCode(server)}`;
  const general = ATTACKS.filter(({ needs }) => needs.of === "server").map((attack) => ({
    attack,
    why: `It concerns ${whose}, whatever the tool does.`,
    isSpecific: false,
  }));
  return [...specific, ...general];
}

const ARGUMENT_WORDS: { readonly [K in ArgumentKind]: string } = {
  path: "a file path",
  url: "an address",
  sql: "SQL",
  recipient: "a recipient",
  amount: "an amount",
  command: "a command",
};

function matchOf(
  needs: AttackNeeds,
  classified: ClassifiedTool,
  capabilities: Capabilities,
): string | undefined {
  const capability = CAPABILITIES.find(
    (one) => needs.capabilities?.includes(one) && capabilities[one] !== undefined,
  );
  const reason = capability === undefined ? undefined : capabilities[capability];
  if (reason !== undefined) return `The tool ${reason.means}.`;
  const reading = readTool(classified);
  for (const kind of needs.arguments ?? []) {
    const found = reading.argument(kind);
    if (found !== undefined) return `Its argument ${quoteCode(found.text)} is ${ARGUMENT_WORDS[kind]}.`;
  }
  const { category, modifiers } = classified.verdict;
  const modifier = modifiers.find((one) => needs.modifiers?.includes(one));
  if (modifier !== undefined) return `The tool ${MODIFIER_WORDS[modifier]}.`;
  return needs.categories?.includes(category) ? `It is a tool of the category ${category}.` : undefined;
}
