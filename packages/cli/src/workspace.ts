import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Config,
  type DataFolder,
  openDataFolder,
  openState,
  publicUrlOf,
  readRunning,
  resolveConfig,
  type State,
} from "@portcullis/server";
import { type Context, refuse } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";

/** The data folder of a command, open. */
export interface Workspace {
  readonly folder: DataFolder;
  readonly state: State;
}

/**
 * Opens the data folder for `work` and closes it afterwards. Only commands that begin something create a folder:
 * elsewhere a missing one is a mistyped name. A failing database is one line and exit code 2.
 */
export async function withWorkspace(
  context: Context,
  options: { readonly create: boolean },
  work: (workspace: Workspace) => Promise<ExitCode> | ExitCode,
): Promise<ExitCode> {
  const { dataDir } = context;
  if (!options.create && !existsSync(join(dataDir, "state.db"))) {
    return refuse(
      context,
      `nothing is in the data folder \`${dataDir}\` yet; name another with \`--data DIR\`, or begin with \`server add\``,
    );
  }
  const folder = openDataFolder(dataDir);
  if (!folder.ok) return refuse(context, folder.error);
  const state = openState(folder.value.stateFile);
  if (!state.ok) return refuse(context, state.error);
  try {
    return await work({ folder: folder.value, state: state.value });
  } catch (cause) {
    if (!isDatabaseError(cause)) throw cause;
    return refuse(
      context,
      `the data folder \`${dataDir}\` cannot be used: ${cause.message}; nothing was changed`,
    );
  } finally {
    state.value.db.close();
  }
}

/** True for what SQLite throws: locked, full, damaged. */
export function isDatabaseError(cause: unknown): cause is Error {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_SQLITE_ERROR";
}

/** The gateway's URL of a server: of the running gateway, else as configured. */
export async function gatewayUrlOf(context: Context, serverId: string): Promise<string> {
  return (await gatewayUrls(context))(serverId);
}

/** The gateway's URLs of many servers. */
export async function gatewayUrls(context: Context): Promise<(serverId: string) => string> {
  const base = await gatewayBaseOf(context);
  return (serverId) => `${base}/mcp/${serverId}/`;
}

async function gatewayBaseOf({ dataDir, io }: Context): Promise<string> {
  const running = readRunning(dataDir);
  if (running !== undefined) return running.url;
  const resolved = await resolveConfig({ flags: {}, env: io.env, dataDir });
  return resolved.ok ? configuredUrl(resolved.value.config) : "http://127.0.0.1:7411";
}

function configuredUrl(config: Config): string {
  return publicUrlOf(config, config.port);
}
