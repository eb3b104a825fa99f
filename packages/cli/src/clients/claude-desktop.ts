import { join } from "node:path";
import { type ClientKind, mcpServersTable } from "./client-kind.ts";
import { linkRoot } from "./places.ts";

/** Starts commands only: servers over HTTP are added in its settings, not in the file. */
export const CLAUDE_DESKTOP: ClientKind = {
  id: "claude-desktop",
  title: "Claude Desktop",
  format: "json",
  places: (places) => {
    const path = join(places.settings, "Claude", "claude_desktop_config.json");
    return [{ path, scope: "user", root: linkRoot(places, places.settings) }];
  },
  tables: mcpServersTable,
  members: { url: ["url"], headers: ["headers"] },
  variables: "none",
  httpEntry: undefined,
  commandExtras: {},
};
