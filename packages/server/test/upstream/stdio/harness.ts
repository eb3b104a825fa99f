import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { JsonObject, JsonValue } from "@portcullis/policy";
import type { Exchange, UpstreamRequest } from "../../../src/call/ports.ts";
import type { Server, ServerId } from "../../../src/call/records.ts";
import { readMessage } from "../../../src/mcp/json-rpc.ts";
import type { StdioOptions } from "../../../src/upstream/stdio/options.ts";
import { StdioUpstreams } from "../../../src/upstream/stdio/stdio-upstreams.ts";
import { type Cleanup, type Listener, listener, serverAt, type Told } from "../harness.ts";

/** The command of one of the small servers in `fixtures/`. */
export function fixture(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url)), ...args];
}

export function stdioServer(command: readonly string[], more: Partial<Server> = {}): Server {
  const target = { kind: "stdio", command, environment: undefined, workingDirectory: undefined } as const;
  return { ...serverAt("http://unused.invalid/"), target, ...more };
}

export const SCRIPTED = stdioServer(fixture("scripted"));
export const OTHER_ID = "srv_1111111111111111" as ServerId;

export function openStdio(cleanup: Cleanup, options: StdioOptions = {}): StdioUpstreams {
  const upstreams = new StdioUpstreams({ killAfterMs: 2_000, ...options });
  cleanup.add(() => upstreams[Symbol.asyncDispose]());
  return upstreams;
}

/** What a test says about a request besides its message. */
export type More = Partial<UpstreamRequest>;

export type Heard = Listener & { readonly exchange: Exchange };

/** Speaks to one server through `upstreams`, as the line does. */
export class Client {
  readonly #upstreams: StdioUpstreams;
  readonly #defaults: More;
  readonly server: Server;

  constructor(upstreams: StdioUpstreams, server: Server = SCRIPTED, defaults: More = {}) {
    this.#upstreams = upstreams;
    this.server = server;
    this.#defaults = { era: "legacy", channel: "channel", ...defaults };
  }

  /** Sends one message without waiting. */
  send(value: JsonObject, more: More = {}): Heard {
    const read = readMessage(value);
    if (!read.ok) throw new TypeError(`a test must send messages: ${read.error.reason}`);
    return this.verb("POST", { body: Buffer.from(JSON.stringify(value)), message: read.value, ...more });
  }

  verb(verb: UpstreamRequest["verb"], more: More = {}): Heard {
    const heard = listener();
    const request: UpstreamRequest = {
      server: this.server,
      verb,
      body: undefined,
      message: undefined,
      era: "legacy",
      headers: [],
      channel: "channel",
      grant: undefined,
      upstreamSession: undefined,
      deadlineMs: 10_000,
      ...this.#defaults,
      ...more,
    };
    return { ...heard, exchange: this.#upstreams.open(request, heard.sink) };
  }

  /** Sends one request without waiting. */
  ask(id: string | number, method: string, params: JsonObject = {}, more: More = {}): Heard {
    return this.send({ jsonrpc: "2.0", id, method, params }, more);
  }

  /** A request that the scripted server serves step by step. */
  run(id: string | number, steps: readonly Step[], more: More = {}, meta: JsonObject = {}): Heard {
    return this.ask(id, "tools/call", { _meta: meta, steps: toJson(steps) }, more);
  }

  notify(method: string, params: JsonObject = {}, more: More = {}): Heard {
    return this.send({ jsonrpc: "2.0", method, params }, more);
  }

  async initialize(more: More = {}): Promise<readonly Told[]> {
    return await this.ask("init", "initialize", {}, more).done;
  }

  /** What the scripted server saw so far and where it runs. */
  async look(more: More = {}): Promise<Look> {
    const result = resultOf(await this.ask("look", "tools/list", {}, more).done);
    return result as unknown as Look;
  }
}

/** One step of the scripted server; its head says which there are. */
export type Step = object;

/** The same value, as plain JSON. */
export function toJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

export interface Look {
  readonly pid: number;
  /** Lines of the client, oldest first. */
  readonly seen: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly args: readonly string[];
  readonly folder: string;
}

/** The result in a whole answer. */
export function resultOf(told: readonly Told[]): JsonValue | undefined {
  const [first] = told;
  if (first === undefined || !("answer" in first))
    throw new Error(`no whole answer: ${JSON.stringify(told)}`);
  const value = JSON.parse(first.body) as JsonObject;
  return value["result"];
}

/** The messages of a stream, read. */
export function eventsOf(told: readonly Told[]): JsonObject[] {
  return told.flatMap((one) => ("event" in one ? [JSON.parse(one.event) as JsonObject] : []));
}

/** A whole answer as it was told: status, message. */
export function answered(id: string | number, result: JsonValue): Told[] {
  return [{ answer: 200, body: JSON.stringify({ jsonrpc: "2.0", id, result }) }];
}

export function failed(kind: string, sent: boolean): unknown[] {
  return [{ fail: { kind, sent } }];
}

/** A port on which processes show that they live. */
export interface LifeSigns {
  readonly port: string;
  /** Resolves when the process that calls itself `name` has connected, and then when it is gone. */
  living(name: string): Promise<{ readonly gone: Promise<void> }>;
}

export async function openLifeSigns(cleanup: Cleanup): Promise<LifeSigns> {
  const known = new Map<string, PromiseWithResolvers<{ readonly gone: Promise<void> }>>();
  const slot = (name: string) => {
    const found = known.get(name) ?? Promise.withResolvers<{ readonly gone: Promise<void> }>();
    known.set(name, found);
    return found;
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", (data) => slot(data.toString().trim()).resolve({ gone }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  return { port, living: (name) => slot(name).promise };
}
