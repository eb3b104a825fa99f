import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { LEGACY } from "./world-server.ts";

/** A request with the id under which it is answered. */
export interface JsonLine {
  readonly wire: Buffer;
  readonly id: unknown;
}

const TIMEOUT_MS = 10_000;

/** A client that speaks JSON-RPC on a pair of streams, one message a line; what answers nothing is not heard. */
export class JsonLines {
  readonly #output: Writable;
  readonly #waiting = new Map<string, (line: string) => void>();

  constructor(output: Writable, input: Readable) {
    this.#output = output;
    createInterface({ input }).on("line", (line) => this.#take(line));
  }

  /** Resolves with the line that answers the message. */
  ask({ wire, id }: JsonLine): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const key = JSON.stringify(id);
    const timer = setTimeout(() => reject(new Error(`no line in time for ${key}`)), TIMEOUT_MS);
    this.#waiting.set(key, (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    this.say(wire);
    return promise;
  }

  /** Sends a message that nobody answers. */
  say(wire: Buffer): void {
    this.#output.write(Buffer.concat([wire, Buffer.from("\n")]));
  }

  /** Opens a session of the legacy era. */
  async initialize(): Promise<void> {
    const clientInfo = { name: "adversary", version: "1" };
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
    const opening = JSON.stringify({ jsonrpc: "2.0", id: "open", method: "initialize", params });
    await this.ask({ wire: Buffer.from(opening), id: "open" });
    this.say(Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
  }

  #take(line: string): void {
    const key = JSON.stringify((JSON.parse(line) as { readonly id?: unknown }).id);
    this.#waiting.get(key)?.(line);
    this.#waiting.delete(key);
  }
}
