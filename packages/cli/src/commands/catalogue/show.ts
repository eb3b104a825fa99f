import type { CatalogueReader, ServerFacts, ToolFacts } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { riskCell } from "./risk-cell.ts";
import { withCatalogue } from "./with-catalogue.ts";

const MAX_CHANGES = 20;

/** `catalogue show SERVER [TOOL]`: `{"server","tools","changes"}`, or `{"server","tool","verdict", …}` for one tool. */
export async function catalogueShow(context: Context): Promise<ExitCode> {
  const [serverName = "", toolName] = context.args;
  return withCatalogue(context, ({ reader }) => {
    const server = reader.server(serverName);
    if (server === undefined) return refuse(context, notFound(reader, serverName));
    if (toolName === undefined) return showServer(context, reader, server);
    const tool = reader.tool(serverName, toolName);
    if (tool !== undefined) return showTool(context, server, tool);
    return refuse(
      context,
      `\`${serverName}\` has no tool \`${toolName}\`; see \`catalogue show ${serverName}\``,
    );
  });
}

function notFound(reader: CatalogueReader, name: string): string {
  const alike = reader
    .search({ words: name, kind: "server", limit: 3 })
    .hits.map(({ server }) => `\`${server}\``);
  const hint = alike.length === 0 ? "find it with `catalogue search`" : `did you mean ${alike.join(", ")}?`;
  return `no server \`${name}\` is in the catalogue; ${hint}`;
}

function showServer({ json, out }: Context, reader: CatalogueReader, server: ServerFacts): ExitCode {
  const tools = reader.tools(server.name);
  const changes = reader.changes(server.name, MAX_CHANGES);
  if (json) {
    out.json({ server, tools: tools.map(toListed), changes });
    return EXIT.ok;
  }
  for (const line of factLines(server)) out.line(line);
  if (tools.length === 0) out.line("No tool of it is known yet.");
  else {
    out.table(
      ["risk", "category", "tool", "confidence"],
      tools.map(({ definition, verdict }) => [
        riskCell(verdict.severity),
        verdict.category,
        definition.name,
        `${Math.round(verdict.confidence * 100)} %`,
      ]),
    );
  }
  if (tools.length < server.tools) out.note(`the ${tools.length} worst of ${server.tools} tools are shown`);
  for (const { tool, kind, atMs } of changes) {
    out.line(`${new Date(atMs).toISOString()}  ${kind}  ${toPrintable(tool)}`);
  }
  return EXIT.ok;
}

function showTool({ json, out }: Context, server: ServerFacts, tool: ToolFacts): ExitCode {
  const { definition, verdict } = tool;
  if (json) {
    out.json(tool);
    return EXIT.ok;
  }
  const modifiers = verdict.modifiers.length === 0 ? "" : ` (${verdict.modifiers.join(", ")})`;
  out.line(`${out.style("bold", toPrintable(definition.name))} of ${toPrintable(server.name)}`);
  out.line(`  ${verdict.category}, risk ${verdict.risk}, severity ${verdict.severity}${modifiers}`);
  out.line(`  confidence ${Math.round(verdict.confidence * 100)} %, rules ${toPrintable(verdict.rules)}`);
  if (definition.description !== undefined) out.line(`  ${toPrintable(definition.description)}`);
  out.table(
    ["because", "of the", "words"],
    verdict.evidence.map(({ rule, source, text, says }) => [`${says}: ${rule}`, source, text]),
  );
  out.line(`  definition ${tool.definitionHash}`);
  out.line(`  known since ${new Date(tool.firstSeenMs).toISOString()}, ${howKnown(server)}`);
  return EXIT.ok;
}

function factLines(server: ServerFacts): readonly string[] {
  const { package: pack } = server;
  const version = pack?.version === undefined ? "" : ` ${pack.version}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["name", server.title === undefined ? server.name : `${server.name} (${server.title})`],
    ["says", server.description],
    ["package", pack === undefined ? undefined : `${pack.registry}:${pack.name}${version}`],
    ["licence", server.license],
    ["source", server.repository],
    ["registry", server.registryId],
    ["status", server.status === "active" ? undefined : server.status],
    ["tools", `${server.tools}, ${howKnown(server)}`],
  ];
  return facts.flatMap(([label, text]) =>
    text === undefined ? [] : [`${label.padEnd(9)} ${toPrintable(text)}`],
  );
}

const METHOD_WORDS = {
  live: "as the registered server listed them",
  introspected: "as the package listed them",
  registry: "as a registry says",
  source: "as its source says",
} as const;

function howKnown({ method, seenAtMs }: ServerFacts): string {
  return `${METHOD_WORDS[method]}, ${new Date(seenAtMs).toISOString()}`;
}

function toListed({ definition, definitionHash, verdict, firstSeenMs, changedAtMs }: ToolFacts) {
  const { category, risk, severity, confidence } = verdict;
  return {
    name: definition.name,
    category,
    risk,
    severity,
    confidence,
    definitionHash,
    firstSeenMs,
    changedAtMs,
  };
}
