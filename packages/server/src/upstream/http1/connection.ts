import type { Socket } from "node:net";
import { writeTogether } from "../../call/turn.ts";
import type { Wire } from "./connect.ts";
import { type ReadFault, ResponseReader } from "./response-reader.ts";

/** Takes one response; the other half of a request on its way. Nothing comes after `onEnd` or `onError`. */
export interface ResponseHandler {
  /** A connection is about to carry the request. False: it is not wanted any more, and is not sent. */
  onSend(stop: () => void): boolean;
  /** Also for interim responses. False asks to pause until `resume`; so does `onBody`. */
  onHead(status: number, raw: readonly string[], resume: () => void): boolean;
  onBody(bytes: Buffer): boolean;
  onEnd(): void;
  onError(error: Error): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** It may carry the next request, for so long as the server says that it waits for one. */
  idle(connection: Connection, keepAliveS: number | undefined): void;
  gone(connection: Connection): void;
}

/** The response cannot be read, or ended before its end. */
export class ResponseError extends Error {
  readonly fault: ReadFault;

  constructor(fault: ReadFault) {
    super(fault === "cut" ? "the response ended before its end" : "the response is not valid HTTP");
    this.fault = fault;
  }
}

/** Up to this a request is one write; a copy costs less than a second piece. */
const ONE_WRITE_BYTES = 16 * 1024;

/** One connection to a server over HTTP/1.1: one request at a time, never a second one before the answer. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader: ResponseReader;
  #handler: ResponseHandler | undefined;
  #wantsMore = true;
  /** Until when its pool may use it again; monotonic. */
  idleUntilMs = 0;

  constructor(wire: Wire, owner: ConnectionOwner) {
    const { socket } = wire;
    this.#socket = socket;
    this.#owner = owner;
    this.#reader = new ResponseReader({
      onHead: (status, raw) => this.#flow(this.#handler?.onHead(status, raw, this.#resume)),
      // INVARIANT: a copy, for the bytes of a read are there until the read is over, and a body is kept for longer.
      onBody: (bytes) => this.#flow(this.#handler?.onBody(Buffer.from(bytes))),
      onEnd: () => this.#onEnd(),
    });
    wire.onBytes = (bytes) => this.#onData(bytes);
    socket.on("end", () => this.#onClosed());
    socket.on("close", () => this.#onClosed());
    socket.on("error", (error) => this.#fail(error));
  }

  get isUsable(): boolean {
    return this.#handler === undefined && this.#socket.writable && !this.#socket.readableEnded;
  }

  /** Sends a request. `head` ends with the blank line, in Latin-1. */
  send(head: string, body: Buffer | undefined, handler: ResponseHandler): void {
    this.#handler = handler;
    this.#reader.reset();
    this.#wantsMore = true;
    // A request that is over must not stop the one after it.
    if (!handler.onSend(() => this.#handler === handler && this.#stop())) {
      this.#handler = undefined;
      this.#owner.idle(this, undefined);
      return;
    }
    // Not what was stopped before it was written.
    writeTogether(() => this.#handler === handler && this.#write(head, body));
  }

  /** Ends it now; a request that is under way fails. */
  destroy(): void {
    this.#fail(new Error("the connection was closed"));
  }

  #write(head: string, body: Buffer | undefined): void {
    const socket = this.#socket;
    const bodyBytes = body?.length ?? 0;
    if (bodyBytes > ONE_WRITE_BYTES) {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body ?? "");
      socket.uncork();
      return;
    }
    // Latin-1 keeps every byte.
    socket.write(body === undefined ? head : head + body.toString("latin1"), "latin1");
  }

  #onData(bytes: Buffer): void {
    // Nobody asked: what comes now would be read as the next answer.
    if (this.#handler === undefined) return this.destroy();
    const fault = this.#reader.push(bytes);
    if (fault !== undefined) this.#fail(new ResponseError(fault));
    else if (this.#handler === undefined) this.#rest();
    else if (!this.#wantsMore) this.#socket.pause();
  }

  #flow(wantsMore: boolean | undefined): void {
    this.#wantsMore = wantsMore !== false;
  }

  readonly #resume = (): void => {
    this.#wantsMore = true;
    if (this.#handler !== undefined) this.#socket.resume();
  };

  #onEnd(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEnd();
  }

  /**
   * INVARIANT: only after all bytes of the answer's piece were looked at. What follows the answer in it must not be
   * read as the answer to the next request.
   */
  #rest(): void {
    // Stopped by whoever took the answer.
    if (this.#socket.destroyed) return;
    // A pause that came with the last bytes concerns nobody any more.
    if (!this.#wantsMore) this.#socket.resume();
    if (!this.#reader.isPersistent || this.#socket.readableEnded) this.destroy();
    else this.#owner.idle(this, this.#reader.keepAliveS);
  }

  #onClosed(): void {
    const fault = this.#handler === undefined ? undefined : this.#reader.close();
    if (this.#handler !== undefined) this.#fail(new ResponseError(fault ?? "cut"));
    else this.#drop();
  }

  /** HTTP/1.1 knows no other way to stop a response than to close its connection. */
  #stop(): void {
    this.#reader.stop();
    this.#fail(new Error("the request was stopped"));
  }

  #fail(error: Error): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#drop();
    handler?.onError(error);
  }

  #drop(): void {
    this.#socket.destroy();
    this.#owner.gone(this);
  }
}
