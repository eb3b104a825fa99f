import { diffPolicies, type PolicyChange, widensAccess } from "@portcullis/policy";
import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { type Compared, type Side, withCompared } from "./compared.ts";

/**
 * `policy diff`: what two documents do differently, in words (policy-spec A5);
 * `{"before","after","widens","changes":[…]}` with `--json`. Exit code 1 when `--fail-on` says so.
 */
export async function policyDiff(context: Context): Promise<ExitCode> {
  return withCompared(context, (compared) => report(context, compared));
}

function report(context: Context, { before, after, tools }: Compared): ExitCode {
  const changes = diffPolicies(before.document, after.document, tools === undefined ? {} : { tools });
  const widening = changes.filter(widensAccess);
  if (context.json) {
    const widens = widening.length > 0;
    context.out.json({ before: before.source, after: after.source, widens, changes });
  } else print(context, before, after, changes);
  const failOn = context.options.text("failOn");
  const failing = failOn === undefined ? [] : failOn === "any" ? changes : widening;
  if (failing.length === 0) return EXIT.ok;
  context.out.error(`--fail-on ${failOn}: ${summaryOf(changes, widening)}`);
  return EXIT.checkFailed;
}

function print({ out }: Context, before: Side, after: Side, changes: readonly PolicyChange[]): void {
  out.line(toPrintable(`${titleOf(before)} → ${titleOf(after)}`));
  const groups = [...Map.groupBy(changes, subjectWords)];
  // What a reviewer looks for comes first.
  const order = ([, group]: (typeof groups)[number]): number => (group.some(widensAccess) ? 0 : 1);
  for (const [subject, group] of groups.toSorted((a, b) => order(a) - order(b))) {
    out.line(toPrintable(subject));
    for (const { access, text, rules = [] } of group) {
      const [word, style] = ACCESS[access];
      out.line(`  ${out.style(style, word)}  ${toPrintable(text)}`);
      for (const rule of rules) out.line(`           ${toPrintable(rule)}`);
    }
  }
  out.line(changes.length === 0 ? "no difference" : summaryOf(changes, changes.filter(widensAccess)));
}

/** Words of one width. `both` may widen, which is what counts. */
const ACCESS = {
  widens: ["WIDENS ", "red"],
  both: ["EITHER ", "red"],
  narrows: ["narrows", "green"],
  same: ["same   ", "dim"],
} as const;

function summaryOf(changes: readonly PolicyChange[], widening: readonly PolicyChange[]): string {
  const widen =
    widening.length === 0
      ? "none widens"
      : `${widening.length} ${widening.length === 1 ? "widens" : "widen"}`;
  return `${counted(changes.length, "change")}, of which ${widen} access`;
}

function titleOf({ source }: Side): string {
  return "file" in source ? source.file : `version ${source.version}`;
}

/** More tools than this are counted, not named. */
const MAX_NAMED = 5;

function subjectWords({ subject, tools = [] }: PolicyChange): string {
  const more = tools.length > MAX_NAMED ? `, ${tools.length - MAX_NAMED} more` : "";
  const named = tools.length === 0 ? "" : ` (${tools.slice(0, MAX_NAMED).join(", ")}${more})`;
  switch (subject.kind) {
    case "tool":
      return `tool ${subject.name}`;
    case "tools":
      return `tools ${subject.name}${named}`;
    case "server_request":
      return `requests of the server: ${subject.name}`;
    case "other_tools":
      return `tools that nothing names${named}`;
    case "all_tools":
      return `all tools${named}`;
    default:
      return subject.kind;
  }
}
