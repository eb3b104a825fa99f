import type { EvidenceSource } from "../verdict.ts";
import { type ArgumentKind, knownArguments } from "./argument-kinds.ts";
import type { ClassifiedTool } from "./classified-tool.ts";
import { singular, wordsOf } from "./tool-words.ts";

/** Words of a tool, and where they stand. */
export interface Found {
  readonly source: EvidenceSource;
  readonly text: string;
}

/** A tool as the rules of capabilities read it. */
export interface ToolReading {
  readonly classified: ClassifiedTool;
  /** The first of the phrases that stands in the tool's name. */
  readonly inName: (phrases: readonly string[]) => Found | undefined;
  /** The same, in the name, the title, or the beginning of the description. */
  readonly inText: (phrases: readonly string[]) => Found | undefined;
  /** An argument of the kind. */
  readonly argument: (kind: ArgumentKind) => Found | undefined;
}

/** How much of a description says what the tool does; behind it stand manuals and examples. */
const MAX_LEAD = 240;

export function readTool(classified: ClassifiedTool): ToolReading {
  const { name, title, description } = classified.tool;
  const sources: readonly (Found & { readonly joined: string })[] = [
    toSource("name", name),
    toSource("title", title ?? ""),
    toSource("description", leadOf(description ?? "")),
  ];
  const named = sources.slice(0, 1);
  const known = knownArguments(classified.tool);
  return {
    classified,
    inName: (phrases) => findIn(named, phrases),
    inText: (phrases) => findIn(sources, phrases),
    argument: (kind) => {
      const found = known.find((one) => one.kind === kind);
      return found === undefined ? undefined : { source: "schema", text: found.argument.name };
    },
  };
}

/** The first sentences, without what is said not to be done. */
function leadOf(description: string): string {
  return description
    .slice(0, MAX_LEAD)
    .replace(/\b(?:not|never|without|no|cannot|don't|doesn't)\b[^.,;\n]*/gi, " ");
}

function toSource(source: EvidenceSource, text: string): Found & { readonly joined: string } {
  return { source, text, joined: ` ${wordsOf(text).map(singular).join(" ")} ` };
}

function findIn(
  sources: readonly (Found & { readonly joined: string })[],
  phrases: readonly string[],
): Found | undefined {
  for (const { source, joined } of sources) {
    const phrase = phrases.find((one) => joined.includes(` ${one} `));
    if (phrase !== undefined) return { source, text: phrase };
  }
  return undefined;
}
