import type { Capability, CapabilityReason } from "./capabilities.ts";
import { listed, quoteCode } from "./plain-text.ts";
import type { RecommendationKind } from "./recommend-tool.ts";

/** A tool of a stack, with what it can do and what the recommended policy does with it. */
export interface StackTool {
  readonly server: string;
  readonly name: string;
  readonly kind: RecommendationKind;
  readonly capabilities: { readonly [C in Capability]: CapabilityReason | undefined };
}

/** One side of a combination, and the tools on it. */
export interface CombinationPart {
  readonly capability: Capability;
  /** At most {@link MAX_NAMED}, those that stay callable first. */
  readonly tools: readonly {
    readonly server: string;
    readonly tool: string;
    readonly reason: CapabilityReason;
  }[];
  /** How many there are. */
  readonly total: number;
}

/** Tools that are dangerous together, because one agent can call them all. */
export interface ToxicCombination {
  readonly id: string;
  readonly title: string;
  readonly parts: readonly CombinationPart[];
  /** A sentence: what an attacker makes of it. */
  readonly why: string;
  /** What to change so that the combination is gone. */
  readonly change: string;
  /** True when no tool of one side runs without a person under the recommended policies. */
  readonly isBroken: boolean;
}

/** Tools that are named on each side. */
export const MAX_NAMED = 5;

interface Pattern {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Capability[];
  readonly why: string;
  readonly change: string;
}

const PATTERNS: readonly Pattern[] = [
  {
    id: "private-data-leak",
    title: "Private data, untrusted content and a way out",
    needs: ["readsPrivate", "readsUntrusted", "sendsOut"],
    why: "Whoever writes the content can tell the agent to read private data and to send it away.",
    change:
      "Give one of the three to another agent with a grant of its own, or hide the ways out, or let them reach only the recipients and hosts that you name.",
  },
  {
    id: "secrets-leak",
    title: "Credentials and a way out",
    needs: ["readsSecrets", "sendsOut"],
    why: "One wrong instruction is enough for the agent to read a credential and to send it away.",
    change: "Hide the tools that read credentials; an agent seldom needs to see one.",
  },
  {
    id: "injected-code",
    title: "Untrusted content and code",
    needs: ["readsUntrusted", "executes"],
    why: "Whoever writes the content can have the agent run commands on the machine of the server.",
    change:
      "Let the commands be only those that you list, or give reading and running to two agents with a grant each.",
  },
  {
    id: "injected-deletion",
    title: "Untrusted content and deletion",
    needs: ["readsUntrusted", "destroys"],
    why: "Whoever writes the content can have the agent delete what cannot be restored.",
    change: "Keep the deleting tools hidden, or give them to an agent that reads nothing from strangers.",
  },
  {
    id: "injected-payment",
    title: "Untrusted content and money",
    needs: ["readsUntrusted", "movesMoney"],
    why: "Whoever writes the content can have the agent pay, refund or order.",
    change: "Let a person approve each payment, and limit the amount of one call and of a day.",
  },
];

/** The combinations that these tools make; those that the recommended policies leave open come first. */
export function findCombinations(tools: readonly StackTool[]): readonly ToxicCombination[] {
  const found = PATTERNS.flatMap((pattern) => {
    const sides = pattern.needs.map((capability) => toSide(capability, tools));
    if (sides.some(({ total }) => total === 0)) return [];
    const parts = sides.map(({ capability, tools: named, total }) => ({ capability, tools: named, total }));
    const { id, title, change } = pattern;
    const isBroken = sides.some(({ callable }) => callable === 0);
    return [{ id, title, parts, why: `${pattern.why} ${exampleOf(parts)}`, change, isBroken }];
  });
  return found.toSorted((a, b) => Number(a.isBroken) - Number(b.isBroken));
}

function toSide(
  capability: Capability,
  tools: readonly StackTool[],
): CombinationPart & { readonly callable: number } {
  const able = tools.flatMap((tool) => {
    const reason = tool.capabilities[capability];
    return reason === undefined ? [] : [{ tool, reason }];
  });
  const callable = able.filter(({ tool }) => isCallable(tool));
  const rest = able.filter(({ tool }) => !isCallable(tool));
  const named = [...callable, ...rest].slice(0, MAX_NAMED);
  return {
    capability,
    tools: named.map(({ tool: { server, name }, reason }) => ({ server, tool: name, reason })),
    total: able.length,
    callable: callable.length,
  };
}

/** True when the recommended policy lets a call run without a person. */
function isCallable({ kind }: StackTool): boolean {
  return kind === "allow" || kind === "limit";
}

function exampleOf(parts: readonly CombinationPart[]): string {
  const each = parts.flatMap(({ tools: [first] }) =>
    first === undefined
      ? []
      : [`${quoteCode(first.tool)} of ${quoteCode(first.server)} ${first.reason.means}`],
  );
  return `Here ${listed(each)}.`;
}
