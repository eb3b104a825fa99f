import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { AgentRequest, BodySink, HeadMemo } from "../../call/agent-request.ts";
import type { PlainHead } from "./request-head.ts";

/** A request whose head was plain, and whose body comes piece by piece. */
export class PlainRequest implements AgentRequest {
  readonly method = "POST";
  readonly httpVersionMajor = 1;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly memo: HeadMemo;
  readonly declaredBytes: number;
  readonly socket: Socket;
  readonly #head: PlainHead;
  #sink: BodySink | undefined;
  #hasBegun = false;

  constructor(head: PlainHead, socket: Socket) {
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.#head = head;
    this.memo = head.memo;
    this.declaredBytes = head.bodyBytes;
    this.socket = socket;
  }

  get headers(): IncomingHttpHeaders {
    return this.#head.headers;
  }

  takeBody(sink: BodySink): void {
    if (this.#hasBegun) throw new TypeError("the body has begun");
    this.#sink = sink;
  }

  dropBody(): void {
    this.#sink = undefined;
  }

  /** A piece of the body came. */
  take(bytes: Buffer): void {
    this.#hasBegun = true;
    this.#sink?.take(bytes);
  }

  /** The body is complete. */
  end(): void {
    this.#hasBegun = true;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
  }

  /** The rest of the body will not come. */
  abort(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.abort();
  }
}
