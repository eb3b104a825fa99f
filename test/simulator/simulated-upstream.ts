import type { Exchange, UpstreamRequest, UpstreamSink } from "../../packages/server/src/call/ports.ts";
import type { CallRecord } from "./call-record.ts";
import type { CommittedLog } from "./committed-log.ts";
import { drawFate, sessionAnswer } from "./fates.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the servers know besides. */
export interface UpstreamOptions {
  readonly log: CommittedLog;
  /** Whether the process dies at this moment: the request is on its way, and nobody is left to hear the answer. */
  readonly diesAtOpen: () => boolean;
}

/** The servers behind the gateway. They see what is really sent, and judge it. */
export class SimulatedUpstream {
  readonly #world: Surroundings;
  readonly #options: UpstreamOptions;
  /** What clients call the sessions of the upstream. */
  readonly #sessions = new Map<string, string>();
  #ran = 0;

  constructor(world: Surroundings, options: UpstreamOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Requests that were executed. */
  get ran(): number {
    return this.#ran;
  }

  /** The session that call `id` opened is `session` to its client. */
  noteSession(id: number, session: string): void {
    this.#sessions.set(`upstream-${id}`, session);
  }

  /** The upstream got a request: the moment of truth for nearly every promise. */
  open(request: UpstreamRequest, sink: UpstreamSink, life: number): Exchange {
    const inert = { cancel: () => {}, pause: () => {}, resume: () => {} };
    if (!this.#world.isAlive(life)) return inert;
    const call = this.#callOf(request);
    if (call.fate !== undefined) this.#world.complain(`call ${call.id} was sent twice`);
    this.#judgeSending(call);
    const isSession = call.kind !== "call";
    const { random } = this.#world;
    const drawn = drawFate(random);
    call.fate = isSession ? { ...drawn, name: call.kind, ran: true, refund: "none", status: "ok" } : drawn;
    call.ran = call.fate.ran;
    if (call.ran) {
      this.#ran += 1;
      this.#world.quotas.noteRun(call);
    }
    this.#world.note(`open ${call.id} ${call.fate.name}`);
    return this.#options.diesAtOpen() ? inert : this.#answerLater(call, sink, life);
  }

  #answerLater(call: CallRecord, sink: UpstreamSink, life: number): Exchange {
    let isOver = false;
    const { random, agenda, loop } = this.#world;
    const delayMs = random.oneIn(20) ? random.below(20_000) : 1 + random.below(400);
    agenda.add(loop.monotonicMs() + delayMs, () => {
      if (isOver || !this.#world.isAlive(life)) return;
      isOver = true;
      if (call.kind === "initialize") sessionAnswer(`upstream-${call.id}`)(sink, call.id);
      else if (call.kind === "end") sink.onAnswer(200, Buffer.alloc(0), undefined);
      else call.fate?.answer(sink, call.id);
    });
    return {
      cancel: () => {
        if (!isOver) call.endedBy ??= "revocation";
        isOver = true;
      },
      pause: () => {},
      resume: () => {},
    };
  }

  #judgeSending(call: CallRecord): void {
    const { client, rule, id, seq } = call;
    if (client.isRevoked) this.#world.complain(`call ${id} was sent for a revoked grant (P4)`);
    if (rule.effect !== "allow" && !client.isShadow)
      this.#world.complain(`call ${id} was sent though ${rule.effect} (I3)`);
    if (rule.limits.length > 0 && call.taken === undefined && !client.isShadow)
      this.#world.complain(`call ${id} was sent without its charge`);
    const logged = seq === undefined ? undefined : this.#options.log.at(seq);
    if (logged?.requestId !== `call-${id}` || logged.fate !== "sent")
      this.#world.complain(`call ${id} was sent without a committed intent (I1)`);
  }

  #callOf({ message, verb, upstreamSession }: UpstreamRequest): CallRecord {
    const id = message?.kind === "request" ? Number(message.id) : undefined;
    const session = this.#sessions.get(upstreamSession ?? "");
    const isEnd = (one: CallRecord) =>
      one.kind === "end" && one.session === session && one.fate === undefined;
    const call = id === undefined ? this.#world.calls.findLast(isEnd) : this.#world.calls[id - 1];
    if (call === undefined)
      throw new Error(`the upstream got a request of nobody: ${verb} ${upstreamSession}`);
    return call;
  }
}
