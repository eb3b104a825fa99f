import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Io } from "./io.ts";

/** The data folder: `--data`, PORTCULLIS_DATA, `./data` under `npm start`, else `$XDG_DATA_HOME/portcullis`. */
export function dataDirOf(io: Io, flag: string | undefined): string {
  const named = flag ?? nonEmpty(io.env["PORTCULLIS_DATA"]);
  if (named !== undefined) return resolvePath(io, named);
  if (io.env["npm_lifecycle_event"] === "start") return join(userDir(io), "data");
  return join(dataHome(io), "portcullis");
}

/** A path as the user typed it, made absolute. */
export function resolvePath(io: Io, path: string): string {
  return resolve(userDir(io), path);
}

/** How the user calls this program, for advice that can be copied. */
export function selfCommand(io: Io): string {
  if (isOwnScript(io)) return "npm run -s portcullis --";
  return io.env["npm_lifecycle_event"] === "npx" ? "npx portcullis" : "portcullis";
}

/**
 * npm runs a script in the package's root and leaves the user's folder in INIT_CWD. Under any other script (a test
 * runner that starts us) INIT_CWD is somebody else's.
 */
function userDir(io: Io): string {
  const initial = nonEmpty(io.env["INIT_CWD"]);
  return isOwnScript(io) && initial !== undefined && isAbsolute(initial) ? initial : io.cwd;
}

function isOwnScript(io: Io): boolean {
  const event = io.env["npm_lifecycle_event"];
  return event === "start" || event === "portcullis";
}

function dataHome(io: Io): string {
  // The XDG specification tells to ignore a relative path.
  const named = io.env["XDG_DATA_HOME"] ?? "";
  return isAbsolute(named) ? named : join(nonEmpty(io.env["HOME"]) ?? homedir(), ".local", "share");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
