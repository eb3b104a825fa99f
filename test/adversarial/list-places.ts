/** The ways on which a client sees a server's list: over HTTP or with `run`, of a server on the web or a child process. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CREDENTIAL, initialize, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { sendRaw } from "./raw-client.ts";
import type { HostedRun } from "./run-host.ts";
import { WatchedProcess } from "./watched-process.ts";
import { LEGACY } from "./world-server.ts";

export interface ListKind {
  readonly era: Target["era"];
  readonly front: "http" | "run";
  /** The server is a child process. */
  readonly isChild: boolean;
}

/** One client in front of one server. */
export interface ListPlace extends AsyncDisposable {
  readonly path: string;
  readonly era: Target["era"];
  readonly process: WatchedProcess;
  /** Sends one message; the JSON that answers it. */
  ask(more: Partial<Case>): Promise<string>;
  /** The audit rows of what was asked, as text. */
  rows(): readonly string[];
}

const POLICY = { version: "1", default: "allow" };
let places = 0;

/** A server and a client of their own. */
export function openListPlace(kind: ListKind, world: World, host: RunHost): Promise<ListPlace> {
  places += 1;
  const name = `list-${places}`;
  const path = `${kind.era === "modern" ? "modern" : "stateless"}/${name}`;
  return kind.front === "http" ? openOverHttp(kind, name, path, world) : host.open(kind, path, world);
}

async function openOverHttp(
  { era, isChild }: ListKind,
  name: string,
  path: string,
  world: World,
): Promise<ListPlace> {
  const command = world.relay.command(path);
  const { url, token } = isChild
    ? world.rig.add(name, { kind: "stdio", command }, POLICY, { era })
    : world.register(name, path, era, POLICY);
  const { host, pathname } = new URL(url);
  const opening: Target = { era, front: "http", path: pathname, host, token, session: undefined };
  const session = isChild && era === "legacy" ? await initialize(world, opening) : undefined;
  const target = { ...opening, session };
  const since = world.ledger.newest();
  return {
    path,
    era,
    process: world.process,
    ask: async (more) => {
      const answered = await sendRaw(world.rig.gateway.url, compose(asCase(more), target).wire);
      return answered.body.toString("utf8");
    },
    rows: () =>
      world.ledger
        .after(since)
        .filter(({ server }) => server === name)
        .map((row) => JSON.stringify(row)),
    [Symbol.asyncDispose]: async () => world.relay.end(path),
  };
}

function asCase(more: Partial<Case>): Case {
  return { family: "lists", id: "list", name: "list", threats: [31], expect: { forwarded: true }, ...more };
}

const COMMAND = [
  process.execPath,
  "--conditions=portcullis-source",
  join(import.meta.dirname, "run-host.ts"),
];
const TARGET = { front: "lines", path: "", host: "", token: "", session: undefined } as const;

/** A process that plays `run` for many clients. */
export class RunHost implements AsyncDisposable {
  readonly process: WatchedProcess;
  readonly #port: number;

  private constructor(process: WatchedProcess, port: number) {
    this.process = process;
    this.#port = port;
  }

  static async start(): Promise<RunHost> {
    const process = new WatchedProcess([], {}, COMMAND);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    createInterface({ input: process.child.stdout }).once("line", resolve);
    process.child.once("exit", () => reject(new Error(`the host of runs ended: ${process.logged}`)));
    return new RunHost(process, Number(await promise));
  }

  async open({ era, isChild }: ListKind, path: string, world: World): Promise<ListPlace> {
    const rows = join(mkdtempSync(join(world.folder, "hosted-")), "rows.jsonl");
    writeFileSync(rows, "");
    const target: HostedRun["target"] = isChild
      ? { kind: "stdio", command: world.relay.command(path) }
      : {
          kind: "http",
          url: `http://127.0.0.1:${world.upstream.port}/${path}`,
          headers: [["x-api-key", CREDENTIAL]],
        };
    const lines = await Lines.open(this.#port, { policy: POLICY, target, era, rows });
    if (era === "legacy") await lines.initialize();
    const isOwn = ({ method }: Row): boolean => method === "tools/list" || method === "tools/call";
    return {
      path,
      era,
      process: this.process,
      ask: (more) => lines.ask(compose(asCase(more), { ...TARGET, era })),
      rows: () => readLines(rows).filter((line) => isOwn(JSON.parse(line) as Row)),
      [Symbol.asyncDispose]: async () => {
        await lines.close();
        world.relay.end(path);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

interface Row {
  readonly method?: string;
}

function readLines(file: string): readonly string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

/** A client on stdio, as far as lists go. */
class Lines {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (line: string) => void>();
  readonly #ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#ended = new Promise((resolve) => socket.once("close", resolve));
    createInterface({ input: socket }).on("line", (line) => this.#take(line));
  }

  static async open(port: number, hosted: HostedRun): Promise<Lines> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const lines = new Lines(socket);
    const opened = lines.#await("");
    socket.write(`${JSON.stringify(hosted)}\n`);
    await opened;
    return lines;
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: "adversary", version: "1" };
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
    const opening = JSON.stringify({ jsonrpc: "2.0", id: "open", method: "initialize", params });
    await this.ask({ wire: Buffer.from(opening), id: "open" });
    this.#socket.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  }

  /** Resolves with the line that answers the message. */
  ask({ wire, id }: { readonly wire: Buffer; readonly id: unknown }): Promise<string> {
    const answered = this.#await(JSON.stringify(id));
    this.#socket.write(Buffer.concat([wire, Buffer.from("\n")]));
    return answered;
  }

  async close(): Promise<void> {
    this.#socket.end();
    await this.#ended;
  }

  #await(id: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error(`no line in time for ${id}`)), TIMEOUT_MS);
    this.#waiting.set(id, (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    return promise;
  }

  #take(line: string): void {
    const id = line === "" ? "" : JSON.stringify((JSON.parse(line) as { readonly id?: unknown }).id);
    this.#waiting.get(id)?.(line);
    this.#waiting.delete(id);
  }
}

const TIMEOUT_MS = 10_000;
