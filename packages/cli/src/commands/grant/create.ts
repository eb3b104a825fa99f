import { createGrant, requireServer } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { gatewayUrlOf, withWorkspace } from "../../workspace.ts";
import { parseLifetime } from "./parse-lifetime.ts";
import { toIso } from "./shown-grant.ts";

/** `grant create`: `{"id","label","token","url","expiresAt"}`. The token is shown this once. */
export async function grantCreate(context: Context): Promise<ExitCode> {
  const { options, io, out } = context;
  const lifetimeMs = parseLifetime(options.text("expires"));
  if (!lifetimeMs.ok) return refuse(context, lifetimeMs.error);
  return withWorkspace(context, { create: false }, async ({ folder, state }) => {
    const server = requireServer(state, options.text("server") ?? "");
    if (!server.ok) return refuse(context, server.error);
    const nowMs = io.nowMs();
    const policy = options.text("policy");
    const given = {
      label: options.text("label") ?? "",
      server: server.value.id,
      policy,
      mode: options.text("mode") === "shadow" ? ("shadow" as const) : ("enforce" as const),
      expiresAtMs: nowMs + lifetimeMs.value,
    };
    const minted = createGrant(state, folder.keys, given, nowMs);
    if (!minted.ok) return refuse(context, minted.error);
    const { grant, token } = minted.value;
    if (policy === undefined)
      out.warn(
        `\`${grant.label}\` has no policy, so every call is denied; \`grant set ${grant.label} --policy NAME\` gives it one`,
      );
    const url = await gatewayUrlOf(context, server.value.id);
    const expiresAt = toIso(grant.expiresAtMs);
    if (context.json) out.json({ id: grant.id, label: grant.label, token, url, expiresAt });
    else {
      out.line(`id       ${grant.id}`);
      out.line(`token    ${token}  (shown this once)`);
      out.line(`url      ${url}`);
      out.line(`expires  ${expiresAt}`);
    }
    return EXIT.ok;
  });
}
