import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RISKS, type Risk } from "@portcullis/catalogue";
import { err, ok, type Result } from "@portcullis/policy";
import { createLookAlikes } from "../../clients/look-alikes.ts";
import { type Context, refuse } from "../../context.ts";
import { resolvePath } from "../../data-folder.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toJsonText, toPrintable } from "../../printable.ts";
import { reasonOf } from "../../read-input.ts";
import { readVersion } from "../../version.ts";
import { freeName } from "../init/candidate.ts";
import { toJsonReport } from "./json-report.ts";
import { learnAll } from "./learn.ts";
import { toMarkdown } from "./markdown-report.ts";
import { toSarif } from "./sarif-report.ts";
import { makeReport, type ScanReport } from "./scan-report.ts";
import { scanSubject } from "./scanned-server.ts";
import { printTable } from "./table-report.ts";

/** `scan`: what agents can do with these servers, and a policy for each. Changes nothing; by default starts nothing. */
export async function scan(context: Context): Promise<ExitCode> {
  const settings = readSettings(context);
  if (!settings.ok) return refuse(context, settings.error);
  const { failOn } = settings.value;
  const subject = scanSubject(context);
  if (!subject.ok) return refuse(context, subject.error);
  // SARIF has no place for a file without servers.
  if (settings.value.format === "sarif")
    for (const { path, problem } of subject.value.broken) context.out.warn(`${path}: ${problem}`);
  const lookAlikes = createLookAlikes();
  const learned = await learnAll(context, subject.value, lookAlikes);
  const report = makeReport(subject.value, learned, failOn, lookAlikes);
  // The report first: who cannot have it has no policies left over.
  const problem = writeReport(context, report, settings.value) ?? writePolicies(context, report);
  if (problem !== undefined) return refuse(context, problem);
  if (report.failures.length === 0) return EXIT.ok;
  const [first = ""] = report.failures;
  const more = report.failures.length > 1 ? `, and ${report.failures.length - 1} more` : "";
  context.out.error(`--fail-on ${failOn}: ${first}${more}`);
  return EXIT.checkFailed;
}

interface Settings {
  readonly failOn: Risk | undefined;
  readonly format: string;
  /** The file for the report, as it was named. */
  readonly output: string | undefined;
}

/** Everything that can be refused before a server is started. */
function readSettings({ options, json }: Context): Result<Settings, string> {
  const given = options.text("failOn");
  const failOn = RISKS.find((risk) => risk === given?.toLowerCase());
  if (given !== undefined && failOn === undefined)
    return err("`--fail-on` must be low, medium, high or critical");
  const named = options.text("format");
  if (json && named !== undefined && named !== "json")
    return err(`\`--json\` and \`--format ${named}\` exclude each other`);
  const format = json ? "json" : (named ?? "table");
  const output = options.text("output");
  if (format === "table" && output !== undefined)
    return err("`--output` needs `--format json`, `sarif` or `markdown`");
  return ok({ failOn, format, output });
}

/** The error is a text. */
function writeReport(context: Context, report: ScanReport, { format, output }: Settings): string | undefined {
  const { io, out, json } = context;
  if (output === undefined) {
    if (format === "table") printTable(context, report);
    else if (json) out.json(toJsonReport(report));
    else out.line(textOf(context, report, format).trimEnd());
    return undefined;
  }
  const path = resolvePath(io, output);
  try {
    writeFileSync(path, textOf(context, report, format));
    out.note(`Wrote ${toPrintable(path)}`);
    return undefined;
  } catch (cause) {
    return `\`${output}\` cannot be written: ${reasonOf(cause)}`;
  }
}

function textOf(context: Context, report: ScanReport, format: string): string {
  if (format === "markdown") return toMarkdown(report);
  const value =
    format === "sarif" ? toSarif(report, resolvePath(context.io, "."), readVersion()) : toJsonReport(report);
  return `${toJsonText(value)}\n`;
}

/** One file per server; where one of them says something else already, none is written. */
function writePolicies(context: Context, { results }: ScanReport): string | undefined {
  const folder = context.options.text("policies");
  if (folder === undefined) return undefined;
  const path = resolvePath(context.io, folder);
  const texts = new Map<string, string>();
  for (const { server, recommendation } of results) {
    if (recommendation === undefined) continue;
    const name = freeName(server.name, new Set(texts.keys()));
    texts.set(name, recommendation.json);
  }
  const files = [...texts].map(([name, text]) => ({ file: join(path, `${name}.json`), text }));
  try {
    const isThere = files.filter(({ file }) => existsSync(file));
    const other = isThere.find(({ file, text }) => readFileSync(file, "utf8") !== text);
    if (other !== undefined)
      return `\`${other.file}\` exists already and says something else: remove it, or name another folder`;
    mkdirSync(path, { recursive: true });
    for (const each of files)
      if (!isThere.includes(each)) writeFileSync(each.file, each.text, { flag: "wx" });
    context.out.note(
      `Wrote ${files.length} ${files.length === 1 ? "policy" : "policies"} to ${toPrintable(path)}`,
    );
    return undefined;
  } catch (cause) {
    return `the policies cannot be written to \`${folder}\`: ${reasonOf(cause)}`;
  }
}
