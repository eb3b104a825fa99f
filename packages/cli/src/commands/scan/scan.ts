import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RISKS, type Risk } from "@portcullis/catalogue";
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
  const failOn = readFailOn(context);
  if (failOn === "invalid") return refuse(context, "`--fail-on` must be low, medium, high or critical");
  const subject = scanSubject(context);
  if (!subject.ok) return refuse(context, subject.error);
  const lookAlikes = createLookAlikes();
  const learned = await learnAll(context, subject.value, lookAlikes);
  const report = makeReport(subject.value, learned, failOn, lookAlikes);
  const problem = writePolicies(context, report) ?? writeReport(context, report);
  if (problem !== undefined) return refuse(context, problem);
  if (report.failures.length === 0) return EXIT.ok;
  const [first = ""] = report.failures;
  const more = report.failures.length > 1 ? `, and ${report.failures.length - 1} more` : "";
  context.out.error(`--fail-on ${failOn}: ${first}${more}`);
  return EXIT.checkFailed;
}

function readFailOn({ options }: Context): Risk | undefined | "invalid" {
  const given = options.text("failOn");
  if (given === undefined) return undefined;
  return RISKS.find((risk) => risk === given.toLowerCase()) ?? "invalid";
}

/** The error is a text. */
function writeReport(context: Context, report: ScanReport): string | undefined {
  const { io, out, json, options } = context;
  const format = json ? "json" : (options.text("format") ?? "table");
  const output = options.text("output");
  if (format === "table" && output === undefined) {
    printTable(context, report);
    return undefined;
  }
  if (format === "table") return "`--output` needs `--format json`, `sarif` or `markdown`";
  const text = textOf(context, report, format);
  if (output === undefined) {
    if (json) out.json(toJsonReport(report));
    else out.line(text.trimEnd());
    return undefined;
  }
  const path = resolvePath(io, output);
  try {
    writeFileSync(path, text);
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

/** One file per server; a file that says something else already is never replaced. */
function writePolicies(context: Context, { results }: ScanReport): string | undefined {
  const folder = context.options.text("policies");
  if (folder === undefined) return undefined;
  const path = resolvePath(context.io, folder);
  const names = new Set<string>();
  try {
    mkdirSync(path, { recursive: true });
    for (const { server, recommendation } of results) {
      if (recommendation === undefined) continue;
      const name = freeName(server.name, names);
      names.add(name);
      const file = join(path, `${name}.json`);
      if (!existsSync(file)) writeFileSync(file, recommendation.json, { flag: "wx" });
      else if (readFileSync(file, "utf8") !== recommendation.json) {
        return `\`${file}\` exists already and says something else: remove it, or name another folder`;
      }
    }
    context.out.note(
      `Wrote ${names.size} ${names.size === 1 ? "policy" : "policies"} to ${toPrintable(path)}`,
    );
    return undefined;
  } catch (cause) {
    return `the policies cannot be written to \`${folder}\`: ${reasonOf(cause)}`;
  }
}
