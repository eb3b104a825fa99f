import { join } from "node:path";
import type { PolicyDocument, Result } from "@portcullis/policy";
import {
  addServer,
  createGrant,
  openState,
  publishPolicy,
  recordObserved,
  revokeGrant,
  type ServerId,
  type State,
} from "@portcullis/server";
import { FolderKeys } from "../../packages/server/src/storage/keys.ts";
import { SERVERS, type ServerSetting } from "./settings.ts";

/** One agent with its grant. */
export interface Client {
  readonly label: string;
  readonly grant: string;
  readonly token: string;
  readonly server: RegisteredServer;
  readonly isShadow: boolean;
  isRevoked: boolean;
  /** Legacy: the session that it believes to have, and in which life of the gateway it was opened. */
  session: { readonly id: string; readonly life: number } | undefined;
  isOpening: boolean;
}

export interface RegisteredServer {
  readonly id: ServerId;
  readonly setting: ServerSetting;
  version: number;
  document: PolicyDocument;
}

const CLIENTS_PER_SERVER = 4;
const FOREVER_MS = 10 * 365 * 86_400_000;

/** What people decide: kept by the real storage in a file of its own, changed beside the running gateway. */
export class Organisation {
  readonly stateFile: string;
  readonly keys = new FolderKeys(Buffer.from("0123456789abcdefghijklmnopqrstuv"));
  readonly servers: readonly RegisteredServer[];
  readonly clients: Client[] = [];
  /** Who goes on calling with a token that ended. */
  readonly revoked: Client[] = [];
  readonly #state: State;
  #labels = 0;

  constructor(folder: string, nowMs: number) {
    this.stateFile = join(folder, "state.db");
    this.#state = unwrap(openState(this.stateFile));
    this.#state.db.exec("PRAGMA synchronous = OFF");
    this.servers = SERVERS.map((setting) => this.#register(setting, nowMs));
    for (const server of this.servers)
      for (let count = 0; count < CLIENTS_PER_SERVER; count += 1) this.#admit(server, count === 0, nowMs);
  }

  get name(): string {
    return this.#state.organisation;
  }

  /** Ends a grant, and gives its place to a new one. */
  revoke(client: Client, nowMs: number): void {
    unwrap(revokeGrant(this.#state, client.grant, nowMs));
    client.isRevoked = true;
    this.clients.splice(this.clients.indexOf(client), 1);
    this.revoked.push(client);
    this.#admit(client.server, client.isShadow, nowMs);
  }

  /** The next version of a server's policy governs from now on. */
  edit(server: RegisteredServer, nowMs: number): void {
    server.version += 1;
    server.document = server.setting.policy(server.version);
    this.#publish(server, nowMs);
  }

  close(): void {
    this.#state.db.close();
  }

  #register(setting: ServerSetting, nowMs: number): RegisteredServer {
    const { name, era, tools } = setting;
    const target = { kind: "http", url: `http://${name}.test/mcp`, headers: [] } as const;
    const options = { name, target, era, deadlineMs: 55_000, onChange: "block" } as const;
    const { id } = unwrap(addServer(this.#state, this.keys.credentialKey, options, nowMs));
    const observed = tools.map((tool) => ({ name: tool, definition: { name: tool }, hash: tool }));
    recordObserved(this.#state, id, observed, { complete: true }, nowMs);
    const server = { id, setting, version: 1, document: setting.policy(1) };
    this.#publish(server, nowMs);
    return server;
  }

  #publish({ setting, document }: RegisteredServer, nowMs: number): void {
    const version = { server: setting.name, name: "rules", document, source: "", author: "s", note: "" };
    unwrap(publishPolicy(this.#state, version, nowMs));
  }

  #admit(server: RegisteredServer, isShadow: boolean, nowMs: number): void {
    this.#labels += 1;
    const label = `agent-${this.#labels}`;
    const mode = isShadow ? "shadow" : "enforce";
    const expiresAtMs = nowMs + FOREVER_MS;
    const asked = { label, server: server.setting.name, policy: "rules", mode, expiresAtMs } as const;
    const { grant, token } = unwrap(createGrant(this.#state, this.keys, asked, nowMs));
    const client = { label, grant: grant.id, token, server, isShadow, isRevoked: false };
    this.clients.push({ ...client, session: undefined, isOpening: false });
  }
}

function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
