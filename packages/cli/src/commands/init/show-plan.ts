import { diffLines } from "../../clients/line-diff.ts";
import { maskLine } from "../../clients/mask.ts";
import { secretsOf } from "../../clients/plain-secrets.ts";
import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import type { Cell } from "../../output.ts";
import { toPrintable } from "../../printable.ts";
import { RISK_STYLES } from "../../risk-style.ts";
import { printToolGroups, summaryOf } from "../../tool-groups.ts";
import type { LeftAlone, Plan, PlannedFile, PlannedServer } from "./plan.ts";

/** Longer lines hold whole files: they are named, not shown. */
const MAX_SHOWN_LINE = 400;

/** The plan for people: servers with their tools and policies, then what changes in each file. */
export function showPlan(context: Context, plan: Plan): void {
  const { out } = context;
  if (plan.servers.length > 0) {
    out.table(["server", "clients", "tools", "worst", "policy"], plan.servers.map(serverRow));
    out.line("");
    for (const server of plan.servers) showTools(context, server);
    for (const combination of plan.report.combinations) showCombination(context, combination);
    if (plan.report.combinations.length > 0) out.line("");
  }
  for (const file of plan.files) showFile(context, file);
  showLeft(context, plan.left);
}

/** What stays as it is, and why. */
export function showLeft({ out }: Context, left: readonly LeftAlone[]): void {
  if (left.length === 0) return;
  out.line(out.style("bold", "Left as they are:"));
  for (const { path, server, reason } of left) {
    const what = server === undefined ? path : `${server} in ${path}`;
    out.line(`  ${toPrintable(what)}: ${toPrintable(reason)}`);
  }
}

function serverRow({ name, entries, recommendation }: PlannedServer): readonly Cell[] {
  const clients = [...new Set(entries.map(({ file }) => file.kind.title))];
  const [worst] = recommendation.tools;
  const risk = worst?.verdict.risk ?? "low";
  const { tools } = recommendation;
  return [
    name,
    listed(clients),
    String(tools.length),
    { text: risk, style: RISK_STYLES[risk] },
    summaryOf(tools),
  ];
}

/** The first few, and how many more: a table stays within its terminal. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED_CLIENTS).join(", ");
  return names.length > MAX_NAMED_CLIENTS ? `${shown} and ${names.length - MAX_NAMED_CLIENTS} more` : shown;
}

const MAX_NAMED_CLIENTS = 3;

/** What is dangerous only together with others, with what can be done where the policies leave it open. */
function showCombination({ out }: Context, { title, isBroken, change }: Combination): void {
  const held = isBroken ? "the recommended policies part them" : "the policies leave it open";
  out.line(`${out.style("yellow", "Together:")} ${title} (${held})`);
  if (!isBroken) out.line(`  ${toPrintable(change)}`);
}

type Combination = Plan["report"]["combinations"][number];

function showTools({ out, io }: Context, { name, recommendation }: PlannedServer): void {
  out.line(out.style("bold", toPrintable(name)));
  printToolGroups(out, io.stdout.columns, recommendation.tools);
  out.line("");
}

/** `2 servers with 30 tools: 20 allowed, 8 limited, 2 hidden.` */
export function totalsOf({ servers }: Plan): string {
  const tools = servers.flatMap(({ recommendation }) => recommendation.tools);
  return `${counted(servers.length, "server")} with ${counted(tools.length, "tool")}: ${summaryOf(tools)}.`;
}

function showFile({ out }: Context, { file, preview, isShared }: PlannedFile): void {
  const path = toPrintable(file.place.path);
  out.line(out.style("bold", `--- ${path}`));
  out.line(out.style("bold", `+++ ${path} (through the gateway)`));
  for (const line of shownDiff(file.file?.text ?? "", preview, file)) {
    const style = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim";
    out.line(out.style(style, line));
  }
  if (isShared) {
    out.line(
      "  This file is in a git repository: no token is put in it, but its commands are of this machine.",
    );
  }
  out.line("");
}

/** The diff with every secret of the file masked, safe for a terminal. */
export function shownDiff(
  before: string,
  after: string,
  file: Pick<PlannedFile["file"], "entries">,
): readonly string[] {
  const secrets = file.entries.flatMap(({ state }) =>
    state.kind === "governed" || state.raw === undefined ? [] : secretsOf(state.raw),
  );
  return diffLines(before, after).map((line) =>
    line.length > MAX_SHOWN_LINE
      ? `${line.slice(0, 1)}(a line of ${line.length - 1} characters)`
      : toPrintable(maskLine(line, secrets).replaceAll("\t", "  ")),
  );
}
