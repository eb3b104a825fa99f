import type { SseEvent } from "../mcp/sse.ts";
import { type ResponseProblem, refusalOfProblem } from "./answer-response.ts";
import type { RoutedCall } from "./call.ts";
import type { Refusal } from "./refusal.ts";
import { contextOf, refuse } from "./refuse.ts";
import { toWire } from "./wire.ts";

/** The client's side of one answer: gives it at most once (threat 41), on whatever is open. */
export class Delivery {
  readonly #call: RoutedCall;
  #isDelivered = false;

  constructor(call: RoutedCall) {
    this.#call = call;
  }

  /** The client got its answer while it was there, or is owed none any more. */
  get isDelivered(): boolean {
    return this.#isDelivered;
  }

  /** True when the response may still come on another stream: the call stays in flight for it. */
  get isResumable(): boolean {
    const { era, session, arrival } = this.#call;
    return era === "legacy" && session?.id !== undefined && arrival.reply.streaming && !this.#isDelivered;
  }

  /** The whole answer at once. A client that left did not get it. */
  whole(status: number, headers: readonly string[], body: Buffer | string | undefined): void {
    const { reply } = this.#call.arrival;
    this.#isDelivered = !reply.closed;
    reply.whole(status, headers, body);
  }

  /** The answer as the last event of a stream. */
  lastEvent(event: SseEvent): void {
    const { reply } = this.#call.arrival;
    this.#isDelivered = !reply.closed;
    this.event(event);
    reply.end();
  }

  /** Something on the way to the answer. False asks to pause until the client has read. */
  event(event: SseEvent): boolean {
    const { reply } = this.#call.arrival;
    if (reply.closed) return true;
    if (!reply.streaming) reply.startStream([]);
    return reply.event(event);
  }

  /** A refusal in place of the answer, unless the client has it. */
  refuse(refusal: Refusal): void {
    if (this.#isDelivered) return;
    this.#isDelivered = true;
    refuse(this.#call.arrival.reply, refusal, contextOf(this.#call));
  }

  /** In place of an answer that is not passed on. */
  refuseProblem(problem: ResponseProblem): void {
    this.refuse(refusalOfProblem(problem, this.#call.arrival.access.server.name));
  }

  /** In place of an answer that says no more than its HTTP status. */
  reject(httpStatus: number): void {
    this.refuse({ kind: "upstream-rejected", server: this.#call.arrival.access.server.name, httpStatus });
  }

  /** What is told of an answer that is not passed on, as the event of another stream, on which it came. */
  textOf(problem: ResponseProblem): string {
    const refusal = refusalOfProblem(problem, this.#call.arrival.access.server.name);
    return toWire(refusal, contextOf(this.#call)).body;
  }

  /** Ends what the client waits for without a response: a stream, which is opened for it if need be. */
  endUnanswered(): void {
    const { reply } = this.#call.arrival;
    this.#isDelivered = true;
    if (!reply.streaming) reply.startStream([]);
    reply.end();
  }
}
