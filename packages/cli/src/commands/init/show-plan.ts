import type { Risk } from "@portcullis/catalogue";
import { diffLines } from "../../clients/line-diff.ts";
import { maskLine } from "../../clients/mask.ts";
import { secretsOf } from "../../clients/plain-secrets.ts";
import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import type { Cell } from "../../output.ts";
import { toPrintable } from "../../printable.ts";
import type { LeftAlone, Plan, PlannedFile, PlannedServer } from "./plan.ts";

/** Longer lines hold whole files: they are named, not shown. */
const MAX_SHOWN_LINE = 400;
/** Tools that are named for each server. */
const MAX_NAMED_TOOLS = 8;

/** The plan for people: servers with their tools and policies, then what changes in each file. */
export function showPlan(context: Context, plan: Plan): void {
  const { out } = context;
  if (plan.servers.length > 0) {
    out.table(["server", "clients", "tools", "worst", "policy"], plan.servers.map(serverRow));
    out.line("");
    for (const server of plan.servers) showTools(context, server);
    for (const { title, isBroken } of plan.report.combinations) {
      const held = isBroken ? "the policies part them" : "the policies leave it open";
      out.line(`${out.style("yellow", "together:")} ${title} (${held})`);
    }
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
  const clients = [...new Set(entries.map(({ file }) => file.kind.title))].join(", ");
  const [worst] = recommendation.tools;
  const risk = worst?.verdict.risk ?? "low";
  const { tools } = recommendation;
  const count = (kind: (typeof tools)[number]["kind"]): number =>
    tools.filter((each) => each.kind === kind).length;
  const policy = [
    `${count("allow")} allowed`,
    `${count("limit")} limited`,
    `${count("approve")} to approve`,
    `${count("hide")} hidden`,
  ].filter((text) => !text.startsWith("0 "));
  return [name, clients, String(tools.length), { text: risk, style: RISK_STYLES[risk] }, policy.join(", ")];
}

/** Colours of risks. */
export const RISK_STYLES: { readonly [R in Risk]: "green" | "yellow" | "magenta" | "red" } = {
  low: "green",
  medium: "yellow",
  high: "magenta",
  critical: "red",
};

function showTools({ out }: Context, { name, recommendation }: PlannedServer): void {
  out.line(out.style("bold", toPrintable(name)));
  const { tools } = recommendation;
  for (const { tool, verdict, effect } of tools.slice(0, MAX_NAMED_TOOLS)) {
    const risk = out.style(RISK_STYLES[verdict.risk], `${verdict.risk} ${verdict.category}`);
    out.line(`  ${toPrintable(tool.name)}  ${risk}  ${toPrintable(effect)}`);
  }
  if (tools.length > MAX_NAMED_TOOLS) {
    out.line(`  and ${counted(tools.length - MAX_NAMED_TOOLS, "milder tool")}`);
  }
  out.line("");
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
