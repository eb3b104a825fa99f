import type { CommandEnd } from "./bounded-command.ts";
import type { PackageSpec } from "./package-spec.ts";
import type { ThrowawayFolder } from "./throwaway-folder.ts";

export interface InstallRequest {
  readonly spec: PackageSpec;
  readonly folder: ThrowawayFolder;
  /** The environment that the harmless few are taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** Which of the package's commands to start; undefined chooses. */
  readonly command: string | undefined;
  /** Requirements of PyPI to install with it, such as `mcp<2`. */
  readonly alongside: readonly string[];
  readonly timeoutMs: number;
  /** Of everything that is installed, caches in the folder included. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** One line: what failed, and the installer's own last word. */
export function installFailure(program: string, what: string, ended: CommandEnd): string {
  if (ended.isTooLarge) return `${program} unpacks more for \`${what}\` than is allowed`;
  if (ended.isLate) return `${program} did not install \`${what}\` in time`;
  if (ended.code === undefined) return `${program} could not be run, or was stopped`;
  const line = ended.lines.findLast((one) => /err|not found|no match/i.test(one)) ?? ended.lines.at(-1);
  return `${program} could not install \`${what}\`${line === undefined ? "" : `: ${line.trim()}`}`;
}
