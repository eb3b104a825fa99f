import { PassThrough, Writable } from "node:stream";
import { validatePolicy } from "@portcullis/policy";
import { openDataFolder, runStdio } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import { LedgerReader, type RowSource, WrittenRows } from "./ledger-reader.ts";
import { LEGACY } from "./world-server.ts";

export interface LineClientOptions {
  /** Without one, rows go to a stream and not to a ledger. */
  readonly dataDir?: string;
  readonly policy: unknown;
  readonly url: string;
  readonly era: "legacy" | "modern";
}

const TIMEOUT_MS = 10_000;

/** A client that can only speak stdio, with `run` between it and a server. */
export class LineClient implements AsyncDisposable {
  readonly rows: RowSource;
  readonly #input = new PassThrough();
  readonly #lines: string[] = [];
  #text = "";
  #log = "";
  #onLine: (() => void) | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(rows: RowSource) {
    this.rows = rows;
  }

  static async start({ dataDir, policy, url, era }: LineClientOptions): Promise<LineClient> {
    const written = new WrittenRows();
    const client = new LineClient(
      dataDir === undefined ? written : new LedgerReader(unwrap(openDataFolder(dataDir))),
    );
    const sink = (take: (text: string) => void) =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          take(chunk.toString());
          done();
        },
      });
    client.#ended = runStdio({
      policy: unwrap(validatePolicy(policy)),
      policyName: "world",
      target: { kind: "http", url, headers: [] },
      era,
      deadlineMs: 20_000,
      onChange: "block",
      dataDir,
      maxBodyBytes: 4 * 1024 * 1024,
      logLevel: "info",
      input: client.#input,
      output: sink((text) => client.#take(text)),
      rows: sink((text) => written.take(text)),
      log: sink((text) => {
        client.#log += text;
      }),
    }).then(unwrap);
    return client;
  }

  get log(): string {
    return this.#log;
  }

  /** Opens the session, with the stream that `run` opens for it. */
  async initialize(): Promise<void> {
    const clientInfo = { name: "adversary", version: "1" };
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
    const opening = { jsonrpc: "2.0", id: "open", method: "initialize", params };
    await this.send(Buffer.from(JSON.stringify(opening)));
    this.notify(Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })));
    // Their rows, and the one of the stream.
    const endMs = performance.now() + TIMEOUT_MS;
    let rows = 0;
    for (; rows < 3 && performance.now() < endMs; rows += this.rows.fresh().length)
      await new Promise(setImmediate);
    if (rows < 3) throw new Error("the server's own stream was not opened");
  }

  /** Sends one line; the lines that answer it, once there is one or the log knows the message. */
  async send(line: Buffer): Promise<readonly string[]> {
    this.#lines.length = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("no line in time")), TIMEOUT_MS);
    this.#onLine = resolve;
    this.#input.write(Buffer.concat([line, Buffer.from("\n")]));
    await promise.finally(() => clearTimeout(timer));
    return [...this.#lines];
  }

  /** Sends a line that is not answered. */
  notify(line: Buffer): void {
    this.#lines.length = 0;
    this.#input.write(Buffer.concat([line, Buffer.from("\n")]));
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
    this.#input.end();
    await this.#ended;
    this.rows[Symbol.dispose]();
  }
}
