import type { Result } from "@portcullis/policy";
import type { Era, Server, ServerId, Target, UpstreamFailure, Upstreams } from "../call/ports.ts";
import { probeEra } from "./era-probe.ts";
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

interface Detected {
  readonly target: Target;
  readonly era: Era;
  readonly atMs: number;
  isSuspect: boolean;
}

interface Probing {
  readonly target: Target;
  readonly era: Promise<Result<Era, UpstreamFailure>>;
}

/** Which era each server speaks: set by the operator, or asked once and kept for a while (gateway.md 3). */
export class EraBook {
  readonly #upstreams: Pick<Upstreams, "open" | "closeSession">;
  readonly #monotonicMs: () => number;
  readonly #detected = new Map<ServerId, Detected>();
  readonly #pending = new Map<ServerId, Probing>();

  constructor(upstreams: Pick<Upstreams, "open" | "closeSession">, monotonicMs: () => number) {
    this.#upstreams = upstreams;
    this.#monotonicMs = monotonicMs;
  }

  known(server: Server): Era | undefined {
    if (server.era !== "auto") return server.era;
    const found = this.#detected.get(server.id);
    if (found === undefined || !isSameTarget(found.target, server.target)) return undefined;
    const ageMs = this.#monotonicMs() - found.atMs;
    if (found.isSuspect && ageMs >= MIN_AGE_MS) return undefined;
    return server.target.kind === "http" && ageMs >= HTTP_TTL_MS ? undefined : found.era;
  }

  /** One probe per server at a time; failures are not remembered. */
  detect(server: Server): Promise<Result<Era, UpstreamFailure>> {
    const known = this.known(server);
    if (known !== undefined) return Promise.resolve({ ok: true, value: known });
    const pending = this.#pending.get(server.id);
    if (pending !== undefined && isSameTarget(pending.target, server.target)) return pending.era;
    const probing = { target: server.target, era: this.#probe(server) };
    this.#pending.set(server.id, probing);
    return probing.era.finally(() => {
      if (this.#pending.get(server.id) === probing) this.#pending.delete(server.id);
    });
  }

  noteFailure(server: Server, failure: UpstreamFailure): void {
    const found = this.#detected.get(server.id);
    if (found !== undefined && SUSPICIOUS.has(failure.kind)) found.isSuspect = true;
  }

  async #probe(server: Server): Promise<Result<Era, UpstreamFailure>> {
    const result = await probeEra(this.#upstreams, server);
    if (result.ok) {
      const atMs = this.#monotonicMs();
      this.#detected.set(server.id, { target: server.target, era: result.value, atMs, isSuspect: false });
    }
    return result;
  }
}
