import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import type { Verdict } from "./decide-calls.ts";
import { judgeFiles } from "./eval.ts";

/** `policy explain`: the decision of `policy eval` with every predicate that was read and its value (R1, trace). */
export async function policyExplain(context: Context): Promise<ExitCode> {
  const judged = await judgeFiles(context);
  if (!judged.ok) return judged.error;
  const { given, verdicts } = judged.value;
  if (context.json) {
    context.out.json(given.isArray ? verdicts : verdicts[0]);
    return EXIT.ok;
  }
  for (const [index, verdict] of verdicts.entries())
    printVerdict(context, given.calls[index]?.tool ?? "", verdict);
  return EXIT.ok;
}

const STYLES = { allow: "green", deny: "red", hold: "yellow" } as const;

function printVerdict({ out }: Context, tool: string, verdict: Verdict): void {
  const effect = out.style(STYLES[verdict.effect], verdict.effect.toUpperCase());
  const rule = verdict.rule === "" ? "" : `  ${verdict.rule}`;
  out.line(`${effect}  ${toPrintable(tool)}${toPrintable(rule)}`);
  if (verdict.message !== "") out.line(`  ${toPrintable(verdict.message)}`);
  for (const step of verdict.trace) {
    const unknown = step.unknown === undefined ? "" : ` (${step.unknown})`;
    out.line(toPrintable(`  ${step.result.padEnd(7)}  ${step.rule}${unknown}`));
  }
}
