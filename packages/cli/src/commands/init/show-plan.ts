import { secretsOf } from "../../clients/plain-secrets.ts";
import { shownDiff } from "../../clients/shown-diff.ts";
import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import type { Cell } from "../../output.ts";
import { toPrintable } from "../../printable.ts";
import { RISK_STYLES } from "../../risk-style.ts";
import { printToolGroups, summaryOf } from "../../tool-groups.ts";
import type { LeftAlone, Plan, PlannedFile, PlannedServer } from "./plan.ts";

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
function showLeft({ out }: Context, left: readonly LeftAlone[]): void {
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

function showFile({ out }: Context, planned: PlannedFile): void {
  const path = toPrintable(planned.file.place.path);
  out.line(out.style("bold", `--- ${path}`));
  out.line(out.style("bold", `+++ ${path} (through the gateway)`));
  for (const line of diffOf(planned)) {
    const style = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim";
    out.line(out.style(style, line));
  }
  if (planned.isShared) {
    out.line(
      "  This file is in a git repository: no token is put in it, but its commands are of this machine.",
    );
  }
  out.line("");
}

/** What changes in a file, with every secret of it masked. */
export function diffOf({ file, preview }: PlannedFile): readonly string[] {
  const secrets = file.entries.flatMap(({ state }) =>
    state.kind === "governed" || state.raw === undefined ? [] : secretsOf(state.raw),
  );
  return shownDiff(file.file?.text ?? "", preview, secrets);
}
