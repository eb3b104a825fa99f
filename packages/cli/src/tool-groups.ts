import type { Risk, ToolRecommendation } from "@portcullis/catalogue";
import { counted } from "./counted.ts";
import type { Output } from "./output.ts";
import { toPrintable } from "./printable.ts";
import { RISK_STYLES } from "./risk-style.ts";

/** Every tool of a server by name, those that are treated alike on one line, in the order they come in. */
export function printToolGroups(
  out: Output,
  columns: number | undefined,
  tools: readonly ToolRecommendation[],
): void {
  const groups = groupTools(tools);
  const width = (of: (group: ToolGroup) => string): number =>
    Math.max(...groups.map((each) => of(each).length));
  const widths = [width(({ risk }) => risk), width(({ kind }) => kind), width(({ treatment }) => treatment)];
  const indent = widths.reduce((sum, each) => sum + each + GAP, GAP);
  for (const { risk, kind, treatment, names } of groups) {
    const cells = [risk, kind, treatment].map((text, at) => text.padEnd((widths[at] ?? 0) + GAP));
    const [first = "", ...rest] = cells;
    const lines = wrapped(names, columns === undefined ? undefined : columns - indent);
    const head = out.style(RISK_STYLES[risk], first) + rest.join("");
    out.line(`${" ".repeat(GAP)}${head}${lines[0] ?? ""}`);
    for (const line of lines.slice(1)) out.line(" ".repeat(indent) + line);
  }
}

/** Between columns. */
const GAP = 2;
/** Narrower than this, names are not wrapped. */
const MIN_WIDTH = 20;

interface ToolGroup {
  readonly risk: Risk;
  readonly kind: string;
  readonly treatment: string;
  readonly names: readonly string[];
}

function groupTools(tools: readonly ToolRecommendation[]): readonly ToolGroup[] {
  const groups = new Map<string, ToolGroup & { readonly names: string[] }>();
  for (const recommended of tools) {
    const { risk, category } = recommended.verdict;
    const treatment = treatmentOf(recommended);
    const key = `${risk} ${category} ${treatment}`;
    const group = groups.get(key) ?? { risk, kind: category, treatment, names: [] };
    group.names.push(toPrintable(recommended.tool.name));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What the recommended policy does with a tool, in a few words: `30 a minute, arguments checked`. */
export function treatmentOf({ kind, entry, isHidden, argumentRules }: ToolRecommendation): string {
  if (kind === "hide") return isHidden ? "hidden" : "denied";
  const limits = (entry?.limits ?? []).flatMap((limit) =>
    "max" in limit && "window" in limit ? [`${limit.max} a ${limit.window}`] : [],
  );
  const how = kind === "approve" ? "a person decides" : limits.length > 0 ? limits.join(", ") : "allowed";
  return argumentRules.length > 0 ? `${how}, arguments checked` : how;
}

/** Names on lines of at most `width`, parted by commas; on one without a width. */
function wrapped(names: readonly string[], width: number | undefined): readonly string[] {
  if (width === undefined || width < MIN_WIDTH) return [names.join(", ")];
  const lines: string[] = [];
  let line = "";
  for (const [at, name] of names.entries()) {
    const word = at < names.length - 1 ? `${name},` : name;
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** What a recommended policy does with the tools of a server: `8 allowed, 11 limited, 9 hidden`. */
export function summaryOf(tools: readonly ToolRecommendation[]): string {
  const words = { allow: "allowed", limit: "limited", approve: "to approve", hide: "hidden" } as const;
  const counts = Object.entries(words).map(([kind, word]) => ({
    word,
    count: tools.filter((each) => each.kind === kind).length,
  }));
  const shown = counts.filter(({ count }) => count > 0).map(({ word, count }) => `${count} ${word}`);
  return shown.length === 0 ? counted(0, "tool") : shown.join(", ");
}
