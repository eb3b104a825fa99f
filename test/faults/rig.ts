import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { PolicyDocument, Result } from "@portcullis/policy";
import {
  addServer,
  createGrant,
  type DataFolder,
  openDataFolder,
  openState,
  publishPolicy,
  type State,
} from "@portcullis/server";
import type { Target } from "./load.ts";

const MAIN = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const UPSTREAM = join(import.meta.dirname, "upstream-child.ts");
/** Runs sources as they are. */
export const SOURCES = "--conditions=portcullis-source";
const HOUR_MS = 3_600_000;
/** Of a limit that is there to be counted by. */
const NEVER_REACHED = 1_000_000_000;

/** A running `serve`. */
export interface Served {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly adminUrl: string;
  /** From its start to its first line. */
  readonly readyMs: number;
  /** Everything on standard error. */
  readonly logged: () => string;
  /** Resolves with exit code and signal. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

export interface ServeOptions {
  /** Flags of `serve` besides the data folder. */
  readonly flags?: readonly string[];
  /** Flags of Node. */
  readonly node?: readonly string[];
  /** What the command is run by, as in `prlimit --nofile=512`. */
  readonly prefix?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** Where agents find it; default a free one. */
  readonly port?: number;
}

/** A `serve` that may not be ready yet. */
export interface Serving extends Pick<Served, "child" | "logged" | "ended"> {
  /** Undefined when it ended first. */
  readonly ready: Promise<Served | undefined>;
}

/** A server behind the gateway, and the way to it. */
export interface Registered {
  readonly id: string;
  readonly path: string;
  readonly token: string;
}

export interface RigOptions {
  /** The limit of `capped`. */
  readonly cap?: number;
  readonly deadlineMs?: number;
  /** Where the data folder is put; default a fresh one. */
  readonly dataDir?: string;
}

/** One gateway on a data folder, one upstream that remembers what ran, both as processes of their own. */
export class Rig implements AsyncDisposable {
  readonly folder: DataFolder;
  readonly state: State;
  readonly cap: number;
  readonly executionsFile: string;
  readonly #scratch: string;
  readonly #children = new Set<ChildProcess>();
  #bank: Registered | undefined;
  #grants = 0;
  #bankUrl = "";

