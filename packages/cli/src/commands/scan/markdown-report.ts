import type { Risk } from "@portcullis/catalogue";
import { counted } from "../../counted.ts";
import { escapeJson, toPrintable } from "../../printable.ts";
import { FINDING_RULES } from "./findings.ts";
import { type ScanReport, type ScanResult, worstOf } from "./scan-report.ts";
import { learnedText } from "./table-report.ts";

/** Names of strangers are cut: a comment of a pull request holds 64 KiB. */
const MAX_TEXT = 160;
const MAX_TOOLS_PER_SERVER = 30;

const MARKS: { readonly [R in Risk]: string } = {
  critical: "🔴 critical",
  high: "🟠 high",
  medium: "🟡 medium",
  low: "🟢 low",
};

/** The report as a comment on a pull request. Everything that strangers wrote is inert. */
export function toMarkdown(report: ScanReport): string {
  const sections = [
    "## MCP servers: what agents can do",
    summaryOf(report),
    ...(report.results.length === 0 ? [] : [serverTable(report)]),
    ...combinations(report),
    ...report.results.map(serverSection).filter((text) => text !== ""),
    ...report.broken.map(({ path, problem }) => `**Broken file** ${code(path)}: ${plain(problem)}`),
    ...failures(report),
  ];
  return `${sections.join("\n\n")}\n`;
}

function summaryOf({ results, stack }: ScanReport): string {
  const tools = Object.values(stack.counts).reduce((sum, count) => sum + count, 0);
  const counts = Object.entries(stack.counts)
    .filter(([, count]) => count > 0)
    .map(([category, count]) => `${count} ${category}`);
  const detail = counts.length === 0 ? "" : `: ${counts.toReversed().join(", ")}`;
  return `${counted(results.length, "server")}, ${counted(tools, "known tool")}${detail}.`;
}

function serverTable({ results }: ScanReport): string {
  const rows = results.map((result) => {
    const { server, learned, recommendation, findings } = result;
    const isSeen = recommendation !== undefined || findings.length > 0;
    return row([
      code(server.name),
      isSeen ? MARKS[worstOf(result)] : "❔ unknown",
      recommendation === undefined ? "?" : String(recommendation.tools.length),
      plain(learnedText(learned)),
      findings.map(({ rule }) => FINDING_RULES[rule].title).join("<br>"),
    ]);
  });
  return [row(["Server", "Worst", "Tools", "Learned", "Findings"]), "|---|---|---:|---|---|", ...rows].join(
    "\n",
  );
}

function combinations({ stack }: ScanReport): readonly string[] {
  return stack.combinations.map(
    ({ title, why, change, isBroken }) =>
      `**Together: ${plain(title)}**${isBroken ? " (the recommended policies part them)" : ""}  \n${plain(why)} ${plain(change)}`,
  );
}

function serverSection({ server, findings, recommendation }: ScanResult): string {
  const found = findings.map(({ risk, message }) => `- ${MARKS[risk]}: ${plain(message)}`);
  const heading = `### ${code(server.name)}`;
  if (recommendation === undefined) return found.length === 0 ? "" : [heading, "", ...found].join("\n");
  const { tools } = recommendation;
  const rows = tools
    .slice(0, MAX_TOOLS_PER_SERVER)
    .map(({ tool, verdict, effect }) =>
      row([code(tool.name), MARKS[verdict.risk], verdict.category, plain(effect)]),
    );
  const more = tools.length - rows.length;
  return [
    heading,
    "",
    ...found,
    ...(found.length === 0 ? [] : [""]),
    row(["Tool", "Risk", "Category", "Under the recommended policy"]),
    "|---|---|---|---|",
    ...rows,
    ...(more > 0 ? ["", `and ${counted(more, "milder tool")}`] : []),
    "",
    "<details><summary>Recommended policy</summary>",
    "",
    ...fenced(escapeJson(recommendation.json)),
    "",
    "</details>",
  ].join("\n");
}

function failures({ failures: lines, failOn }: ScanReport): readonly string[] {
  if (failOn === undefined) return [];
  if (lines.length === 0) return [`✅ Nothing is ${failOn} or worse.`];
  const shown = lines.slice(0, MAX_TOOLS_PER_SERVER).map((line) => `- ${plain(line)}`);
  return [[`❌ **Fails: ${failOn} or worse, or unknown**`, "", ...shown].join("\n")];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** Inside a code span nothing is markup; a pipe would end a cell. */
function code(text: string): string {
  return `\`${cut(toPrintable(text)).replaceAll("`", "'").replaceAll("|", "\\|") || " "}\``;
}

/** Prose. What stands in backticks becomes code; whatever else could be markup is escaped. */
function plain(text: string): string {
  const shown = text.length > 4 * MAX_TEXT ? `${text.slice(0, 4 * MAX_TEXT)}…` : text;
  return shown
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1)) : escaped(part)))
    .join("");
}

/** Every character that can begin markup, a mention or a reference is escaped or parted. */
function escaped(text: string): string {
  return toPrintable(text)
    .replace(/[\\`*_{}[\]<>#|~!&]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll("@", "@\u200b")
    .replaceAll("://", ":\u200b//");
}

/** A fence that is longer than any in the text. */
function fenced(json: string): readonly string[] {
  const longest = Math.max(2, ...[...json.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}json`, json.trimEnd(), fence];
}
