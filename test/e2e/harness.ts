import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { type PolicyDocument, type Result, validatePolicy } from "@portcullis/policy";
import {
  addServer,
  createGrant,
  Database,
  type DataFolder,
  exportRows,
  type Gateway,
  type LogRow,
  listGrants,
  type NewServer,
  openDataFolder,
  openState,
  publishPolicy,
  resolveConfig,
  revokeGrant,
  type ServerRow,
  type State,
  startGateway,
  type Verification,
  verifyLedger,
} from "@portcullis/server";

const require = createRequire(import.meta.url);

/** The script behind a command of an npm package, to be run by this Node. */
export function commandOf(name: string, command?: string): readonly string[] {
  const manifest = findManifest(name);
  const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: string | { [name: string]: string } };
  const script = typeof bin === "string" ? bin : bin[command ?? Object.keys(bin)[0] ?? ""];
  if (script === undefined) throw new Error(`${name} has no command`);
  return [process.execPath, join(dirname(manifest), script)];
}

/** Some packages do not export their manifest. */
function findManifest(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const manifest = join(folder, name, "package.json");
    try {
      readFileSync(manifest);
      return manifest;
    } catch {
      // Look further up.
    }
  }
  throw new Error(`${name} is not installed`);
}

/** The value, or a failed test that says why there is none. */
export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export interface Registered {
  readonly id: ServerRow["id"];
  readonly url: string;
  readonly token: string;
}

/** A gateway of its own on a fresh data folder, with everything that a test looks at. */
export interface Rig extends AsyncDisposable {
  readonly folder: DataFolder;
  readonly state: State;
  readonly gateway: StartedGateway["gateway"];
  /** Every log line so far. */
  readonly logged: () => string;
  /** Registers a server with one policy and one grant. */
  add(name: string, target: NewServer["target"], policy: unknown, options?: Partial<NewServer>): Registered;
  /** Ends every grant, as `grant revoke` does from another process. */
  revokeAll(): void;
  rows(): readonly LogRow[];
  verify(): Verification;
}

/** Every row of a log, also while a gateway writes it. */
export function readRows(ledgerFile: string): readonly LogRow[] {
  const db = new Database(ledgerFile, { readOnly: true });
  try {
    return [...exportRows(db, {})];
  } finally {
    db.close();
  }
}

type Flags = Parameters<typeof resolveConfig>[0]["flags"];

/** A gateway, here or in a process of its own. */
export interface StartedGateway {
  readonly gateway: Pick<Gateway, "url" | "adminUrl" | "close">;
  readonly logged: () => string;
}

async function startHere(dataDir: string, flags: Flags): Promise<StartedGateway> {
  const { config } = unwrap(await resolveConfig({ flags: { port: 0, ...flags }, env: {}, dataDir }));
  let logged = "";
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  return { gateway: unwrap(await startGateway({ dataDir, config, log })), logged: () => logged };
}

/** `flags` are settings as the command line gives them, over any port. */
export async function startRig(
  flags: Flags = {},
  start: (dataDir: string, flags: Flags) => Promise<StartedGateway> = startHere,
): Promise<Rig> {
  const dataDir = mkdtempSync(join(tmpdir(), "portcullis-e2e-"));
  const folder = unwrap(openDataFolder(dataDir));
  const state = unwrap(openState(folder.stateFile));
  const { gateway, logged } = await start(dataDir, flags);
  let grants = 0;
  return {
    folder,
    state,
    gateway,
    logged,
    add(name, target, policy, options) {
      const now = Date.now();
      const server = unwrap(
        addServer(
          state,
          folder.keys.credentialKey,
          { name, target, era: "auto", deadlineMs: 20_000, onChange: "block", ...options },
          now,
        ),
      );
      const document: PolicyDocument = unwrap(validatePolicy(policy));
      unwrap(
        publishPolicy(
          state,
          { server: name, name: "test", document, source: "", author: "test", note: "" },
          now,
        ),
      );
      grants += 1;
      const minted = unwrap(
        createGrant(
          state,
          folder.keys,
          {
            label: `agent-${grants}`,
            server: name,
            policy: "test",
            mode: "enforce",
            expiresAtMs: now + 3_600_000,
          },
          now,
        ),
      );
      return { id: server.id, url: `${gateway.url}/mcp/${server.id}/`, token: minted.token };
    },
    revokeAll() {
      for (const { id } of listGrants(state)) unwrap(revokeGrant(state, id, Date.now()));
    },
    rows: () => readRows(folder.ledgerFile),
    verify: () =>
      verifyLedger({
        ledgerFile: folder.ledgerFile,
        publicKey: readFileSync(folder.auditPublicKeyFile, "utf8"),
        checkpoints: () =>
          existsSync(folder.checkpointsFile) ? readFileSync(folder.checkpointsFile, "utf8") : "",
      }),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      state.db.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
