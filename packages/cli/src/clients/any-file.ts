import { basename, dirname } from "node:path";
import { isJsonObject, type JsonObject } from "@portcullis/policy";
import { CLAUDE_CODE } from "./claude-code.ts";
import { CLAUDE_DESKTOP } from "./claude-desktop.ts";
import type { ClientKind } from "./client-kind.ts";
import { CODEX } from "./codex.ts";
import { CURSOR } from "./cursor.ts";
import { GEMINI_CLI } from "./gemini-cli.ts";
import { VSCODE } from "./vscode.ts";
import { WINDSURF } from "./windsurf.ts";

/** A file that somebody names: any spelling of any client. */
const ANY_JSON: ClientKind = {
  id: "file",
  title: "File",
  format: "json",
  places: () => [],
  tables: (document) => {
    const inSettings = Object.hasOwn(document, "mcp") ? document["mcp"] : undefined;
    return [
      ...["mcpServers", "servers"].filter((name) => Object.hasOwn(document, name)).map((name) => [name]),
      ...(isJsonObject(inSettings ?? null) && Object.hasOwn(inSettings as JsonObject, "servers")
        ? [["mcp", "servers"]]
        : []),
      ...CLAUDE_CODE.tables(document).filter(([first]) => first === "projects"),
    ];
  },
  members: { url: ["url", "serverUrl"], httpUrl: ["httpUrl"], headers: ["headers"], envFile: "envFile" },
  variables: "any",
  httpEntry: undefined,
  commandExtras: {},
};

/** How a file that somebody names is read: as its client would, where its path says which. */
export function kindOfFile(path: string): ClientKind {
  const name = basename(path);
  if (name.endsWith(".toml")) return CODEX;
  const folder = basename(dirname(path));
  if (folder === ".cursor") return CURSOR;
  if (folder === ".vscode" || folder === "User") return VSCODE;
  if (folder === ".gemini") return GEMINI_CLI;
  const byName = new Map([
    [".mcp.json", CLAUDE_CODE],
    [".claude.json", CLAUDE_CODE],
    ["claude_desktop_config.json", CLAUDE_DESKTOP],
    ["mcp_config.json", WINDSURF],
  ]);
  return byName.get(name) ?? ANY_JSON;
}
