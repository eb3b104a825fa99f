import { join } from "node:path";
import { type ClientKind, mcpServersTable } from "./client-kind.ts";

export const GEMINI_CLI: ClientKind = {
  id: "gemini-cli",
  title: "Gemini CLI",
  format: "json",
  places: ({ home, project }) => [
    { path: join(project, ".gemini", "settings.json"), scope: "project", root: project },
    { path: join(home, ".gemini", "settings.json"), scope: "user", root: home },
  ],
  tables: mcpServersTable,
  members: { url: ["url"], httpUrl: ["httpUrl"], headers: ["headers"] },
  variables: "dollar",
  httpEntry: (httpUrl, headers) => ({ httpUrl, headers }),
  commandExtras: {},
};
