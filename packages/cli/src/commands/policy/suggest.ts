import { recommendServer, type ServerRecommendation, type ToolRecommendation } from "@portcullis/catalogue";
import { requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { escapeJson, toPrintable } from "../../printable.ts";
import { withWorkspace } from "../../workspace.ts";
import { writeNew } from "../../write-new.ts";
import { judgedTools } from "../server/judged-tools.ts";

/**
 * `policy suggest SERVER`: the recommended policy for the tools of a server on standard output, what it does with them
 * on standard error; `{"document","tools","warnings"}` with `--json`. Nothing is published.
 */
export async function policySuggest(context: Context): Promise<ExitCode> {
  const { io, json, options, out } = context;
  return withWorkspace(context, { create: false }, ({ state }) => {
    const server = requireServer(state, context.args[0] ?? "");
    if (!server.ok) return refuse(context, server.error);
    const { name } = server.value;
    const tools = judgedTools(state, server.value).filter(({ row }) => row.pin !== "removed");
    if (tools.length === 0)
      return refuse(context, `no tool of \`${name}\` is known yet: \`server tools ${name}\` takes its list`);
    const suggested = recommendServer(name, tools);
    const text = escapeJson(suggested.json.trimEnd());
    const output = options.text("output");
    if (output !== undefined) {
      const written = writeNew(io, output, `${text}\n`);
      if (!written.ok) return refuse(context, written.error);
    }
    if (json) out.json(toJson(suggested));
    else report(context, suggested);
    if (!json && output === undefined) out.line(text);
    return EXIT.ok;
  });
}

function toJson({ document, tools, warnings }: ServerRecommendation): object {
  return { document, tools: tools.map(toRow), warnings };
}

function toRow({ tool, verdict, kind, effect, rationale, fill }: ToolRecommendation): object {
  const { category, risk, severity } = verdict;
  return { name: tool.name, category, risk, severity, kind, effect, rationale, fill };
}

function report({ out }: Context, { tools, warnings, counts }: ServerRecommendation): void {
  for (const { tool, verdict, effect, fill } of tools) {
    out.note(`${toPrintable(tool.name)} (${verdict.category}, ${verdict.severity}): ${toPrintable(effect)}`);
    for (const { text } of fill) out.note(`  to fill in: ${toPrintable(text)}`);
  }
  for (const { tool, text } of warnings) out.warn(tool === undefined ? text : `${tool}: ${text}`);
  const kinds = Object.entries(counts).filter(([, count]) => count > 0);
  out.note(
    `${counted(tools.length, "tool")}: ${kinds.map(([category, count]) => `${count} ${category}`).join(", ")}`,
  );
}
