import { EventEmitter } from "node:events";
import pino, { type DestinationStream, type Logger } from "pino";
import type { Observer } from "../call/ports.ts";
import type { Server } from "../call/records.ts";
import { type Counter, type Histogram, Metrics } from "./metrics.ts";

/** Values that fit a log line; a token or an argument value is never one of them. */
type Fields = { readonly [name: string]: string | number | undefined };

/** One warning of a kind per this long: strangers must not fill the disk with log lines. */
const WARN_EVERY_MS = 1_000;

/** Seconds; calls end at the deadline of 55 s. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Log lines as JSON and metrics for Prometheus. */
export class LiveObserver implements Observer {
  readonly metrics = new Metrics();
  readonly log: Logger;
  readonly #refusals: Counter;
  readonly #calls: Counter;
  readonly #latency: Histogram;
  readonly #warnedAtMs = new Map<string, number>();

  constructor(level: string, destination: DestinationStream) {
    survive(destination);
    this.log = pino({ level, base: null }, destination);
    this.#refusals = this.metrics.counter(
      "portcullis_refusals_total",
      "Requests that the gateway answered itself, by reason.",
      ["kind"],
    );
    this.#calls = this.metrics.counter(
      "portcullis_calls_total",
      "Requests that were sent to a server, by how they ended.",
      ["server", "status"],
    );
    this.#latency = this.metrics.histogram(
      "portcullis_call_seconds",
      "From the head of the request to the end of its answer.",
      "server",
      LATENCY_BUCKETS,
    );
  }

  refused(kind: string): void {
    this.#refusals.raise(kind);
  }

  answered(server: Server, status: string, latencyMs: number): void {
    this.#calls.raise(server.name, status);
    this.#latency.observe(server.name, latencyMs / 1000);
  }

  warn(event: string, fields: Fields): void {
    const nowMs = performance.now();
    const last = this.#warnedAtMs.get(event);
    if (last !== undefined && nowMs - last < WARN_EVERY_MS) return;
    this.#warnedAtMs.set(event, nowMs);
    this.log.warn({ event, ...fields });
  }
}

/** Whoever collects the lines may go away (EPIPE): then they are lost, and nothing else is. */
function survive(destination: DestinationStream): void {
  if (!(destination instanceof EventEmitter) || destination.listeners("error").includes(ignore)) return;
  destination.on("error", ignore);
}

function ignore(): void {}
