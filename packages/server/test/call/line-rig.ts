import { Writable } from "node:stream";
import { type PolicyDocument, type Result, validatePolicy } from "@portcullis/policy";
import { JsonLinesAudit } from "../../src/audit/json-lines-audit.ts";
import type { Access } from "../../src/call/call.ts";
import type { Line } from "../../src/call/handle-call.ts";
import { identify } from "../../src/call/identify.ts";
import type { Audit, Clock, Counters, Ports } from "../../src/call/ports.ts";
import type { Era, Mode } from "../../src/call/records.ts";
import { MemoryCounters } from "../../src/counters/memory-counters.ts";
import { createAgentServer, drain, listen } from "../../src/front/http-server.ts";
import { assembleLine } from "../../src/line-parts.ts";
import { createGrant } from "../../src/storage/grant-rows.ts";
import { addServer } from "../../src/storage/server-rows.ts";
import type { State } from "../../src/storage/state.ts";
import { KEYS, NOW_MS, openTestState, publish, taken } from "../storage/fixtures.ts";
import { Cleanup } from "../upstream/harness.ts";
import { type Answer, type Seen, serveMcp } from "../upstream/mcp-fixture.ts";
import { NO_HEADERS } from "./access.ts";

export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";

export interface LineOptions {
  readonly era: Era;
  readonly policy: unknown;
  readonly mode?: Mode;
  readonly counters?: Counters;
  readonly audit?: Audit;
  /** Arguments of every tool that clients mirror, and the headers that they go into. */
  readonly mirrors?: { readonly [argument: string]: string };
  /** What of the gateway is broken. */
  readonly distort?: (ports: Ports) => Ports;
}

/** The whole line on a free port, in front of a server that counts its calls. Time stands still at `NOW_MS`. */
export interface LineRig extends AsyncDisposable {
  /** Where the agent calls, and with what. */
  readonly url: string;
  readonly token: string;
  /** One message of the agent: its status, and the JSON of the answer. */
  send(method: string, params: { readonly [name: string]: unknown }): Promise<Answered>;
  /** The tools that really ran, in order. */
  readonly ran: () => readonly unknown[];
  /** Rows of the log. */
  readonly rows: readonly { readonly [name: string]: unknown }[];
  readonly line: Line;
  /** Who calls, as it is now. */
  access(): Access;
  /** Events that operators are warned of. */
  readonly warned: readonly (readonly [event: string, fields: object])[];
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

const asItIs = (ports: Ports): Ports => ports;
const CLOCK: Clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
const INFO = { name: "test", version: "1" };

export async function openLine(options: LineOptions): Promise<LineRig> {
  const cleanup = new Cleanup();
  const upstream = await serveMcp(cleanup, scriptOf(options));
  const state = openTestState();
  // The snapshot is taken when the line is assembled: what governs must be there before.
  const { id, token } = register(state, upstream.url, options);
  const rows: { readonly [name: string]: unknown }[] = [];
  const warned: (readonly [string, object])[] = [];
  const hosts = new Set<string>();
  const assembled = assembleLine({
    state,
    keys: KEYS,
    audit: options.audit ?? new JsonLinesAudit(toRows(rows)),
    counters: options.counters ?? new MemoryCounters(CLOCK),
    observer: {
      refused: () => {},
      answered: () => {},
      warn: (event, fields) => warned.push([event, fields]),
    },
    config: { maxBodyBytes: 1_000_000, allowedHosts: hosts, allowedOrigins: new Set() },
    clock: CLOCK,
  });
  const line: Line = { ...assembled.line, ports: (options.distort ?? asItIs)(assembled.line.ports) };
  const agents = createAgentServer(line);
  const port = await listen(agents, "127.0.0.1", 0);
  hosts.add(`127.0.0.1:${port}`);
  const url = `http://127.0.0.1:${port}/mcp/${id}/`;
  const send = options.era === "modern" ? modernSender(url, token) : await legacySender(url, token);
  return {
    url,
    token,
    send,
    ran: () => namesCalled(upstream.seen),
    rows,
    line,
    access: () => {
      const digest = KEYS.tokenDigest(token) ?? "";
      const head = { verb: "POST", serverId: id, digest, headers: NO_HEADERS } as const;
      const access = identify(head, assembled.line.ports);
      if (!access.ok) throw new Error(access.error.kind);
      return access.value;
    },
    warned,
    [Symbol.asyncDispose]: async () => {
      await drain(agents, 0);
      await assembled[Symbol.asyncDispose]();
      await cleanup.run();
      state.db.close();
    },
  };
}

/** One server, one policy, one grant. */
function register(state: State, url: string, { era, policy, mode = "enforce" }: LineOptions) {
  const target = { kind: "http", url, headers: [] } as const;
  const server = { name: "stripe", target, era, deadlineMs: 20_000, onChange: "block" } as const;
  const { id } = taken(addServer(state, KEYS.credentialKey, server, NOW_MS));
  publish(state, validated(validatePolicy(policy)));
  const grant = { label: "agent", server: "stripe", policy: "support", mode, expiresAtMs: NOW_MS + 1_000 };
  return { id, token: taken(createGrant(state, KEYS, grant, NOW_MS)).token };
}

function validated(result: Result<PolicyDocument, unknown>): PolicyDocument {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function scriptOf({ era, mirrors = {} }: LineOptions) {
  const complete = era === "modern" ? { resultType: "complete" } : {};
  const names = ["run", "other", "held", "secret"];
  const properties = Object.fromEntries(
    Object.entries(mirrors).map(([name, header]) => [name, { type: "string", "x-mcp-header": header }]),
  );
  const tools = names.map((name) => ({ name, inputSchema: { type: "object", properties } }));
  const ran: Answer = { result: { ...complete, content: [{ type: "text", text: "ran" }] } };
  return {
    "server/discover": { result: { ...complete, supportedVersions: [MODERN], capabilities: {} } },
    initialize: { result: { protocolVersion: LEGACY, capabilities: {}, serverInfo: INFO } },
    "notifications/initialized": {},
    "tools/list": { result: { ...complete, tools } },
    "tools/call": ran,
    // A client's answer to the server.
    "": {},
    "prompts/get": ran,
    "resources/read": ran,
  };
}

function namesCalled(seen: readonly Seen[]): readonly unknown[] {
  return seen.filter(({ method }) => method === "tools/call").map(({ params }) => params?.["name"]);
}

type Send = LineRig["send"];

function modernSender(url: string, token: string): Send {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return async (method, params) => {
    const name = params["name"] ?? params["uri"];
    const headers = {
      "mcp-protocol-version": MODERN,
      "mcp-method": method,
      ...(name === undefined ? {} : { "mcp-name": String(name) }),
    };
    return answered(await post(url, token, headers, { id: 1, method, params: { ...params, _meta: meta } }));
  };
}

async function legacySender(url: string, token: string): Promise<Send> {
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: INFO };
  const opened = await post(url, token, {}, { id: 0, method: "initialize", params });
  await opened.text();
  const session = opened.headers.get("mcp-session-id");
  const headers = {
    "mcp-protocol-version": LEGACY,
    ...(session === null ? {} : { "mcp-session-id": session }),
  };
  return async (method, rest) => answered(await post(url, token, headers, { id: 1, method, params: rest }));
}

function post(url: string, token: string, headers: object, message: object): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  });
}

async function answered(response: Response): Promise<Answered> {
  return { status: response.status, body: await response.json() };
}

function toRows(rows: { readonly [name: string]: unknown }[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      rows.push(JSON.parse(chunk.toString()) as { readonly [name: string]: unknown });
      done();
    },
  });
}
