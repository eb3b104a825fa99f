import { readFileSync } from "node:fs";

/** Clients get this part of the files that a process may open; the rest is for servers, databases and health checks. */
const PART_OF_CLIENTS = 0.6;

/**
 * How many connections of agents are held at a time, so that a crowd of them leaves the gateway able to call a server,
 * to write its log, and to say that it lives (faults F19). Undefined where the system sets no limit.
 */
export function maxAgentConnections(): number | undefined {
  const files = openFileLimit();
  return files === undefined ? undefined : Math.max(1, Math.floor(files * PART_OF_CLIENTS));
}

function openFileLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return reportedFileLimit();
  }
}

/** Where there is no `/proc`: slower, and known on every system that has such a limit. */
function reportedFileLimit(): number | undefined {
  // Who the connections are to is asked of name servers otherwise.
  Object.assign(process.report, { excludeNetwork: true });
  const report: unknown = process.report.getReport();
  const { userLimits } = report as { userLimits?: { open_files?: { soft: number | string } } };
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isFinite(limit) ? limit : undefined;
}
