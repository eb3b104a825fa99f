import { Pool } from "undici";
import { type CallArguments, callBody, callHeaders } from "./protocol.ts";

/** What the client saw of one call. */
export interface ClientCall {
  readonly tool: string;
  readonly args: CallArguments;
  readonly status: number;
  readonly text: string;
  /** `cut`: it was sent, and the connection ended first. `unconnected`: nobody was there. */
  readonly outcome: "ran" | "limited" | "denied" | "unavailable" | "failed" | "cut" | "unconnected";
  readonly ms: number;
}

export interface Target {
  /** Origin and path of one server behind the gateway. */
  readonly origin: string;
  readonly path: string;
  readonly token: string;
}

let lastNumber = 0;

/** Clients that call in a loop, each with one connection, and remember everything. */
export class Load {
  readonly calls: ClientCall[] = [];
  readonly #target: Target;
  readonly #pool: Pool;
  #isOver = false;
  inFlight = 0;
  maxInFlight = 0;

  constructor(target: Target, connections: number) {
    this.#target = target;
    this.#pool = new Pool(target.origin, { connections, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** One call; never rejects. */
  async call(tool: string, more: Omit<CallArguments, "n"> = {}): Promise<ClientCall> {
    lastNumber += 1;
    const args = { n: lastNumber, ...more };
    const startedMs = performance.now();
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const seen = await this.#send(tool, args);
    this.inFlight -= 1;
    const call = { tool, args, ...seen, ms: performance.now() - startedMs };
    this.calls.push(call);
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

  /** By which the next call will be known. */
  nextNumber(): number {
    return lastNumber + 1;
  }

  end(): void {
    this.#isOver = true;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(tool: string, args: CallArguments): Promise<Pick<ClientCall, "status" | "text" | "outcome">> {
    const { path, token } = this.#target;
    try {
      const headers = callHeaders(token, tool);
      const answer = await this.#pool.request({ method: "POST", path, headers, body: callBody(tool, args) });
      const text = await answer.body.text();
      return { status: answer.statusCode, text, outcome: outcomeOf(answer.statusCode, text, args.n) };
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
      return { status: 0, text: code, outcome: code === "ECONNREFUSED" ? "unconnected" : "cut" };
    }
  }
}

function outcomeOf(status: number, text: string, n: number): ClientCall["outcome"] {
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
