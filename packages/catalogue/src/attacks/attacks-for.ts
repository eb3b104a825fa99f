import { CAPABILITIES, type Capabilities, capabilitiesOf } from "../recommend/capabilities.ts";
import type { ClassifiedTool } from "../recommend/classified-tool.ts";
import { quoteCode } from "../recommend/plain-text.ts";
import type { AttackPattern } from "./attack-pattern.ts";
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
    const why = matchOf(attack, classified, capabilities);
    return why === undefined ? [] : [{ attack, why, isSpecific: true }];
  });
  const general = ATTACKS.filter(({ needs }) => needs.of === "server").map((attack) => ({
    attack,
    why: `It concerns every tool${server === undefined ? "" : ` of ${quoteCode(server)}`}, whatever it does.`,
    isSpecific: false,
  }));
  return [...specific, ...general];
}

function matchOf(
  { needs }: AttackPattern,
  { verdict }: ClassifiedTool,
  capabilities: Capabilities,
): string | undefined {
  if (needs.of === "server") return undefined;
  const capability = CAPABILITIES.find(
    (one) => needs.capabilities?.includes(one) && capabilities[one] !== undefined,
  );
  const reason = capability === undefined ? undefined : capabilities[capability];
  if (reason !== undefined) return `The tool ${reason.means}.`;
  const modifier = verdict.modifiers.find((one) => needs.modifiers?.includes(one));
  if (modifier !== undefined) return `The tool is marked ${modifier}.`;
  return needs.categories?.includes(verdict.category)
    ? `It is a tool of the category ${verdict.category}.`
    : undefined;
}
