import type { Clock, Counters, Reserving } from "../../packages/server/src/call/ports.ts";
import type { CallRecord } from "./call-record.ts";
import { QuotaModel, type Taken } from "./quota-model.ts";

/** Clocks jump by a day at most; what is older is in no window with what comes. */
const DAYS_MS = 2 * 86_400_000;

type Reserve = Counters["reserve"];
type Charges = Parameters<Counters["refund"]>[0];

/** Holds every answer of the counters against the model, and every refund against policy-spec L6. */
export class QuotaWatch {
  readonly #model: QuotaModel;
  /** Calls whose reservation comes next, by holder, in the order of their arrival. */
  readonly #expected = new Map<string, CallRecord[]>();
  readonly #callOf = new WeakMap<object, CallRecord>();
  readonly #ran = new Map<string, Taken[]>();
  readonly #nowMs: () => number;
  readonly #complain: (text: string) => void;
  denied = 0;
  refunded = 0;

  constructor(clock: Clock, complain: (text: string) => void) {
    this.#nowMs = () => clock.nowMs();
    this.#model = new QuotaModel(() => clock.monotonicMs());
    this.#model.believe(clock.nowMs());
    this.#complain = complain;
  }

  /** The call will ask for its limits, unless it has none. */
  expect(call: CallRecord): void {
    if (call.rule.effect !== "allow" || call.rule.limits.length === 0) return;
    const key = holderKey(call.client.grant, call.session);
    const waiting = this.#expected.get(key) ?? [];
    this.#expected.set(key, waiting);
    waiting.push(call);
  }

  around(counters: Counters, isAlive: () => boolean): Counters {
    return {
      reserve: (...asked) => this.#reserve(counters, asked),
      refund: (charges) => {
        if (isAlive()) this.#refund(counters, charges);
      },
    };
  }

  /** L10, by what really ran: never more than the limit in any window. */
  noteRun({ id, taken = [], rule, client, fate }: CallRecord): void {
    if (client.isShadow) return;
    for (const one of taken) {
      // Its limit does not count runs that end in the tool's own error.
      if (one.refundOnError && fate?.refund === "on-error") continue;
      const all = [...(this.#ran.get(one.key) ?? []).filter((old) => old.atMs > one.atMs - DAYS_MS), one];
      this.#ran.set(one.key, all);
      const isCounted = (old: Taken) => isTogether(old, one) && !this.#model.isOver(old, one.takenMs);
      const sum = all.reduce((total, old) => total + (isCounted(old) ? old.amount : 0), 0);
      const max = Math.max(
        ...rule.limits
          .filter(({ limit }) => one.key.includes(` ${limit.counter} `))
          .map(({ limit }) => limit.max),
      );
      if (sum > max) this.#complain(`call ${id} ran as ${sum} of ${max} in ${one.key}`);
    }
  }

  committed(): void {
    this.#model.commit();
  }

  crashed(): void {
    this.#model.crash();
    this.#model.believe(this.#nowMs());
    this.#expected.clear();
  }

  #reserve(counters: Counters, asked: Parameters<Reserve>): Reserving {
    const [, ids, nowMs] = asked;
    const call = this.#expected.get(holderKey(ids.grant, ids.session))?.shift();
    if (call === undefined) throw new Error("a reservation that nobody expected");
    const { client, rule } = call;
    const holder = { server: ids.server, grant: ids.grant, session: ids.session, isShadow: client.isShadow };
    const limits = rule.limits.map(({ pointer, limit }) => {
      const amount = limit.increment_from === undefined ? (limit.increment ?? 1) : call.amount;
      return { pointer, limit, amount };
    });
    const answer = counters.reserve(...asked);
    if (answer instanceof Promise) throw new TypeError("these counters answer at once");
    const told = answer.ok
      ? ({ ok: true, takenAtMs: answer.charges.map((charge) => charge.takenAtMs) } as const)
      : answer;
    const taken = this.#model.judge(limits, holder, nowMs, told);
    if (taken === undefined)
      this.#complain(`call ${call.id} was wrongly ${answer.ok ? "admitted" : `denied by ${answer.rule}`}`);
    if (!answer.ok) this.denied += 1;
    if (answer.ok && taken !== undefined) {
      call.taken = taken;
      for (const charge of answer.charges) this.#callOf.set(charge, call);
    }
    return answer;
  }

  #refund(counters: Counters, charges: Charges): void {
    const due = charges.filter(({ refunded }) => !refunded);
    for (const charge of due) {
      const call = this.#callOf.get(charge);
      if (call === undefined) this.#complain("a charge came back that nobody made");
      else if (!mayReturn(call, charge.refundOnError))
        this.#complain(`call ${call.id} got a charge back (L6)`);
    }
    this.refunded += due.length;
    const [first] = due;
    const call = first === undefined ? undefined : this.#callOf.get(first);
    if (call?.taken !== undefined) {
      const isAll = due.length === call.taken.length;
      this.#model.refund(isAll ? call.taken : call.taken.filter((one) => one.refundOnError), this.#nowMs());
    }
    counters.refund(charges);
  }
}

/** policy-spec L6: only what provably did not run; after a tool's error, what its limit says. */
function mayReturn({ seq, fate, endedBy }: CallRecord, refundOnError: boolean): boolean {
  // Nothing is sent without an intent, nor after the grant or the client was gone.
  if (seq === undefined || fate === undefined) return fate === undefined || endedBy !== undefined;
  return fate.refund === "all" || (fate.refund === "on-error" && refundOnError);
}

function isTogether(old: Taken, { atMs, windowMs, isSliding }: Taken): boolean {
  return isSliding ? old.atMs > atMs - windowMs && old.atMs <= atMs : old.atMs === atMs;
}

function holderKey(grant: string, session: string | undefined): string {
  return `${grant} ${session ?? ""}`;
}
