import { homedir } from "node:os";
import { isAbsolute, join, relative, sep } from "node:path";
import { resolvePath } from "../data-folder.ts";
import type { Io } from "../io.ts";

/** Where clients keep their files, all absolute. */
export interface Places {
  readonly home: string;
  /** Where programs of this system keep the settings of a user. */
  readonly settings: string;
  /** The folder that the user works in: its files belong to a project. */
  readonly project: string;
  readonly env: Io["env"];
  readonly platform: NodeJS.Platform;
}

/** The places of the user whose environment this is. */
export function placesOf(io: Io, platform: NodeJS.Platform = process.platform): Places {
  const { env } = io;
  const home = (platform === "win32" ? env["USERPROFILE"] : env["HOME"]) || homedir();
  return { home, settings: settingsOf(home, env, platform), project: resolvePath(io, "."), env, platform };
}

function settingsOf(home: string, env: Io["env"], platform: NodeJS.Platform): string {
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return env["APPDATA"] || join(home, "AppData", "Roaming");
  const named = env["XDG_CONFIG_HOME"] ?? "";
  return isAbsolute(named) ? named : join(home, ".config");
}

/** The folder that a variable names, else `fallback`. */
export function namedFolder({ env }: Places, variable: string, fallback: string): string {
  const named = env[variable] ?? "";
  return isAbsolute(named) ? named : fallback;
}

/** Where links of a file in `folder` may lead: anywhere in the home of the user, if the folder is in it. */
export function linkRoot({ home }: Places, folder: string): string {
  return isInside(home, folder) ? home : folder;
}

/** True for the folder itself and everything below it; both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
