import { type PinState, requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { listAnew } from "../../listing.ts";
import { toPrintable } from "../../printable.ts";
import { RISK_STYLES } from "../../risk-style.ts";
import { withWorkspace } from "../../workspace.ts";
import { type JudgedTool, judgedTools } from "./judged-tools.ts";
import { changedMembers, toListed } from "./listed-tools.ts";

/** `server tools NAME`: takes the list anew and prints `[{"name","description","category","risk","pin"}]`. */
export async function serverTools(context: Context): Promise<ExitCode> {
  const { out } = context;
  return withWorkspace(context, { create: false }, async (workspace) => {
    const { state } = workspace;
    const server = requireServer(state, context.args[0] ?? "");
    if (!server.ok) return refuse(context, server.error);
    const seen = await listAnew(context, workspace, server.value);
    if (!seen.ok) out.warn(`${seen.error}; the tools are shown as they were last seen`);
    const tools = judgedTools(state, server.value);
    if (context.json) out.json(toListed(tools));
    else printGroups(context, server.value.name, tools);
    return EXIT.ok;
  });
}

const GROUPS: readonly { readonly pin: PinState; readonly title: string }[] = [
  { pin: "changed", title: "Changed since they were accepted (calls are stopped as --on-change says)" },
  { pin: "new", title: "New (unknown to agents until accepted)" },
  { pin: "removed", title: "No longer listed by the server" },
  { pin: "accepted", title: "Accepted" },
];

function printGroups({ out }: Context, name: string, tools: readonly JudgedTool[]): void {
  if (tools.length === 0) out.line(`No tool of ${toPrintable(name)} is known yet.`);
  for (const { pin, title } of GROUPS) {
    const group = tools.filter(({ row }) => row.pin === pin);
    if (group.length === 0) continue;
    out.line(out.style("bold", title));
    for (const { row, verdict } of group) {
      const risk = out.style(RISK_STYLES[verdict.risk], `${verdict.category}, ${verdict.risk}`);
      out.line(`  ${toPrintable(row.name)} (${risk})`);
      if (pin === "changed") for (const line of changedMembers(row)) out.line(`    ${toPrintable(line)}`);
    }
  }
  if (tools.some(({ row }) => row.pin !== "accepted")) {
    out.note(`accept with \`server accept-tools ${name} TOOL…\` or \`--all\``);
  }
}
