import { CLAUDE_CODE } from "./claude-code.ts";
import { CLAUDE_DESKTOP } from "./claude-desktop.ts";
import type { ClientKind } from "./client-kind.ts";
import { CODEX } from "./codex.ts";
import { CURSOR } from "./cursor.ts";
import { GEMINI_CLI } from "./gemini-cli.ts";
import { VSCODE } from "./vscode.ts";
import { WINDSURF } from "./windsurf.ts";

/** Every client whose files are known, in the order of reports. */
export const CLIENTS: readonly ClientKind[] = [
  CLAUDE_DESKTOP,
  CLAUDE_CODE,
  CURSOR,
  VSCODE,
  WINDSURF,
  GEMINI_CLI,
  CODEX,
];

/** Why `--client` cannot be this; undefined where it can. */
export function unknownClient(client: string | undefined): string | undefined {
  if (client === undefined || CLIENTS.some(({ id }) => id === client)) return undefined;
  return `there is no client \`${client}\`; known: ${CLIENTS.map(({ id }) => `\`${id}\``).join(", ")}`;
}
