import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDataFolder } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import { LedgerReader, type RowSource, WrittenRows } from "./ledger-reader.ts";
import { WatchedProcess } from "./watched-process.ts";
import { LEGACY } from "./world-server.ts";

export interface LineClientOptions {
  /** For its files. */
  readonly folder: string;
  /** Rows go to a ledger, or else as lines to a file. */
  readonly isKept: boolean;
  readonly policy: unknown;
  readonly server: { readonly url: string } | { readonly command: readonly string[] };
  readonly era: "legacy" | "modern";
  /** What the server is given: a header, or a variable of its process. */
  readonly credential?: string;
}

const TIMEOUT_MS = 10_000;
let barriers = 0;

/** A client that can only speak stdio, with `run` between it and a server. */
export class LineClient implements AsyncDisposable {
  readonly rows: RowSource;
  readonly process: WatchedProcess;
  readonly #lines: string[] = [];
  #text = "";
  #onLine: (() => void) | undefined;

  private constructor(rows: RowSource, process: WatchedProcess) {
    this.rows = rows;
    this.process = process;
    process.child.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
  }

  /** Resolves once `run` answers. */
  static async start({
    folder,
    isKept,
    policy,
    server,
    era,
    credential,
  }: LineClientOptions): Promise<LineClient> {
    const own = mkdtempSync(join(folder, "run-"));
    const [file, data, rows] = ["policy.json", "data", "rows.jsonl"].map((name) => join(own, name));
    if (file === undefined || data === undefined || rows === undefined) throw new TypeError("three files");
    writeFileSync(file, JSON.stringify(policy));
    writeFileSync(rows, "");
    mkdirSync(data, { mode: 0o700 });
    const kept = isKept ? new LedgerReader(unwrap(openDataFolder(data))) : new WrittenRows(rows);
    const given =
      "url" in server ? ["--header", "X-Api-Key: env:CREDENTIAL"] : ["--env", "API_KEY=env:CREDENTIAL"];
    const target = "url" in server ? ["--url", server.url] : ["--", ...server.command];
    const place = isKept ? ["--data", data] : ["--log", rows];
    const options = ["-c", file, "--era", era, "--deadline", "20s", ...place];
    const args = ["run", ...options, ...(credential === undefined ? [] : given), ...target];
    const client = new LineClient(kept, new WatchedProcess(args, { CREDENTIAL: credential }));
    await client.send(Buffer.from('{"jsonrpc":"1.0","id":"ready"}'));
    await client.#rowsCame(1);
    return client;
  }

  get log(): string {
    return this.process.logged;
  }

  /** Opens the session, with the stream that `run` opens for it. */
  async initialize(): Promise<void> {
    const clientInfo = { name: "adversary", version: "1" };
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
    const opening = { jsonrpc: "2.0", id: "open", method: "initialize", params };
    await this.send(Buffer.from(JSON.stringify(opening)));
    this.notify(Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })));
    // Their rows, and the one of the stream.
    await this.#rowsCame(3);
  }

  async #rowsCame(expected: number): Promise<void> {
    const endMs = performance.now() + TIMEOUT_MS;
    for (let rows = 0; rows < expected; rows += this.rows.fresh().length) {
      if (performance.now() > endMs) throw new Error(`${expected} rows did not come`);
      await new Promise(setImmediate);
    }
  }

  /** Sends one line; the lines that answer it, once there is one or the log knows the message. */
  async send(line: Buffer): Promise<readonly string[]> {
    this.#lines.length = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`no line in time: ${this.log.slice(-300)}`)), TIMEOUT_MS);
    this.#onLine = resolve;
    this.process.child.stdin.write(Buffer.concat([line, Buffer.from("\n")]));
    await promise.finally(() => clearTimeout(timer));
    return [...this.#lines];
  }

  /** Sends one request; every line until it is answered and whatever was said with it has come. */
  async exchange(line: Buffer, id: unknown): Promise<readonly string[]> {
    this.#lines.length = 0;
    barriers += 1;
    const barrier = `barrier-${barriers}`;
    const answered = JSON.stringify(id);
    this.process.child.stdin.write(Buffer.concat([line, Buffer.from("\n")]));
    await this.#lineCame((text) => isAnswerTo(text, answered));
    this.process.child.stdin.write(`{"jsonrpc":"1.0","id":"${barrier}"}\n`);
    await this.#lineCame((text) => text.includes(barrier));
    return this.#lines.filter((text) => !text.includes(barrier));
  }

  async #lineCame(isIt: (line: string) => boolean): Promise<void> {
    const endMs = performance.now() + TIMEOUT_MS;
    while (!this.#lines.some(isIt)) {
      if (performance.now() > endMs) throw new Error(`no line in time: ${this.#lines.join().slice(0, 300)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onLine = resolve;
      const timer = setTimeout(resolve, TIMEOUT_MS);
      await promise.finally(() => clearTimeout(timer));
    }
  }

  /** Sends a line that is not answered. */
  notify(line: Buffer): void {
    this.#lines.length = 0;
    this.process.child.stdin.write(Buffer.concat([line, Buffer.from("\n")]));
  }

  /** Lines since the last message was sent. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  #take(text: string): void {
    this.#text += text;
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    this.#lines.push(...lines);
    if (lines.length > 0) this.#onLine?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    this.rows[Symbol.dispose]();
  }
}

/** True for a response with this id, written as JSON. */
function isAnswerTo(line: string, id: string): boolean {
  const message = JSON.parse(line) as { readonly id?: unknown; readonly method?: unknown };
  return message.method === undefined && JSON.stringify(message.id) === id;
}
