import { addServer, parseDurationMs } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { listAnew } from "../../listing.ts";
import { toPrintable } from "../../printable.ts";
import { gatewayUrlOf, withWorkspace } from "../../workspace.ts";
import { isTypedSecret, parseTarget } from "./target.ts";

const DEFAULT_DEADLINE_MS = 55_000;
const MIN_DEADLINE_MS = 1000;
const MAX_DEADLINE_MS = 3_600_000;

/** `server add`: `{"id","name","url"}`. A server that is down is registered all the same, with a warning. */
export async function serverAdd(context: Context): Promise<ExitCode> {
  const { options, args, io, out } = context;
  const headers = options.list("header");
  const [url, transport] = [options.text("url"), options.text("transport")];
  const target = parseTarget({ url, headers, transport, command: args }, io.env);
  if (!target.ok) return refuse(context, target.error);
  const deadline = options.text("deadline");
  const deadlineMs = deadline === undefined ? DEFAULT_DEADLINE_MS : parseDurationMs(deadline);
  if (deadlineMs === undefined || deadlineMs < MIN_DEADLINE_MS || deadlineMs > MAX_DEADLINE_MS) {
    return refuse(context, `\`--deadline ${deadline}\` must be a time from \`1s\` to \`1h\``);
  }
  return withWorkspace(context, { create: true }, async (workspace) => {
    const { folder, state } = workspace;
    const name = options.text("name") ?? "";
    const era = eraOf(options.text("era"));
    const onChange = onChangeOf(options.text("onChange"));
    const given = { name, target: target.value, era, deadlineMs, onChange };
    const added = addServer(state, folder.keys.credentialKey, given, io.nowMs());
    if (!added.ok) return refuse(context, added.error);
    if (headers.some(isTypedSecret)) {
      out.warn(
        "a header's value was typed, so it may be in your shell's history; `--header \"Name: env:VARIABLE\"` keeps it out",
      );
    }
    const seen = await listAnew(context, workspace, added.value);
    if (!seen.ok)
      out.warn(`${seen.error}; the server is registered, and its first list will be accepted later`);
    const { id } = added.value;
    const url = gatewayUrlOf(context, id);
    if (context.json) out.json({ id, name, url });
    else {
      out.line(`${toPrintable(name)}  ${id}  ${url}`);
      if (seen.ok)
        out.line(
          `${counted(seen.value.tools.length, "tool")} accepted; next: \`grant create --server ${name} --label LABEL\``,
        );
    }
    return EXIT.ok;
  });
}

function eraOf(text: string | undefined): "auto" | "legacy" | "modern" {
  return text === "legacy" || text === "modern" ? text : "auto";
}

function onChangeOf(text: string | undefined): "block" | "hold" | "allow" {
  return text === "hold" || text === "allow" ? text : "block";
}
