import { isDeepStrictEqual } from "node:util";
import { recommendStack, type ServerRecommendation, type StackReport } from "@portcullis/catalogue";
import { err, ok, type Result } from "@portcullis/policy";
import type { ClientFile } from "../../clients/discover.ts";
import type { EndedEntry } from "../../clients/ended-entries.ts";
import { gatewayMembers, type Way } from "../../clients/gateway-entry.ts";
import type { Look } from "../../clients/look.ts";
import { rewriteEntry } from "../../clients/rewrite.ts";
import { isInRepository } from "../../clients/shared-file.ts";
import { type Candidate, type FoundEntry, freeName } from "./candidate.ts";

/** A server whose tools are known, so that there is a policy for it. */
export interface PlannedServer extends Candidate {
  readonly look: Look;
  readonly recommendation: ServerRecommendation;
}

/** An entry that goes through the gateway afterwards. */
export interface PlannedEntry extends FoundEntry {
  readonly server: PlannedServer;
  readonly way: Way["kind"];
}

/** A file as it will be. */
export interface PlannedFile {
  readonly file: ClientFile;
  readonly entries: readonly PlannedEntry[];
  /** With {@link SHOWN_TOKEN} for each token. */
  readonly preview: string;
  readonly isShared: boolean;
}

/** What stays as it is, and why. */
export interface LeftAlone {
  readonly client: string;
  readonly path: string;
  /** Undefined for a whole file. */
  readonly server: string | undefined;
  readonly reason: string;
}

export interface Plan {
  readonly servers: readonly PlannedServer[];
  readonly files: readonly PlannedFile[];
  readonly left: readonly LeftAlone[];
  readonly report: StackReport;
}

/** Stands for a token that is made when the plan is carried out. */
export const SHOWN_TOKEN = "pcl_g_***";

export interface PlanInput {
  readonly files: readonly ClientFile[];
  readonly looks: readonly (readonly [Candidate, Result<Look, string>])[];
  readonly urlOf: (server: Candidate) => string;
  readonly dataDir: string;
  readonly ended: readonly EndedEntry[];
}

export function makePlan({ files, looks, urlOf, dataDir, ended }: PlanInput): Plan {
  const seen = looks.flatMap(([candidate, look]) => (look.ok ? [{ candidate, look: look.value }] : []));
  const report = recommendStack(
    seen.map(({ candidate, look }) => ({ server: candidate.name, tools: look.classified })),
  );
  const servers = seen.flatMap(({ candidate, look }): readonly PlannedServer[] => {
    const recommendation = report.servers.find(({ server }) => server === candidate.name);
    return recommendation === undefined ? [] : [{ ...candidate, look, recommendation }];
  });
  const left = [...leftAlone(files), ...notStarted(looks), ...endedOf(files, ended)];
  const planned = files.flatMap((file): readonly PlannedFile[] => {
    const entries = entriesOf(file, servers);
    if (entries.length === 0 || file.file === undefined) return [];
    const preview = rewriteAll(file.file.text, entries, ({ server, way, entry }) =>
      way === "http"
        ? { kind: way, url: urlOf(server), token: SHOWN_TOKEN }
        : { kind: way, label: freeName(`${file.kind.id}-${entry.name}`, new Set()), dataDir },
    );
    if (preview.ok) return [{ file, entries, preview: preview.value, isShared: isShared(file) }];
    left.push({ client: file.kind.id, path: file.place.path, server: undefined, reason: preview.error });
    return [];
  });
  const used = new Set(planned.flatMap(({ entries }) => entries.map(({ server }) => server)));
  return { servers: servers.filter((server) => used.has(server)), files: planned, left, report };
}

/** The text with every entry rewritten, one after the other. */
function rewriteAll(
  text: string,
  entries: readonly PlannedEntry[],
  wayOf: (entry: PlannedEntry) => Way,
): Result<string, string> {
  let rewritten = text;
  for (const planned of entries) {
    const { kind } = planned.file;
    const next = rewriteEntry(kind, rewritten, planned.entry.path, gatewayMembers(kind, wayOf(planned)));
    if (!next.ok) return err(`\`${planned.entry.name}\`: ${next.error}`);
    rewritten = next.value;
  }
  return ok(rewritten);
}

function entriesOf(file: ClientFile, servers: readonly PlannedServer[]): readonly PlannedEntry[] {
  return file.entries.flatMap((entry) => {
    const server = servers.find((each) => each.entries.some((found) => found.entry === entry));
    if (server === undefined) return [];
    // INVARIANT: no token goes into a file that others are meant to see.
    const way = file.kind.httpEntry === undefined || isShared(file) ? "command" : "http";
    return [{ file, entry, server, way } as const];
  });
}

function isShared({ file }: ClientFile): boolean {
  return file !== undefined && isInRepository(file.realPath);
}

function leftAlone(files: readonly ClientFile[]): LeftAlone[] {
  return files.flatMap(({ kind, place, file, problem, entries }): readonly LeftAlone[] => {
    const whole = problem ?? (entries.some(({ state }) => state.kind === "server") ? file?.fixed : undefined);
    const at = { client: kind.id, path: place.path };
    if (whole !== undefined) return [{ ...at, server: undefined, reason: whole }];
    return entries.flatMap(({ name, state }) =>
      state.kind === "left" ? [{ ...at, server: name, reason: state.reason }] : [],
    );
  });
}

/** Only those that still go to the gateway: the others nobody misses. */
function endedOf(files: readonly ClientFile[], ended: readonly EndedEntry[]): readonly LeftAlone[] {
  return files.flatMap(({ kind, place, entries }) =>
    entries.flatMap(({ name, path, state }) => {
      const found = ended.find((each) => each.file === place.path && isDeepStrictEqual(each.path, path));
      if (found === undefined || state.kind !== "governed") return [];
      return [{ client: kind.id, path: place.path, server: name, reason: found.reason }];
    }),
  );
}

function notStarted(looks: PlanInput["looks"]): readonly LeftAlone[] {
  return looks.flatMap(([candidate, look]) =>
    look.ok
      ? []
      : candidate.entries.map(({ file, entry }) => ({
          client: file.kind.id,
          path: file.place.path,
          server: entry.name,
          reason: look.error,
        })),
  );
}
