import type { Socket } from "node:net";
import type { Outgoing } from "../outgoing.ts";
import { HeadMemory } from "./head-memory.ts";
import { PlainRequest } from "./request.ts";
import { PlainResponse } from "./response.ts";

/** What a connection needs of the server that it belongs to. */
export interface PlainServer {
  /** Time for a whole request, from its head on. */
  readonly requestMs: number;
  /** Time without any request, on a connection that had none yet. */
  readonly firstMs: number;
  /** Time without any request between two. */
  readonly keepAliveMs: number;
  /** What answers say of it. */
  readonly keepAlive: string;
  /** Takes a request; its body is told in the same turn, or later. Must not throw. */
  readonly serve: (request: PlainRequest, response: Outgoing) => void;
  /** Takes a connection whose next bytes are not plain; they are back in it. */
  readonly handOver: (socket: Socket) => void;
  readonly forget: (connection: PlainConnection) => void;
}

/** What waits while a request is answered, before the client is held back; that it left is seen later then. */
const MAX_HELD_BYTES = 64 * 1024;
/** As `node:http` says it. */
const TOO_SLOW = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/**
 * A connection of an agent for as long as its requests are plain: one after the other, each read whole and answered
 * before the next is looked at. With the first bytes that are not plain it is Node's, for good.
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #server: PlainServer;
  readonly #heads = new HeadMemory();
  #request: PlainRequest | undefined;
  #response: PlainResponse | undefined;
  /** Of the body of the request at hand. */
  #missingBytes = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #hadRequest = false;
  #isLost = false;
  /** When it began to be idle, or to wait for a body. */
  #sinceMs: number;
  readonly #onData = (bytes: Buffer) => this.#take(bytes);
  readonly #onAnswered = (isLast: boolean) => this.#answered(isLast);
  readonly #onDrain = () => this.#response?.drained();
  readonly #onEnd = () => this.#socket.end();
  readonly #onClose = () => this.#lose();
  readonly #onTimeout = () => this.#socket.destroy();

  constructor(socket: Socket, server: PlainServer) {
    this.#socket = socket;
    this.#server = server;
    this.#sinceMs = performance.now();
    socket.on("error", ignore);
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("timeout", this.#onTimeout);
  }

  get isIdle(): boolean {
    return this.#request === undefined;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends what takes too long; asked now and then. */
  look(nowMs: number): void {
    const waitedMs = nowMs - this.#sinceMs;
    if (this.#missingBytes > 0) {
      if (waitedMs > this.#server.requestMs) this.#refuseSlow();
    } else if (!this.isIdle) return;
    else if (this.#hadRequest) {
      if (waitedMs > this.#server.keepAliveMs) this.destroy();
    } else if (waitedMs > this.#server.firstMs) this.#refuseSlow();
  }

  #take(bytes: Buffer): void {
    // What comes behind a refusal for its time is not served.
    if (this.#isLost) return;
    const rest = this.#missingBytes > 0 ? this.#takeBody(bytes) : bytes;
    if (rest.length === 0) return;
    if (this.isIdle) this.#begin(rest);
    else this.#hold(rest);
  }

  #begin(bytes: Buffer): void {
    const head = this.#heads.read(bytes);
    if (head === undefined) return this.#handOver(bytes);
    this.#hadRequest = true;
    this.#missingBytes = head.bodyBytes;
    const request = new PlainRequest(head, this.#socket);
    const response = new PlainResponse(this.#socket, this.#server.keepAlive, this.#onAnswered);
    this.#request = request;
    this.#response = response;
    this.#server.serve(request, response);
    if (head.bodyBytes === 0) request.end();
    if (bytes.length > head.headBytes) this.#take(bytes.subarray(head.headBytes));
    if (this.#missingBytes > 0) this.#sinceMs = performance.now();
  }

  /** What is left of these bytes behind the body. */
  #takeBody(bytes: Buffer): Buffer {
    const piece = bytes.length <= this.#missingBytes ? bytes : bytes.subarray(0, this.#missingBytes);
    this.#missingBytes -= piece.length;
    this.#request?.take(piece);
    if (this.#missingBytes === 0) {
      this.#request?.end();
      if (this.#response === undefined) this.#next();
    }
    return bytes.subarray(piece.length);
  }

  #answered(isLast: boolean): void {
    this.#response = undefined;
    if (isLast) this.#socket.destroySoon();
    // An answer may come before the request is whole: the rest of the body is taken off the wire first.
    else if (this.#missingBytes === 0) this.#next();
  }

  #next(): void {
    this.#request = undefined;
    this.#sinceMs = performance.now();
    if (this.#heldBytes === 0 || this.#socket.destroyed) return;
    const held = this.#held.length === 1 ? this.#held[0] : undefined;
    const bytes = held ?? Buffer.concat(this.#held);
    if (this.#heldBytes > MAX_HELD_BYTES) this.#socket.resume();
    this.#held = [];
    this.#heldBytes = 0;
    this.#take(bytes);
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#socket.pause();
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#server.forget(this);
    socket.off("error", ignore);
    socket.off("data", this.#onData);
    socket.off("drain", this.#onDrain);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("timeout", this.#onTimeout);
    // Paused, so that the bytes wait for Node to listen.
    socket.pause();
    socket.unshift(bytes);
    this.#server.handOver(socket);
    socket.resume();
  }

  #refuseSlow(): void {
    const hasBegun = this.#response?.hasBegun === true || (this.#response === undefined && !this.isIdle);
    this.#lose();
    if (hasBegun) this.#socket.destroy();
    else this.#socket.end(TOO_SLOW, () => this.#socket.destroy());
  }

  #lose(): void {
    this.#isLost = true;
    this.#server.forget(this);
    this.#response?.lose();
    if (this.#missingBytes > 0) this.#request?.abort();
    this.#missingBytes = 0;
  }
}

function ignore(): void {}
