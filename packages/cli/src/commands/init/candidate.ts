import { isDeepStrictEqual } from "node:util";
import type { ClientEntry, ClientFile } from "../../clients/discover.ts";
import { findKnown, identityOf, type KnownServer } from "../../clients/known-servers.ts";
import type { LookAlikes } from "../../clients/look-alikes.ts";
import type { Target } from "../../clients/server-target.ts";
import { type Finding, lookAlikeFindings } from "../scan/findings.ts";

/** A server that goes into the data folder, and the entries that will reach it through the gateway. */
export interface Candidate {
  /** Its name in the data folder. */
  readonly name: string;
  readonly target: Target;
  readonly entries: readonly FoundEntry[];
  /** What is said of its package, before anything of it is started. */
  readonly findings: readonly Finding[];
  /** Registered already, with this very command or URL. */
  readonly known: KnownServer | undefined;
}

export interface FoundEntry {
  readonly file: ClientFile;
  readonly entry: ClientEntry;
}

/** The servers of these files: one for each command or URL, however many clients name it. */
export function toCandidates(
  files: readonly ClientFile[],
  known: readonly KnownServer[],
  lookAlikes: LookAlikes,
): readonly Candidate[] {
  const groups: { target: Target; identity: unknown; entries: FoundEntry[] }[] = [];
  for (const file of files) {
    if (file.problem !== undefined || file.file?.fixed !== undefined) continue;
    for (const entry of file.entries) {
      if (entry.state.kind !== "server") continue;
      const { target } = entry.state;
      const identity = identityOf(target);
      const group = groups.find((each) => isDeepStrictEqual(each.identity, identity));
      if (group === undefined) groups.push({ target, identity, entries: [{ file, entry }] });
      else group.entries.push({ file, entry });
    }
  }
  const taken = new Set(known.map(({ name }) => name));
  return groups.map(({ target, entries }) => {
    const found = findKnown(known, target);
    const name = found?.name ?? freeName(entries[0]?.entry.name ?? "server", taken);
    taken.add(name);
    const findings = lookAlikeFindings(target.kind === "stdio" ? target.command : undefined, lookAlikes);
    return { name, target, entries, findings, known: found };
  });
}

const MAX_NAME = 64;

/** `[a-z0-9-]{1,64}` out of what people call a server, with a number where it is taken. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const plain =
    wanted
      .normalize("NFKD")
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "server";
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? "" : `-${count}`;
    const name = plain.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!taken.has(name)) return name;
  }
}
