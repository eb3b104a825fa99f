import type { Server } from "../../call/records.ts";
import type { Warn } from "../channel/channel-pool.ts";

/** How stdio upstreams are run; every member has a default in {@link STDIO_DEFAULTS}. */
export interface StdioOptions {
  /** The environment that allowed names are taken from. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Names that child processes inherit besides the harmless few of `environment.ts`. */
  readonly allowEnv?: readonly string[];
  /** Every word of a server's command, with what is secret in it. Default: those on its record. May throw. */
  readonly commandOf?: (server: Server) => readonly string[];
  /** Variables that one server's record adds; they win over inherited ones. */
  readonly serverEnv?: (server: Server) => { readonly [name: string]: string };
  /** Where the processes of a server start. Default: this process's working directory. */
  readonly workingDirectory?: (server: Server) => string;
  /** A process that served nothing for so long is stopped. */
  readonly idleMs?: number;
  /** Living processes of one server, those that are stopping included; beyond it the longest idle one of who has most makes room. */
  readonly maxProcessesPerServer?: number;
  /** Longest line read from a process; a longer one is skipped and fails the request it may belong to. */
  readonly maxLineBytes?: number;
  /** From the first polite request to stop until SIGKILL. */
  readonly killAfterMs?: number;
  /** Longest time for which a process may leave a write unread. */
  readonly stallMs?: number;
  /** Monotonic clock, milliseconds; decides back-off, and who is idle for longest. */
  readonly now?: () => number;
  /** Log line: stable event, labels and numbers, never what a process wrote. */
  readonly warn?: Warn;
}

/** {@link StdioOptions} with nothing left out. */
export type StdioSettings = Required<StdioOptions>;

/** The bounds of one child process. */
export const STDIO_DEFAULTS = {
  idleMs: 10 * 60_000,
  maxProcessesPerServer: 8,
  maxLineBytes: 8 * 1024 * 1024,
  killAfterMs: 5_000,
  stallMs: 30_000,
} as const;

/** Fills what is left out. */
export function toStdioSettings(options: StdioOptions): StdioSettings {
  return {
    env: process.env,
    allowEnv: [],
    commandOf: ({ target }) => (target.kind === "stdio" ? target.command : []),
    serverEnv: () => ({}),
    workingDirectory: () => process.cwd(),
    now: () => performance.now(),
    warn: () => {},
    ...STDIO_DEFAULTS,
    ...options,
  };
}
