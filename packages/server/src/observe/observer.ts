import pino, { type DestinationStream, type Logger } from "pino";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Observer } from "../call/ports.ts";
import type { Server } from "../call/records.ts";

/** Values that fit a log line; a token or an argument value is never one of them. */
type Fields = { readonly [name: string]: string | number | undefined };

/** One warning of a kind per this long: strangers must not fill the disk with log lines (gateway.md 2.2). */
const WARN_EVERY_MS = 1_000;

/** Seconds; calls end at the deadline of 55 s. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Log lines as JSON and metrics for Prometheus. */
export class LiveObserver implements Observer {
  readonly registry = new Registry();
  readonly log: Logger;
  readonly #refusals: Counter<"kind">;
  readonly #calls: Counter<"server" | "status">;
  readonly #latency: Histogram<"server">;
  readonly #warnedAtMs = new Map<string, number>();
  /** Calls by server and status since somebody last asked: on the line a number is raised, and no more. */
  readonly #newCalls = new Map<string, Map<string, number>>();

  constructor(level: string, destination: DestinationStream) {
    this.log = pino({ level, base: null }, destination);
    const registers = [this.registry];
    this.#refusals = new Counter({
      name: "portcullis_refusals_total",
      help: "Requests that the gateway answered itself, by reason.",
      labelNames: ["kind"],
      registers,
    });
    this.#calls = new Counter({
      name: "portcullis_calls_total",
      help: "Requests that were sent to a server, by how they ended.",
      labelNames: ["server", "status"],
      registers,
      collect: () => this.#countCalls(),
    });
    this.#latency = new Histogram({
      name: "portcullis_call_seconds",
      help: "From the head of the request to the end of its answer.",
      labelNames: ["server"],
      buckets: LATENCY_BUCKETS,
      registers,
    });
  }

  refused(kind: string): void {
    this.#refusals.inc({ kind });
  }

  answered(server: Server, status: string, latencyMs: number): void {
    const byStatus = this.#newCalls.get(server.name) ?? new Map<string, number>();
    this.#newCalls.set(server.name, byStatus);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    this.#latency.observe({ server: server.name }, latencyMs / 1000);
  }

  warn(event: string, fields: Fields): void {
    const nowMs = performance.now();
    const last = this.#warnedAtMs.get(event);
    if (last !== undefined && nowMs - last < WARN_EVERY_MS) return;
    this.#warnedAtMs.set(event, nowMs);
    this.log.warn({ event, ...fields });
  }

  #countCalls(): void {
    for (const [server, byStatus] of this.#newCalls) {
      for (const [status, count] of byStatus) this.#calls.inc({ server, status }, count);
    }
    this.#newCalls.clear();
  }

  /** A figure that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
