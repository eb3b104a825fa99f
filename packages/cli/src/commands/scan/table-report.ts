import type { Context } from "../../context.ts";
import { selfCommand } from "../../data-folder.ts";
import { toPrintable } from "../../printable.ts";
import { RISK_STYLES } from "../../risk-style.ts";
import { printToolGroups, summaryOf } from "../../tool-groups.ts";
import { FINDING_RULES } from "./findings.ts";
import { type Learned, type ScanReport, type ScanResult, worstOf } from "./scan-report.ts";

/** The report for a terminal, worst first. */
export function printTable(context: Context, report: ScanReport): void {
  const { out } = context;
  if (report.results.length === 0) out.line("No MCP server was found.");
  else {
    out.table(["server", "where", "tools", "worst", "policy"], report.results.map(serverRow));
    out.line("");
  }
  printTools(context, report);
  for (const { title, why, change, isBroken } of report.stack.combinations) {
    out.line(
      `${out.style("yellow", "Together:")} ${title}${isBroken ? " (the recommended policies part them)" : ""}`,
    );
    out.line(`  ${toPrintable(why)}`);
    out.line(`  ${toPrintable(change)}`);
  }
  printFindings(context, report);
  for (const { server, learned } of report.results) {
    for (const warning of "warnings" in learned ? learned.warnings : [])
      out.line(`note  ${toPrintable(server.name)}: ${toPrintable(warning)}`);
  }
  for (const { path, problem } of report.broken)
    out.line(`${out.style("red", "broken")}  ${toPrintable(path)}: ${toPrintable(problem)}`);
  printNext(context, report);
}

function printTools({ out, io }: Context, report: ScanReport): void {
  for (const { server, recommendation, learned } of report.results) {
    if (recommendation === undefined) continue;
    out.line(`${out.style("bold", toPrintable(server.name))}  ${toPrintable(learnedText(learned))}`);
    printToolGroups(out, io.stdout.columns, recommendation.tools);
    out.line("");
  }
}

/** What was found in the entries themselves, and once for each rule what to do about it. */
function printFindings({ out }: Context, { results }: ScanReport): void {
  const found = results.flatMap(({ server, findings }) => findings.map((each) => ({ server, ...each })));
  const rules = (Object.keys(FINDING_RULES) as (keyof typeof FINDING_RULES)[]).filter((rule) =>
    found.some((each) => each.rule === rule),
  );
  for (const rule of rules) {
    out.line("");
    for (const { server, risk, message } of found.filter((each) => each.rule === rule))
      out.line(`${out.style(RISK_STYLES[risk], risk)}  ${toPrintable(server.name)}: ${toPrintable(message)}`);
    out.line(`  ${FINDING_RULES[rule].help}`);
  }
}

function printNext({ out, io }: Context, { results, mayStart }: ScanReport): void {
  if (!mayStart)
    out.note("No server was started, and nothing left this machine; `--start` asks the servers themselves.");
  // What somebody named is a file that `init` does not know.
  const isInFiles = results.some(
    ({ server, learned }) =>
      learned.how !== "governed" && server.places.some(({ client }) => client !== "file"),
  );
  if (isInFiles)
    out.note(
      `\`${selfCommand(io)} init\` puts the servers of your clients behind the gateway, with these policies.`,
    );
}

function serverRow(result: ScanResult) {
  const { server, learned, recommendation } = result;
  const [first, ...others] = server.places;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const worst = worstOf(result);
  const isSeen = "tools" in learned || result.findings.length > 0;
  return [
    server.name,
    first === undefined ? "named here" : `${first.client}:${first.line}${more}`,
    recommendation === undefined ? "?" : String(recommendation.tools.length),
    isSeen ? { text: worst, style: RISK_STYLES[worst] } : "?",
    recommendation === undefined ? learnedText(learned) : summaryOf(recommendation.tools),
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
      return `from the catalogue (version ${learned.version ?? "not known"}, seen ${new Date(learned.seenAtMs).toISOString().slice(0, 10)})`;
    case "governed":
      return "behind the gateway already";
    case "unknown":
      return `not: ${learned.reason}`;
  }
}
