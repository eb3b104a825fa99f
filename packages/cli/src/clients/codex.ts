import { join } from "node:path";
import type { ClientKind } from "./client-kind.ts";
import { linkRoot, namedFolder } from "./places.ts";

export const CODEX: ClientKind = {
  id: "codex",
  title: "Codex",
  format: "toml",
  places: (places) => {
    const { home, project } = places;
    const folder = namedFolder(places, "CODEX_HOME", join(home, ".codex"));
    return [
      { path: join(project, ".codex", "config.toml"), scope: "project", root: project },
      { path: join(folder, "config.toml"), scope: "user", root: linkRoot(places, folder) },
    ];
  },
  tables: (document) => (Object.hasOwn(document, "mcp_servers") ? [["mcp_servers"]] : []),
  members: {
    url: ["url"],
    headers: ["http_headers"],
    envHeaders: "env_http_headers",
    bearerVariable: "bearer_token_env_var",
    inheritedVariables: "env_vars",
  },
  variables: "none",
  httpEntry: (url, headers) => ({ url, http_headers: headers }),
  commandExtras: {},
};
