import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { placesOf } from "../../src/clients/places.ts";
import type { Io } from "../../src/io.ts";
import { newFolder } from "../fake-io.ts";

/** A home folder with a project in it, and the files that clients keep there. */
export interface Home {
  readonly home: string;
  readonly project: string;
  readonly env: Io["env"];
  /** Path from the home folder. */
  write(path: string, text: string): string;
}

/** Where each client of this system keeps its servers, from the home folder. */
export const FILES = {
  claudeDesktop: ".config/Claude/claude_desktop_config.json",
  claudeCodeProject: "project/.mcp.json",
  claudeCodeUser: ".claude.json",
  cursorProject: "project/.cursor/mcp.json",
  cursorUser: ".cursor/mcp.json",
  vscodeProject: "project/.vscode/mcp.json",
  vscodeUser: ".config/Code/User/mcp.json",
  windsurf: ".codeium/windsurf/mcp_config.json",
  gemini: ".gemini/settings.json",
  codex: ".codex/config.toml",
} as const;

export function makeHome(env: Io["env"] = {}): Home {
  // macOS keeps temporary folders behind a link.
  const home = realpathSync(newFolder());
  const project = join(home, "project");
  mkdirSync(project);
  return {
    home,
    project,
    env: { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), ...env },
    write: (path, text) => {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
  };
}

/** An Io that must not be written to. */
export function readingIo({ env, project }: Home): Io {
  const refuse = (): never => {
    throw new Error("nothing is written here");
  };
  return {
    stdin: (async function* (): AsyncGenerator<string> {})(),
    stdout: { write: refuse },
    stderr: { write: refuse },
    env,
    cwd: project,
    stopSignal: () => new AbortController().signal,
    nowMs: () => 0,
  };
}

export function linuxPlaces(home: Home) {
  return placesOf(readingIo(home), "linux");
}
