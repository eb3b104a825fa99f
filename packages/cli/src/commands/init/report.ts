import type { ClientFile } from "../../clients/discover.ts";
import type { Applied } from "./apply.ts";
import type { Plan, PlannedServer } from "./plan.ts";
import { diffOf } from "./show-plan.ts";

/** What `init --json` prints: nothing in it is a secret. `applied` is undefined when nothing was to be changed. */
export function toInitReport(
  files: readonly ClientFile[],
  plan: Plan,
  applied: readonly Applied[] | undefined,
): object {
  return {
    applied: applied !== undefined,
    files: files.map((file) => {
      const planned = plan.files.find((each) => each.file === file);
      const done = applied?.find((each) => each.file === planned);
      return {
        client: file.kind.id,
        path: file.place.path,
        problem: file.problem ?? done?.problem ?? null,
        rewritten: done !== undefined && done.problem === undefined,
        backup: done?.backup ?? null,
        grants: done?.grants ?? [],
        warnings: done?.warnings ?? [],
        // Two projects of one file may name a server alike.
        entries: file.entries.map((each) => ({
          name: each.name,
          status: planned?.entries.some(({ entry }) => entry === each) === true ? "planned" : each.state.kind,
        })),
        diff: planned === undefined ? [] : diffOf(planned),
      };
    }),
    servers: plan.servers.map(toServer),
    combinations: plan.report.combinations.map(({ id, title, isBroken }) => ({ id, title, isBroken })),
    left: plan.left.map(({ client, path, server, reason }) => ({
      client,
      path,
      server: server ?? null,
      reason,
    })),
  };
}

function toServer({ name, known, recommendation, entries, findings }: PlannedServer): object {
  return {
    name,
    isNew: known === undefined,
    clients: [...new Set(entries.map(({ file }) => file.kind.id))],
    tools: recommendation.tools.map(({ tool, verdict, kind }) => ({
      name: tool.name,
      category: verdict.category,
      risk: verdict.risk,
      recommended: kind,
    })),
    findings,
    policy: recommendation.document,
  };
}
