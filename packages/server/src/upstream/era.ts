import type { Result } from "@portcullis/policy";
import type { UpstreamFailure, Upstreams } from "../call/ports.ts";
import type { Era, Server, ServerId, Target } from "../call/records.ts";
import { probeEra } from "./era-probe.ts";
import { Findings } from "./findings.ts";
import { isSameTarget } from "./same-target.ts";

interface Probing {
  readonly target: Target;
  readonly era: Promise<Result<Era, UpstreamFailure>>;
}

/** Which era each server speaks: set by the operator, or asked once and kept for a while. */
export class EraBook {
  readonly #upstreams: Pick<Upstreams, "open" | "closeSession">;
  readonly #detected: Findings<Era>;
  readonly #pending = new Map<ServerId, Probing>();

  constructor(upstreams: Pick<Upstreams, "open" | "closeSession">, monotonicMs: () => number) {
    this.#upstreams = upstreams;
    this.#detected = new Findings(monotonicMs);
  }

  known(server: Server): Era | undefined {
    if (server.era !== "auto") return server.era;
    // HTTP+SSE is of 2024-11-05 alone.
    if (server.target.kind === "http" && server.target.transport === "sse") return "legacy";
    return this.#detected.get(server);
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
    this.#detected.doubt(server, failure);
  }

  async #probe(server: Server): Promise<Result<Era, UpstreamFailure>> {
    const result = await probeEra(this.#upstreams, server);
    if (result.ok) this.#detected.note(server, result.value);
    return result;
  }
}
