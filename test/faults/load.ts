import type { Client } from "undici";
import { Connections } from "./connections.ts";
import { type CallArguments, callBody, callHeaders } from "./protocol.ts";

/** What the client saw of one call. */
export interface ClientCall {
  readonly tool: string;
  readonly args: CallArguments;
  readonly status: number;
  readonly text: string;
  /** `cut`: it was sent, and the connection ended first. `unconnected`: nobody was there. */
  readonly outcome: "ran" | "limited" | "denied" | "unavailable" | "failed" | "cut" | "unconnected";
  /** When a connection took it, by `performance.now()`. */
  readonly sentMs: number;
  readonly answeredMs: number;
  /** From when it was asked for to its end, the wait for a connection included. */
  readonly ms: number;
}

export interface Target {
  /** Origin and path of one server behind the gateway. */
  readonly origin: string;
  readonly path: string;
  readonly token: string;
}

let lastNumber = 0;

/** A number that no other call has. */
export function takeNumber(): number {
  lastNumber += 1;
  return lastNumber;
}

/** By so much at most a load falls behind its rate and catches up. */
const MAX_LATE_MS = 50;

/** Clients that call, in a loop or at a rate, and remember everything. */
export class Load {
  /** Every call that may have met somebody. */
  readonly calls: ClientCall[] = [];
  /** Calls that met nobody: of those only the number is kept. */
  unconnected = 0;
  readonly #target: Target;
  readonly #connections: Connections;
  #isOver = false;
  inFlight = 0;
  maxInFlight = 0;

  constructor(target: Target, connections: number) {
    this.#target = target;
    this.#connections = new Connections(target.origin, connections);
  }

  /** Calls that were sent and are not answered; those that wait for a connection are in flight, too. */
  get onTheWire(): number {
    return this.#connections.busy;
  }

  /** One call; never rejects. */
  async call(tool: string, more: Omit<CallArguments, "n"> = {}): Promise<ClientCall> {
    const args = { n: takeNumber(), ...more };
    const askedMs = performance.now();
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const seen = await this.#connections.use((client) => this.#send(client, tool, args));
    this.inFlight -= 1;
    const answeredMs = performance.now();
    const call = { tool, args, ...seen, answeredMs, ms: answeredMs - askedMs };
    if (seen.outcome === "unconnected") this.unconnected += 1;
    else this.calls.push(call);
    return call;
  }

  /** Calls on `lanes` lanes until `end`; a lane stops when nobody is there. Resolves when all answers are in. */
  async run(lanes: number, tool: () => string, pauseMs = 0): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!this.#isOver) {
        const { outcome } = await this.call(tool());
        if (outcome === "cut" || outcome === "unconnected") return;
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /**
   * Calls at a rate, whatever becomes of them, until `end` or for `ms`. Resolves with how many were offered a second,
   * when all answers are in.
   */
  async offer(perSecond: number, tool: () => string, ms = Number.POSITIVE_INFINITY): Promise<number> {
    const startedMs = performance.now();
    const passedMs = () => performance.now() - startedMs;
    const open = new Set<Promise<unknown>>();
    let offered = 0;
    let dueMs = startedMs;
    while (!this.#isOver && passedMs() < ms) {
      // Who could not run for a while does not make up for it at once: that would be another load.
      dueMs = Math.max(dueMs, performance.now() - MAX_LATE_MS);
      for (; dueMs <= performance.now(); dueMs += 1_000 / perSecond) {
        const call: Promise<unknown> = this.call(tool()).then(() => open.delete(call));
        open.add(call);
        offered += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const rate = (offered * 1_000) / passedMs();
    await Promise.all(open);
    return rate;
  }

  /** By which the next call will be known. */
  nextNumber(): number {
    return lastNumber + 1;
  }

  end(): void {
    this.#isOver = true;
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #send(
    client: Client,
    tool: string,
    args: CallArguments,
  ): Promise<Pick<ClientCall, "status" | "text" | "outcome" | "sentMs">> {
    const { path, token } = this.#target;
    const sentMs = performance.now();
    try {
      const headers = callHeaders(token, tool);
      const answer = await client.request({ method: "POST", path, headers, body: callBody(tool, args) });
      const text = await answer.body.text();
      return { status: answer.statusCode, text, outcome: outcomeOf(answer.statusCode, text, args.n), sentMs };
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
      return { status: 0, text: code, outcome: code === "ECONNREFUSED" ? "unconnected" : "cut", sentMs };
    }
  }
}

/** What an answer means to the client. */
export function outcomeOf(status: number, text: string, n: number): ClientCall["outcome"] {
  if (text.includes(`ran ${n}.`)) return "ran";
  if (/\[POLICY DENIED\] (Rate limit|Limit) of/.test(text)) return "limited";
  if (text.includes("[POLICY DENIED]")) return "denied";
  return status === 503 ? "unavailable" : "failed";
}

/** The value below which this part of them is. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
