import { validatePolicy } from "@portcullis/policy";
import { listGrants, listPolicies, listServers, listTools, listVersions } from "@portcullis/server";
import { lintWith } from "../commands/policy/check.ts";
import { lintToolsOf } from "../commands/server/lint-tools.ts";
import type { Context } from "../context.ts";
import { counted } from "../counted.ts";
import { listAnew } from "../listing.ts";
import type { Workspace } from "../workspace.ts";
import { type Finding, failing, fine, warning } from "./finding.ts";

const SOON_MS = 7 * 86_400_000;

/** Every server is listed once, as the gateway does it. */
export async function checkServers(context: Context, workspace: Workspace): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const server of listServers(workspace.state)) {
    const check = `server ${server.name}`;
    const seen = await listAnew(context, workspace, server);
    const waiting = listTools(workspace.state, server.id).filter((tool) => tool.pin !== "accepted").length;
    if (!seen.ok) findings.push(failing(check, seen.error));
    else if (waiting > 0) {
      findings.push(
        warning(check, `${counted(waiting, "tool")} to be accepted; see: server tools ${server.name}`),
      );
    } else findings.push(fine(check, `${counted(seen.value.tools.length, "tool")}, ${seen.value.era}`));
  }
  return findings;
}

export function checkGrants({ state }: Workspace, nowMs: number): readonly Finding[] {
  const live = listGrants(state).filter((grant) => grant.revokedAtMs === undefined);
  const findings = live.flatMap((grant): readonly Finding[] => {
    const check = `grant ${grant.label}`;
    const until = new Date(grant.expiresAtMs).toISOString();
    const again = `; make a new one with: grant revoke ${grant.label}, then grant create`;
    if (grant.expiresAtMs <= nowMs) return [warning(check, `expired at ${until}${again}`)];
    if (grant.expiresAtMs <= nowMs + SOON_MS) return [warning(check, `expires at ${until}${again}`)];
    if ([...grant.access.values()].every((access) => access.policy === undefined)) {
      return [
        warning(check, `has no policy, so every call is denied; see: grant set ${grant.label} --policy NAME`),
      ];
    }
    return [];
  });
  return findings.length > 0 ? findings : [fine("grants", `${live.length} live, none ends within 7 days`)];
}

/** The newest version of every policy must still be valid, also after an upgrade of this program. */
export function checkPolicies({ state }: Workspace): readonly Finding[] {
  const names = new Map(listServers(state).map((server) => [server.id, server.name]));
  return listPolicies(state).flatMap((policy): readonly Finding[] => {
    const check = `policy ${names.get(policy.server) ?? policy.server}/${policy.name}`;
    const newest = listVersions(state, policy.id)[0];
    if (newest === undefined) return [failing(check, "has no version; publish one")];
    const valid = validatePolicy(newest.document);
    if (!valid.ok) {
      const [first] = valid.error;
      return [failing(check, `version ${newest.version} is not valid: ${first?.pointer} ${first?.message}`)];
    }
    const warnings = lintWith(valid.value, lintToolsOf(state, policy.server)).length;
    if (warnings === 0) return [fine(check, `version ${newest.version} is valid`)];
    return [
      warning(
        check,
        `version ${newest.version} is valid with ${counted(warnings, "warning")}; see: policy check`,
      ),
    ];
  });
}
