import {
  CATALOGUE_RULES,
  type Catalogue,
  type Introspection,
  introspect,
  learn,
  type Note,
  parsePackageSpec,
} from "@portcullis/server";
import { createNameCheck } from "../../clients/look-alikes.ts";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { withProgress } from "../../progress.ts";
import { riskCell } from "./risk-cell.ts";
import { withCatalogue } from "./with-catalogue.ts";

const MAX_NOTES = 20;

/** `catalogue introspect`: `{"server","package","license","network","dummies","tools","added","changed","removed","notes","warnings"}`. */
export async function catalogueIntrospect(context: Context): Promise<ExitCode> {
  const { args, io, options } = context;
  const [name = "", ...rest] = args;
  const spec = parsePackageSpec(name);
  if (!spec.ok) return refuse(context, spec.error);
  // Before anything of it is downloaded.
  const alike = createNameCheck()(spec.value);
  const warnings: string[] = [];
  const warn = (warning: string): void => {
    warnings.push(warning);
    context.out.warn(toPrintable(warning));
  };
  if (alike !== undefined) warn(alike);
  const signal = io.stopSignal();
  return withCatalogue(context, async (catalogue) => {
    const looked = introspect(spec.value, {
      command: options.text("command"),
      args: rest,
      env: io.env,
      signal,
      onWarning: warn,
    });
    const found = await withProgress(io, `looking at ${spec.value.name}`, looked);
    if (!found.ok) return refuse(context, found.error);
    const learned = learn(catalogue, CATALOGUE_RULES, found.value, io.nowMs());
    if (!learned.ok) return refuse(context, learned.error);
    const { name: server, added, changed, removed, notes } = learned.value;
    const tools = listTools(catalogue, server);
    const { installed, network, dummies } = found.value;
    const about = { server, ...installed, network, dummies };
    const shown = { ...about, tools, added, changed, removed, notes, warnings };
    if (context.json) context.out.json(shown);
    else print(context, found.value, shown);
    return EXIT.ok;
  });
}

interface Shown {
  readonly server: string;
  readonly tools: readonly Pick<Listed, "name" | "category" | "severity">[];
  readonly notes: readonly Note[];
}

function listTools({ reader }: Catalogue, server: string) {
  return reader.tools(server).map(({ definition, verdict: { category, risk, severity } }) => ({
    name: definition.name,
    category,
    risk,
    severity,
  }));
}

type Listed = {
  readonly name: string;
  readonly category: string;
  readonly severity: Parameters<typeof riskCell>[0];
};

function print(
  { out }: Context,
  { installed, network, dummies }: Introspection,
  { server, tools, notes }: Shown,
): void {
  out.line(`${toPrintable(server)} ${toPrintable(installed.version ?? "")}: ${tools.length} tools`);
  if (tools.length > 0) {
    out.table(
      ["risk", "category", "tool"],
      tools.map(({ name, category, severity }) => [riskCell(severity), category, name]),
    );
  }
  for (const { tool, reason } of notes.slice(0, MAX_NOTES)) {
    out.warn(tool === undefined ? reason : `\`${tool}\`: ${reason}`);
  }
  if (network === "open") {
    out.warn(
      "this system cannot keep it from the network, nor hold all its processes; it ran with the network, and a process that hid may still run",
    );
  }
  if (dummies.length > 0) out.note(`with made-up values for ${toPrintable(dummies.join(", "))}`);
}
