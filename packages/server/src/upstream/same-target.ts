import type { Target } from "../call/records.ts";

/** True when both name the same place, so that what was learnt of one holds for the other. */
export function isSameTarget(a: Target, b: Target): boolean {
  if (a === b) return true;
  if (a.sealed !== b.sealed) return false;
  if (a.kind === "http") return b.kind === "http" && a.url === b.url;
  if (b.kind !== "stdio" || a.command.length !== b.command.length) return false;
  if (a.environment !== b.environment || a.workingDirectory !== b.workingDirectory) return false;
  return a.command.every((argument, index) => argument === b.command[index]);
}
