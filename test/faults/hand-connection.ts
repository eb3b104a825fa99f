import { connect, type Socket } from "node:net";
import { type ClientCall, outcomeOf, type Target, takeNumber } from "./load.ts";
import { type CallArguments, callBody, callHeaders } from "./protocol.ts";

export interface HandCallOptions {
  /** Default `pay`. */
  readonly tool?: string;
  /** Of the answer, where the tool gives one of any size. */
  readonly bytes?: number;
  /** Takes nothing of what comes: then the call is over with its connection. */
  readonly readsNothing?: boolean;
  /** Into how many pieces the request is cut; default one. */
  readonly pieces?: number;
  /** Between two pieces. */
  readonly pauseMs?: number;
}

/** One connection of a client, by hand: it may send a request bit by bit, or nothing for as long as it likes. */
export class HandConnection {
  readonly #target: Target;
  readonly #socket: Socket;
  #received = "";
  #heard: (() => void) | undefined;

  private constructor(target: Target, socket: Socket) {
    this.#target = target;
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received += piece.toString("latin1");
      this.#heard?.();
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#heard?.());
  }

  /** Resolves when the connection is made, or has failed. */
  static open(target: Target): Promise<HandConnection> {
    const { hostname, port } = new URL(target.origin);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      const connection = new HandConnection(target, socket);
      socket.once("connect", () => resolve(connection));
      socket.once("close", () => resolve(connection));
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === "open";
  }

  /** One call; never rejects. Not before the last one is over. */
  async call(options: HandCallOptions = {}): Promise<ClientCall> {
    const { tool = "pay", bytes, pieces = 1, pauseMs = 0, readsNothing = false } = options;
    const args = { n: takeNumber(), ...(bytes === undefined ? {} : { bytes }) };
    const sentMs = performance.now();
    this.#received = "";
    if (readsNothing) this.#socket.pause();
    const answered = this.#answer();
    await this.#send(requestText(this.#target, tool, args), pieces, pauseMs);
    const isWhole = await answered;
    const answeredMs = performance.now();
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(this.#received)?.[1] ?? 0);
    const text = this.#received;
    const outcome = isWhole ? outcomeOf(status, text, args.n) : "cut";
    return { tool, args, status, text, outcome, sentMs, answeredMs, ms: answeredMs - sentMs };
  }

  /** Hangs up, whatever is under way. */
  destroy(): void {
    this.#socket.destroy();
  }

  async #send(text: string, pieces: number, pauseMs: number): Promise<void> {
    const size = Math.ceil(text.length / pieces);
    for (let at = 0; at < text.length && this.isOpen; at += size) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      this.#socket.write(text.slice(at, at + size));
    }
  }

  /** Whether an answer came whole, once it has or the connection is gone. */
  async #answer(): Promise<boolean> {
    while (this.isOpen && !isWholeAnswer(this.#received))
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    return isWholeAnswer(this.#received);
  }
}

function requestText({ origin, path, token }: Target, tool: string, args: CallArguments): string {
  const body = callBody(tool, args);
  const headers = { host: new URL(origin).host, ...callHeaders(token, tool), "content-length": body.length };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

function isWholeAnswer(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, Math.max(0, end)))?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}
