import { once } from "node:events";
import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { createClassifier, type ToolDefinition, type Verdict } from "@portcullis/catalogue";
import { type Context, refuse } from "../context.ts";
import { resolvePath } from "../data-folder.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { reasonOf } from "../read-input.ts";
import { RISK_STYLES } from "../risk-style.ts";
import { type GivenTool, readTools } from "./classify/read-tools.ts";

/** Tools of one server that are judged together; a longer run of lines is judged in pieces of this size. */
const MAX_GROUP = 1_000;

/**
 * `classify`: a verdict for every tool of a file, in the order of the file. Consecutive tools of one server are each
 * other's surroundings. A line that cannot be read is told on standard error, the rest is done, and the code is 2.
 */
export async function classify(context: Context): Promise<ExitCode> {
  const path = context.args[0] ?? "-";
  const bytes = path === "-" ? context.io.stdin : createReadStream(resolvePath(context.io, path));
  let bad = 0;
  let group: GivenTool[] = [];
  try {
    for await (const read of readTools(bytes)) {
      if (!read.ok) {
        bad++;
        context.out.error(read.error);
        continue;
      }
      const [first] = group;
      if (first !== undefined && (first.server !== read.value.server || group.length === MAX_GROUP)) {
        await printGroup(context, group);
        group = [];
      }
      group.push(read.value);
    }
  } catch (cause) {
    return refuse(context, `\`${path}\` cannot be read: ${reasonOf(cause)}`);
  }
  await printGroup(context, group);
  return bad === 0 ? EXIT.ok : EXIT.refused;
}

async function printGroup(context: Context, group: readonly GivenTool[]): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const siblings = group.map(({ tool }) => tool);
  const judge = createClassifier({ ...(first.server !== undefined && { server: first.server }), siblings });
  const judged = siblings.map((tool) => ({ tool, verdict: judge(tool) }));
  if (context.json) {
    for (const { tool, verdict } of judged)
      context.out.json({ server: first.server ?? null, tool: tool.name, ...verdict });
  } else printTable(context, first.server, judged);
  const { stdout } = context.io;
  if (stdout instanceof Writable && stdout.writableNeedDrain) await once(stdout, "drain");
}

function printTable(
  { out }: Context,
  server: string | undefined,
  judged: readonly { readonly tool: ToolDefinition; readonly verdict: Verdict }[],
): void {
  out.table(
    [server ?? "TOOL", "CATEGORY", "RISK", "SEVERITY", "CONFIDENCE", "BECAUSE OF"],
    judged.map(({ tool, verdict }) => [
      tool.name,
      { text: verdict.category, style: RISK_STYLES[verdict.risk] },
      verdict.risk,
      verdict.severity,
      verdict.confidence.toFixed(2),
      because(verdict),
    ]),
  );
}

function because({ evidence }: Verdict): string {
  const [reason] = evidence;
  if (reason === undefined) return "";
  return `${reason.source} "${reason.text.slice(0, 40)}" (${reason.rule})`;
}
