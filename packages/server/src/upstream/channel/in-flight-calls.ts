import { isJsonObject, type JsonObject } from "@portcullis/policy";
import type { RequestId } from "../../mcp/json-rpc.ts";
import type { Delivery } from "./delivery.ts";

/** A request that was written to a process and has no answer yet. */
export interface InFlightCall {
  /** Its JSON-RPC id on the pipe, and its progress token there. */
  readonly wireId: number;
  /** What the client calls it. */
  readonly id: RequestId;
  readonly progressToken: RequestId | undefined;
  readonly method: string;
  /** It asks for a task (2025-11-25), whose progress goes on after the answer. */
  readonly makesTask: boolean;
  readonly delivery: Delivery;
  readonly deadline: NodeJS.Timeout | undefined;
  /** The process has taken its line out of our hands. */
  isRead: boolean;
  /** The client's own cancellation was passed on. */
  isCancelled: boolean;
}

/** Requests in flight on one wire, subscriptions included. */
export const MAX_IN_FLIGHT = 1_024;
/** Progress tokens of running tasks that are remembered per process; the oldest goes first. */
const MAX_TASK_TOKENS = 256;

/** 2026-07-28 stdio "Cancellation": no further messages for a cancelled request; a server may need a moment. */
const ABANDONED_MS = 30_000;

/** Requests in flight on one process, by their id on the pipe. Ids of clients may collide; these never do (threat 58). */
export class InFlightCalls {
  readonly #calls = new Map<number, InFlightCall>();
  /** Until the late answer, or the timer. */
  readonly #abandoned = new Map<number, NodeJS.Timeout>();
  readonly #taskTokens = new Map<number, RequestId>();
  /** A task goes on after its answer, and nobody can tell when it is over. */
  #hasMadeTask = false;

  get size(): number {
    return this.#calls.size;
  }

  /** True where nothing is in flight, and no abandoned call or task may still be working. */
  get isQuiet(): boolean {
    return this.#calls.size === 0 && this.#abandoned.size === 0 && !this.#hasMadeTask;
  }

  add(call: InFlightCall): void {
    this.#calls.set(call.wireId, call);
  }

  get(wireId: unknown): InFlightCall | undefined {
    return typeof wireId === "number" ? this.#calls.get(wireId) : undefined;
  }

  /** Oldest first. */
  all(): InFlightCall[] {
    return [...this.#calls.values()];
  }

  /** Forgets the call. False when it was forgotten before. */
  remove(call: InFlightCall): boolean {
    clearTimeout(call.deadline);
    return this.#calls.delete(call.wireId);
  }

  /** The call that is answered now, and no more in flight; undefined for a late or foreign answer. */
  take(wireId: unknown): InFlightCall | undefined {
    const call = this.get(wireId);
    if (call !== undefined) this.remove(call);
    else if (typeof wireId === "number") this.#forgetAbandoned(wireId);
    return call;
  }

  /** As remove, for a call whose server may not have noticed yet. */
  abandon(call: InFlightCall): boolean {
    if (!this.remove(call)) return false;
    const { wireId } = call;
    this.#abandoned.set(wireId, setTimeout(() => this.#forgetAbandoned(wireId), ABANDONED_MS).unref());
    return true;
  }

  /** Forgets everything. Returns the calls, oldest first. */
  removeAll(): InFlightCall[] {
    const all = this.all();
    for (const call of all) this.remove(call);
    for (const wireId of this.#abandoned.keys()) this.#forgetAbandoned(wireId);
    return all;
  }

  /** The call that the client names; undefined unless exactly one is meant, since ids of several clients collide. */
  named(id: unknown): InFlightCall | undefined {
    const found = this.all().filter((call) => call.id === id);
    return found.length === 1 ? found[0] : undefined;
  }

  /** The call that was opened last. */
  newest(): InFlightCall | undefined {
    return this.all().at(-1);
  }

  /**
   * The only call that `matches`, for what the server sends without saying to whom. None while an abandoned one may
   * still be speaking: its words must not reach another client.
   */
  sole(matches: (call: InFlightCall) => boolean): InFlightCall | undefined {
    const found = this.#abandoned.size === 0 ? this.all().filter(matches) : [];
    return found.length === 1 ? found[0] : undefined;
  }

  /** Progress of a task goes on under the token of the request that made it (2025-11-25 tasks). */
  noteTask(call: InFlightCall, response: JsonObject): void {
    if (isTask(call, response)) this.#hasMadeTask = true;
    if (!call.makesTask || call.progressToken === undefined) return;
    this.#taskTokens.set(call.wireId, call.progressToken);
    const [oldest] = this.#taskTokens.keys();
    if (this.#taskTokens.size > MAX_TASK_TOKENS && oldest !== undefined) this.#taskTokens.delete(oldest);
  }

  taskToken(wireToken: unknown): RequestId | undefined {
    return typeof wireToken === "number" ? this.#taskTokens.get(wireToken) : undefined;
  }

  #forgetAbandoned(wireId: number): void {
    clearTimeout(this.#abandoned.get(wireId));
    this.#abandoned.delete(wireId);
  }
}

/** True for the answer that a task was made: 2025-11-25 where the client asks for one, 2026-07-28 where it says so. */
function isTask({ makesTask }: InFlightCall, response: JsonObject): boolean {
  const result = Object.hasOwn(response, "result") ? response["result"] : undefined;
  if (!isJsonObject(result)) return false;
  return makesTask || (Object.hasOwn(result, "resultType") && result["resultType"] === "task");
}
