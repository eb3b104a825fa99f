import { type DataFolder, findGrant, type State } from "@portcullis/server";
import { type RecordedEntry, readInitRecord } from "./init-record.ts";

/** An entry that `init` wrote and whose calls are refused by now. */
export interface EndedEntry extends Pick<RecordedEntry, "file" | "client" | "path"> {
  readonly reason: string;
}

export function endedEntries(
  folder: Pick<DataFolder, "path">,
  state: State,
  nowMs: number,
): readonly EndedEntry[] {
  const record = readInitRecord(folder);
  if (!record.ok) return [];
  return record.value.entries.flatMap(({ file, client, path, grant }) => {
    const why = endOf(state, grant, nowMs);
    return why === undefined
      ? []
      : [
          {
            file,
            client,
            path,
            reason: `${why}; \`restore --client ${client}\` and \`init\` again renew it`,
          },
        ];
  });
}

function endOf(state: State, id: string, nowMs: number): string | undefined {
  const grant = findGrant(state, id);
  if (grant === undefined || grant.revokedAtMs !== undefined) return "its grant is revoked";
  if (grant.expiresAtMs <= nowMs) return "its grant has expired";
  return grant.access.size === 0 ? "its server was removed" : undefined;
}
