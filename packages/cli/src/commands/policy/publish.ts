import { userInfo } from "node:os";
import { strictnessNotes } from "@portcullis/policy";
import { publishPolicy } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { lintToolsOf } from "../server/lint-tools.ts";
import { lintWith, printNotes, withNotes } from "./check.ts";
import { readPolicyFile, refusePolicyFile } from "./read-policy.ts";

/** `policy publish`: `{"id","name","version","notes"?}`. A policy that does not compile never becomes a version. */
export async function policyPublish(context: Context): Promise<ExitCode> {
  const { options, io, out } = context;
  const [path = ""] = context.args;
  const file = await readPolicyFile(context, path);
  if (!file.ok) return refusePolicyFile(context, path, file.error);
  const { document, source } = file.value;
  return withWorkspace(context, { create: false }, ({ state }) => {
    const version = {
      server: options.text("server") ?? "",
      name: options.text("name") ?? "",
      document,
      source,
      author: userName(),
      note: options.text("note") ?? "",
    };
    const published = publishPolicy(state, version, io.nowMs());
    if (!published.ok) return refuse(context, published.error);
    const { id, name, version: number, server } = published.value;
    const warnings = lintWith(document, lintToolsOf(state, server)).length;
    if (warnings > 0)
      out.warn(
        `the linter has ${counted(warnings, "warning")}; \`policy check --server ${version.server}\` lists them`,
      );
    // Told once: whoever publishes the next version has read it.
    const notes = number === 1 ? strictnessNotes(document) : [];
    if (context.json) out.json({ id, name, version: number, ...withNotes(notes) });
    else {
      printNotes(out, notes);
      out.line(`${name} version ${number} (${id}) governs from the next request on.`);
    }
    return EXIT.ok;
  });
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
