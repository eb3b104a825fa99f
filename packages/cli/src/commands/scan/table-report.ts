import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import type { Output } from "../../output.ts";
import { toPrintable } from "../../printable.ts";
import { RISK_STYLES } from "../init/show-plan.ts";
import { type Learned, type ScanReport, type ScanResult, worstOf } from "./scan-report.ts";

/** Tools that are listed; all of them are in the JSON report. */
const MAX_TOOLS = 40;

/** The report for a terminal, worst first. */
export function printTable({ out }: Context, report: ScanReport): void {
  if (report.results.length === 0) out.line("No MCP server was found.");
  else {
    out.table(["server", "where", "learned", "tools", "worst"], report.results.map(serverRow));
    out.line("");
  }
  printTools(out, report);
  for (const { title, why, change, isBroken } of report.stack.combinations) {
    out.line(
      `${out.style("yellow", "Together:")} ${title}${isBroken ? " (the recommended policies part them)" : ""}`,
    );
    out.line(`  ${toPrintable(why)}`);
    out.line(`  ${toPrintable(change)}`);
  }
  for (const { server, findings, learned } of report.results) {
    for (const { risk, message } of findings)
      out.line(`${out.style(RISK_STYLES[risk], risk)}  ${toPrintable(server.name)}: ${toPrintable(message)}`);
    for (const warning of "warnings" in learned ? learned.warnings : [])
      out.line(`note  ${toPrintable(server.name)}: ${toPrintable(warning)}`);
  }
  for (const { path, problem } of report.broken)
    out.line(`${out.style("red", "broken")}  ${toPrintable(path)}: ${toPrintable(problem)}`);
}

function printTools(out: Output, report: ScanReport): void {
  const tools = report.results
    .flatMap(({ server, recommendation }) =>
      (recommendation?.tools ?? []).map((each) => ({ server: server.name, ...each })),
    )
    .toSorted((a, b) => RISK_ORDER.indexOf(a.verdict.risk) - RISK_ORDER.indexOf(b.verdict.risk));
  if (tools.length === 0) return;
  const rows = tools
    .slice(0, MAX_TOOLS)
    .map(({ server, tool, verdict, effect }) => [
      { text: verdict.risk, style: RISK_STYLES[verdict.risk] },
      verdict.category,
      tool.name,
      server,
      effect,
    ]);
  out.table(["risk", "category", "tool", "server", "recommended"], rows);
  if (tools.length > MAX_TOOLS) out.line(`and ${counted(tools.length - MAX_TOOLS, "milder tool")}`);
  out.line("");
}

const RISK_ORDER = ["critical", "high", "medium", "low"];

function serverRow(result: ScanResult) {
  const { server, learned, recommendation } = result;
  const where = server.places.map(({ client, line }) => `${client}:${line}`).join(", ");
  const worst = worstOf(result);
  const isSeen = "tools" in learned || result.findings.length > 0;
  return [
    server.name,
    where === "" ? "named here" : where,
    learnedText(learned),
    recommendation === undefined ? "?" : String(recommendation.tools.length),
    isSeen ? { text: worst, style: RISK_STYLES[worst] } : "?",
  ];
}

/** How the tools were learned, in words. */
export function learnedText(learned: Learned): string {
  switch (learned.how) {
    case "started":
      return "by starting it";
    case "asked":
      return "by asking it";
    case "catalogue":
      return `from the catalogue (${learned.version ?? "a version"} of ${new Date(learned.seenAtMs).toISOString().slice(0, 10)})`;
    case "governed":
      return "behind the gateway already";
    case "unknown":
      return `not: ${learned.reason}`;
  }
}
