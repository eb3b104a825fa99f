/** The ways on which a client sees a server's list: over HTTP or with `run`, of a server on the web or a child process. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CREDENTIAL, initialize, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { HOSTED, type HostedRun } from "./hosted-run.ts";
import { JsonLines } from "./json-lines.ts";
import { sendRaw } from "./raw-client.ts";
import { WatchedProcess } from "./watched-process.ts";

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
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const lines = new JsonLines(socket, socket);
    const hosted: HostedRun = { policy: POLICY, target, era, rows };
    // Nothing is said to `run` before it is heard of.
    await lines.ask({ wire: Buffer.from(JSON.stringify(hosted)), id: HOSTED });
    if (era === "legacy") await lines.initialize();
    const isOwn = ({ method }: Row): boolean => method === "tools/list" || method === "tools/call";
    return {
      path,
      era,
      process: this.process,
      ask: (more) => lines.ask(compose(asCase(more), { ...TARGET, era })),
      rows: () => readLines(rows).filter((line) => isOwn(JSON.parse(line) as Row)),
      [Symbol.asyncDispose]: async () => {
        socket.end();
        await once(socket, "close");
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
