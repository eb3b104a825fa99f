/** Results: judged against thresholds.json, as Markdown and as JSON. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Spread, shown, shownSpread, spreadOf } from "./figures.ts";
import type { Machine } from "./machine.ts";

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What one bench found. */
export interface Result {
  readonly name: string;
  readonly tables: readonly Table[];
  /** Figures by the names of thresholds.json. */
  readonly measured: Readonly<Record<string, Spread>>;
  /** What a reader has to know before believing a figure. */
  readonly notes: readonly string[];
}

export interface Threshold {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Where it should get to; not checked. */
  readonly goal?: number;
}

export interface Judgement extends Threshold {
  readonly id: string;
  readonly measured: Spread;
  readonly holds: boolean;
}

const RESULTS = join(import.meta.dirname, "results");

/** By bench, then by figure. */
export function readThresholds(): Readonly<Record<string, Readonly<Record<string, Threshold>>>> {
  return JSON.parse(readFileSync(join(import.meta.dirname, "thresholds.json"), "utf8"));
}

/** Every threshold of the bench. What was not measured does not hold: a check that skips proves nothing. */
export function judge(result: Result, thresholds: Readonly<Record<string, Threshold>>): readonly Judgement[] {
  return Object.entries(thresholds).map(([id, threshold]) => {
    const measured = result.measured[id] ?? spreadOf([]);
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = threshold;
    return { id, ...threshold, measured, holds: measured.median >= atLeast && measured.median <= atMost };
  });
}

export function toMarkdown(result: Result, judgements: readonly Judgement[], machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, commit, date } = machine;
  const where = `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, commit ${commit}, ${date.slice(0, 16)}Z.`;
  const parts = [`## ${result.name}`, where, ...result.tables.map(tableText)];
  if (judgements.length > 0) parts.push(tableText(judgementTable(judgements)));
  if (result.notes.length > 0) parts.push(result.notes.map((note) => `- ${note}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}

/** Writes `results/<name>.md` and `.json`. */
export function writeResult(
  result: Result,
  judgements: readonly Judgement[],
  machine: Machine,
  markdown: string,
): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${result.name}.md`), markdown);
  writeFileSync(
    join(RESULTS, `${result.name}.json`),
    `${JSON.stringify({ ...result, judgements, machine }, undefined, 2)}\n`,
  );
}

/** Puts a result into `results.md`, which is committed, in place of the one kept before; `order` is of all names. */
export function keepResult(name: string, markdown: string, order: readonly string[]): void {
  const file = join(import.meta.dirname, "results.md");
  const [title = "", ...sections] = readFileSync(file, "utf8").split(/^(?=## )/m);
  const kept = new Map(sections.map((section) => [/^## (.*)/.exec(section)?.[1] ?? "", section]));
  kept.set(name, markdown);
  const texts = [title, ...order.flatMap((each) => kept.get(each) ?? [])];
  writeFileSync(file, `${texts.map((text) => text.trim()).join("\n\n")}\n`);
}

function judgementTable(judgements: readonly Judgement[]): Table {
  const rows = judgements.map(({ what, measured, atLeast, atMost, goal, holds }) => {
    const most = atMost === undefined ? "–" : `≤ ${shown(atMost)}`;
    const bound = atLeast === undefined ? most : `≥ ${shown(atLeast)}`;
    return [
      what,
      shownSpread(measured),
      bound,
      goal === undefined ? "–" : shown(goal),
      holds ? "yes" : "**no**",
    ];
  });
  return { title: "Against the targets", head: ["what", "measured", "must", "goal", "holds"], rows };
}

function tableText({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [`### ${title}`, "", line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
