import { IncomingMessage } from "node:http";
import type { AgentRequest, BodySink } from "../call/agent-request.ts";

/**
 * A request as Node reads it, whose body can be had without a stream: Node's HTTP parser pushes every piece of a body,
 * and what is pushed goes straight to whoever took the body. A stream's events cost more than everything that is done
 * with a body of usual size. Until it is taken, the body is a stream as of any request.
 */
export class NodeRequest extends IncomingMessage implements AgentRequest {
  readonly memo = undefined;
  #sink: BodySink | undefined;
  #isTaken = false;
  #hasBegun = false;
  #hasEnded = false;

  get declaredBytes(): number {
    return Number(this.headers["content-length"] ?? 0);
  }

  takeBody(sink: BodySink): void {
    if (this.#hasBegun) throw new TypeError("the body has begun");
    this.#isTaken = true;
    this.#sink = sink;
  }

  dropBody(): void {
    this.#sink = undefined;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    this.#hasBegun = true;
    if (!this.#isTaken) return super.push(chunk, encoding);
    if (chunk instanceof Buffer) {
      this.#sink?.take(chunk);
      return true;
    }
    this.#hasEnded = true;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
    return false;
  }

  /** Node asks this before it lets go of a request. */
  // @ts-expect-error Node has an accessor here; its types say that it is a property.
  override get readableEnded(): boolean {
    return this.#isTaken ? this.#hasEnded : Reflect.get(IncomingMessage.prototype, "readableEnded", this);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const sink = this.#sink;
    this.#sink = undefined;
    super._destroy(error, done);
    sink?.abort();
  }
}
