/** A data folder with what a contestant needs: a server, a policy and a grant on it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Result, validatePolicy } from "../../packages/policy/src/index.ts";
import {
  addServer,
  createGrant,
  type DataFolder,
  openDataFolder,
  openState,
  publishPolicy,
  type State,
} from "../../packages/server/src/index.ts";
import type { Era } from "../wire.ts";

export interface Registration {
  /** Name of the server, its policy and its grant. */
  readonly name: string;
  readonly era: Era;
  readonly upstreamUrl: string;
  readonly policy: unknown;
}

export interface Registered {
  readonly path: string;
  readonly token: string;
}

const VALID_MS = 30 * 86_400_000;

export function makeDataFolder(cleanup: AsyncDisposableStack): string {
  const dataDir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  cleanup.defer(() => rmSync(dataDir, { recursive: true }));
  return dataDir;
}

/** Writes what the command line would write, and more of it when `more` does. */
export function register(
  dataDir: string,
  registration: Registration,
  more?: (state: State, folder: DataFolder) => void,
): Registered {
  const { name, era, upstreamUrl, policy } = registration;
  const folder = unwrap(openDataFolder(dataDir));
  const state = unwrap(openState(folder.stateFile));
  try {
    const nowMs = Date.now();
    const target = { kind: "http", url: upstreamUrl, headers: [] } as const;
    const added = { name, target, era, deadlineMs: 55_000, onChange: "block" } as const;
    const server = unwrap(addServer(state, folder.keys.credentialKey, added, nowMs));
    const document = unwrap(validatePolicy(policy));
    const version = { server: name, name: "p", document, source: "", author: "bench", note: "" };
    unwrap(publishPolicy(state, version, nowMs));
    const grant = {
      label: name,
      server: name,
      policy: "p",
      mode: "enforce",
      expiresAtMs: nowMs + VALID_MS,
    } as const;
    const { token } = unwrap(createGrant(state, folder.keys, grant, nowMs));
    more?.(state, folder);
    return { path: `/mcp/${server.id}`, token };
  } finally {
    state.db.close();
  }
}

export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok)
    throw new Error(typeof result.error === "string" ? result.error : JSON.stringify(result.error));
  return result.value;
}