  private constructor({ cap = 1_000_000, dataDir }: RigOptions) {
    this.#scratch = mkdtempSync(join(tmpdir(), "portcullis-faults-"));
    this.cap = cap;
    this.executionsFile = join(this.#scratch, "executions");
    this.folder = unwrap(openDataFolder(dataDir ?? join(this.#scratch, "data")));
    this.state = unwrap(openState(this.folder.stateFile));
  }

  static async open(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    rig.#bankUrl = await rig.startUpstream(rig.executionsFile);
    rig.#bank = rig.register("bank", rig.#bankUrl, rig.bankPolicy(), options.deadlineMs);
    return rig;
  }

  /** The server whose executions are counted. */
  get bank(): Registered {
    if (this.#bank === undefined) throw new Error("the rig is not open");
    return this.#bank;
  }

  /** Where it is without the gateway. */
  get bankUrl(): string {
    return this.#bankUrl;
  }

  bankPolicy(reason = "no"): PolicyDocument {
    return {
      version: "1",
      default: "deny",
      tools: {
        pay: { limits: [{ counter: "payments", window: "month", max: NEVER_REACHED }] },
        capped: { limits: [{ counter: "capped", window: "month", max: this.cap }] },
        drop: { action: "deny", reason },
        "odd_*": { limits: [{ counter: "odd", window: "month", max: NEVER_REACHED }] },
      },
    };
  }

  register(name: string, url: string, document: PolicyDocument, deadlineMs = 20_000): Registered {
    const now = Date.now();
    const target = { kind: "http", url, headers: [] } as const;
    const options = { name, target, era: "modern", deadlineMs, onChange: "allow" } as const;
    const { id } = unwrap(addServer(this.state, this.folder.keys.credentialKey, options, now));
    this.publish(name, document);
    return { id, path: `/mcp/${id}`, token: this.grant(name, 240 * HOUR_MS).token };
  }

  /** A token for a server, for so long, and the label by which it can be changed. */
  grant(server: string, ms: number): { readonly label: string; readonly token: string } {
    const now = Date.now();
    this.#grants += 1;
    const label = `${server}-${this.#grants}`;
    const asked = { label, server, policy: "p", mode: "enforce", expiresAtMs: now + ms } as const;
    return { label, token: unwrap(createGrant(this.state, this.folder.keys, asked, now)).token };
  }

  publish(server: string, document: PolicyDocument): number {
    const version = { server, name: "p", document, source: "", author: "f", note: "" };
    return unwrap(publishPolicy(this.state, version, Date.now())).version;
  }

  async serve(options: ServeOptions = {}): Promise<Served> {
    const { ready, logged } = this.launchServe(options);
    const served = await ready;
    if (served === undefined) throw new Error(`\`serve\` did not start: ${logged()}`);
    return served;
  }

  /** As `serve`, for those who do not wait until it is ready. */
  launchServe({ flags = [], node = [], prefix = [], env = {}, port = 0 }: ServeOptions = {}): Serving {
    const startedMs = performance.now();
    const where = ["--data", this.folder.path, "--port", String(port), "--admin-port", "0"];
    const args = [SOURCES, MAIN, "serve", ...where, "--no-demo", "--json", ...flags];
    const { child, logged, ended, first } = this.#launch(
      [...prefix, process.execPath, ...node, ...args],
      env,
    );
    const ready = first.then((line): Served | undefined => {
      if (line === undefined) return undefined;
      const { pid, url, adminUrl } = line as { pid: number; url: string; adminUrl: string };
      return { child, pid, url, adminUrl, readyMs: performance.now() - startedMs, logged, ended };
    });
    return { child, logged, ended, ready };
  }

  target({ url }: Pick<Served, "url">, { path, token }: Registered = this.bank): Target {
    return { origin: url, path, token };
  }

  /** Lets it finish, as a rolling deployment does. */
  async stop(served: Served): Promise<void> {
    served.child.kill("SIGTERM");
    const [code] = await served.ended;
    if (code !== 0) throw new Error(`serve ended with ${code}: ${served.logged()}`);
  }

  /** Lines of the upstream: the number of a call and its tool. */
  executions(): readonly { readonly n: number; readonly tool: string }[] {
    if (!existsSync(this.executionsFile)) return [];
    const lines = readFileSync(this.executionsFile, "utf8").split("\n").filter(Boolean);
    return lines.map((line) => {
      const [n = "", tool = ""] = line.split(" ");
      return { n: Number(n), tool };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.state.db.close();
    const running = [...this.#children].filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    const ended = running.map((child) => once(child, "exit"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(ended);
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** Starts a server that remembers in a file what ran. Resolves with its URL. */
  async startUpstream(executionsFile: string): Promise<string> {
    const { ready } = await this.start([process.execPath, SOURCES, UPSTREAM, executionsFile]);
    const { port } = ready as { port: number };
    return `http://127.0.0.1:${port}/mcp`;
  }

  /** Starts a program whose first line of JSON says that it is ready. */
  async start(command: readonly string[], env: ServeOptions["env"] = {}): Promise<Started> {
    const { first, ...launched } = this.#launch(command, env);
    const ready = await first;
    if (ready === undefined) throw new Error(`\`${command.join(" ")}\` did not start: ${launched.logged()}`);
    return { ...launched, ready };
  }

  #launch(command: readonly string[], env: ServeOptions["env"] = {}): Launched {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#children.add(child);
    let logged = "";
    child.stderr.on("data", (chunk: Buffer) => {
      logged += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    const line = once(lines, "line") as Promise<[string]>;
    const first = Promise.race([
      line.then(([text]): unknown => JSON.parse(text)),
      ended.then(() => undefined),
    ]);
    return { child, lines, logged: () => logged, ended, first };
  }
}

/** A program of the rig that may not be ready yet. */
interface Launched extends Omit<Started, "ready"> {
  /** Its first line, or undefined when it ended without one. */
  readonly first: Promise<unknown>;
}

/** A program of the rig that is ready. */
export interface Started extends Pick<Served, "child" | "logged" | "ended"> {
  readonly ready: unknown;
  readonly lines: Interface;
}

export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
