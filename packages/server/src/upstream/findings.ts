import type { UpstreamFailure } from "../call/ports.ts";
import type { Server, ServerId, Target } from "../call/records.ts";
import { isSameTarget } from "./same-target.ts";

/** A remote server can be replaced under its URL; a command is the same program until it is registered anew. */
const HTTP_TTL_MS = 10 * 60_000;
/** Failures cannot make the gateway ask more often than this. */
const MIN_AGE_MS = 30_000;

/** Failures that a server shows when another one took its place, or none. */
const SUSPICIOUS: ReadonlySet<UpstreamFailure["kind"]> = new Set([
  "unreachable",
  "cut",
  "garbage",
  "exited",
  "redirect",
]);

interface Finding<T> {
  readonly target: Target;
  readonly value: T;
  readonly atMs: number;
  isSuspect: boolean;
}

/** What was found out about servers, until it is old or a failure makes it doubtful. */
export class Findings<T> {
  readonly #monotonicMs: () => number;
  readonly #found = new Map<ServerId, Finding<T>>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get(server: Server): T | undefined {
    const found = this.#found.get(server.id);
    if (found === undefined || !isSameTarget(found.target, server.target)) return undefined;
    const ageMs = this.#monotonicMs() - found.atMs;
    if (found.isSuspect && ageMs >= MIN_AGE_MS) return undefined;
    return server.target.kind === "http" && ageMs >= HTTP_TTL_MS ? undefined : found.value;
  }

  note(server: Server, value: T): void {
    this.#found.set(server.id, {
      target: server.target,
      value,
      atMs: this.#monotonicMs(),
      isSuspect: false,
    });
  }

  doubt(server: Server, failure: UpstreamFailure): void {
    const found = this.#found.get(server.id);
    if (found !== undefined && SUSPICIOUS.has(failure.kind)) found.isSuspect = true;
  }
}
