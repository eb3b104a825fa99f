import { findServer, listPolicies, listVersions, requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";

/** `policy list`: `[{"id","name","server","version","publishedAt","author","note"}]`, the newest version each. */
export async function policyList(context: Context): Promise<ExitCode> {
  const named = context.options.text("server");
  return withWorkspace(context, { create: false }, ({ state }) => {
    const server = named === undefined ? undefined : requireServer(state, named);
    if (server !== undefined && !server.ok) return refuse(context, server.error);
    const policies = listPolicies(state, server?.value.id).map((policy) => {
      const [newest] = listVersions(state, policy.id);
      return {
        id: policy.id,
        name: policy.name,
        server: findServer(state, policy.server)?.name ?? policy.server,
        version: policy.version,
        publishedAt: newest === undefined ? null : new Date(newest.createdAtMs).toISOString(),
        author: newest?.author ?? "",
        note: newest?.note ?? "",
      };
    });
    if (context.json) context.out.json(policies);
    else {
      context.out.table(
        ["server", "name", "version", "published", "by", "note"],
        policies.map((p) => [p.server, p.name, String(p.version), p.publishedAt ?? "-", p.author, p.note]),
      );
    }
    return EXIT.ok;
  });
}
