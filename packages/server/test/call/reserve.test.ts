import type { Charge, CounterIds, Decision, Reservation } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Access, Once, PermittedCall } from "../../src/call/call.ts";
import type { Counters, Ports, Reserving } from "../../src/call/ports.ts";
import { reserve } from "../../src/call/reserve.ts";
import { type Session, Sessions } from "../../src/call/sessions.ts";
import { accessOf, atAnotherServer, ofAnotherGrant } from "./access.ts";
import { type LineRig, openLine } from "./line-rig.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: { limits: [{ counter: "calls", window: "minute", max: 1 }] }, other: {} },
};
const UNAVAILABLE = "The counters cannot be read, so the limits cannot be checked.";
const CHARGE: Charge = { key: "k", amountMicros: 1, takenAtMs: 0, refundOnError: false, refunded: false };

/** A store that answers as the test says, and remembers what it was asked and given back. */
class ScriptedCounters implements Counters {
  readonly asked: (readonly [readonly Reservation[], CounterIds, number])[] = [];
  readonly refunded: Charge[] = [];
  readonly #gaveBack = Promise.withResolvers<void>();
  readonly #answer: () => Reserving | Promise<Reserving>;

  constructor(answer: () => Reserving | Promise<Reserving>) {
    this.#answer = answer;
  }

  reserve(...asked: readonly [readonly Reservation[], CounterIds, number]): Reserving | Promise<Reserving> {
    this.asked.push(asked);
    return this.#answer();
  }

  refund(charges: readonly Charge[]): void {
    this.refunded.push(...charges);
    this.#gaveBack.resolve();
  }

  /** Resolves with the first refund. */
  get gaveBack(): Promise<void> {
    return this.#gaveBack.promise;
  }
}

const run = (rig: LineRig, name = "run") => rig.send("tools/call", { name, arguments: {} });
const RAN = { resultType: "complete", content: [{ type: "text", text: "ran" }] };
const DENIED = {
  resultType: "complete",
  content: [{ type: "text", text: `[POLICY DENIED] ${UNAVAILABLE}` }],
  isError: true,
};
const answer = (result: object) => ({ status: 200, body: { jsonrpc: "2.0", id: 1, result } });

describe("policy-spec L8: a counter store that cannot answer within its deadline denies the call", () => {
  test.each<[string, string, () => Reserving | Promise<Reserving>]>([
    ["it never answers", "deadline", () => new Promise(() => {})],
    ["it fails", "RangeError", () => Promise.reject(new RangeError("no"))],
    [
      "it fails at once",
      "TypeError",
      () => {
        throw new TypeError("no");
      },
    ],
    ["it fails with nothing to say", "unknown", () => Promise.reject("no")],
  ])("%s", async (_, reason, reserve) => {
    await using rig = await openLine({
      era: "modern",
      policy: POLICY,
      counters: new ScriptedCounters(reserve),
    });
    expect(await run(rig)).toEqual(answer(DENIED));
    expect(rig.ran()).toEqual([]);
    expect(rig.rows).toMatchObject([{ tool: "run", effect: "deny", rule: "(error)", message: UNAVAILABLE }]);
    expect(rig.warned).toEqual([["counters_failed", { reason }]]);
  });

  test("what a late store has charged is given back", async () => {
    const { promise, resolve } = Promise.withResolvers<Reserving>();
    const counters = new ScriptedCounters(() => promise);
    await using rig = await openLine({ era: "modern", policy: POLICY, counters });
    expect(await run(rig)).toEqual(answer(DENIED));
    expect(counters.refunded).toEqual([]);
    resolve({ ok: true, charges: [CHARGE] });
    await counters.gaveBack;
    expect([counters.refunded, rig.ran()]).toEqual([[CHARGE], []]);
  });

  test.each<[string, () => Promise<Reserving>, Counters["refund"]]>([
    ["fails", () => Promise.reject(new Error("no")), () => {}],
    [
      "cannot take back what it charged",
      () => Promise.resolve({ ok: true, charges: [CHARGE] }),
      () => {
        throw new Error("no");
      },
    ],
  ])("a late store that %s changes nothing", async (_, late, refund) => {
    const { promise, resolve } = Promise.withResolvers<Reserving>();
    await using rig = await openLine({
      era: "modern",
      policy: POLICY,
      counters: { reserve: () => promise, refund },
    });
    expect(await run(rig)).toEqual(answer(DENIED));
    resolve(late());
    await promise.catch(() => {});
    expect([await run(rig, "other"), rig.warned]).toEqual([
      answer(RAN),
      [["counters_failed", { reason: "deadline" }]],
    ]);
  });

  test("in shadow mode the call goes through, uncharged, and the row says what would have been (A1)", async () => {
    const counters = new ScriptedCounters(() => new Promise(() => {}));
    await using rig = await openLine({ era: "modern", policy: POLICY, counters, mode: "shadow" });
    expect(await run(rig)).toEqual(answer(RAN));
    expect(rig.rows[0]).toMatchObject({ mode: "shadow", effect: "deny", rule: "(error)", status: null });
  });

  test("a store that answers in time, at once or later, decides", async () => {
    const ok: Reserving = { ok: true, charges: [CHARGE] };
    const over: Reserving = { ok: false, rule: "/r", message: "Over.", retryAfterMs: undefined };
    const answers = [ok, Promise.resolve(ok), over, Promise.resolve(over)];
    const counters = new ScriptedCounters(() => answers.shift() ?? over);
    await using rig = await openLine({ era: "modern", policy: POLICY, counters });
    const texts: unknown[] = [];
    for (const _ of [1, 2, 3, 4]) texts.push((await run(rig)).body);
    const denied = { ...DENIED, content: [{ type: "text", text: "[POLICY DENIED] Over." }] };
    expect(texts).toEqual([RAN, RAN, denied, denied].map((result) => answer(result).body));
    expect([counters.refunded, rig.warned]).toEqual([[], []]);
  });

  test("a call without limits does not ask the store", async () => {
    const counters = new ScriptedCounters(() => new Promise(() => {}));
    await using rig = await openLine({ era: "modern", policy: POLICY, counters });
    expect([await run(rig, "other"), counters.asked]).toEqual([answer(RAN), []]);
  });
});

describe("whose counters are asked (policy-spec L4, A1)", () => {
  const GRANTED = accessOf({});
  const SESSION = new Sessions(() => {}).open("s-1", GRANTED, "u", 0);
  const RESERVATION = { pointer: "/r", limit: {}, amountMicros: 1 } as Reservation;
  const CLOCKED = { clock: { nowMs: () => 5, monotonicMs: () => 0 }, observer: { warn: () => {} } };

  /** The ids that a call is reserved under, and the call that came out. */
  function reserveFor(more: { access?: Access; session?: Session; once?: Once } = {}) {
    const { access = GRANTED, session, once } = more;
    const counters = new ScriptedCounters(() => ({ ok: true, charges: [CHARGE] }));
    const decision: Decision = { effect: "allow", rule: "", message: "", reservations: [RESERVATION] };
    const call = { arrival: { access }, session, once };
    const judged = { call, decision, tool: undefined, stop: undefined } as unknown as PermittedCall;
    const reserved = reserve(judged, { ...CLOCKED, counters } as unknown as Ports);
    return { ids: counters.asked[0]?.[1], asked: counters.asked, reserved };
  }

  test("those of the grant at the server, and of the session where there is one", () => {
    const { organisation, id: server } = GRANTED.server;
    const ids = { organisation, server, grant: GRANTED.grant.id, keys: expect.any(WeakMap) };
    expect(reserveFor().asked).toEqual([[[RESERVATION], ids, 5]]);
    expect(reserveFor({ session: { ...SESSION, id: undefined } }).ids).toEqual(ids);
    expect(reserveFor({ session: SESSION }).ids).toEqual({ ...ids, session: "s-1" });
    expect(reserveFor({ access: { ...GRANTED, mode: "shadow" } }).ids).toEqual({ ...ids, mode: "shadow" });
  });

  test("they are made once, and never serve another server, mode, grant or session", () => {
    const access = accessOf({});
    const again = () => reserveFor({ access }).ids;
    const first = again();
    expect(again()).toBe(first);
    const others = [
      atAnotherServer(access),
      ofAnotherGrant(access),
      { ...access, mode: "shadow" } as const,
      access,
    ].map((one, at) => reserveFor({ access: one, ...(at === 3 ? { session: SESSION } : {}) }).ids);
    expect(new Set([first, ...others]).size).toBe(5);
    expect(again()).toBe(first);
  });

  test("a retry with the server's state keeps its reservation and is charged nothing (policy-spec L6)", () => {
    const { asked, reserved } = reserveFor({ once: { kind: "state" } as Once });
    expect([asked, reserved]).toMatchObject([[], { ok: true, value: { charges: [] } }]);
    const { reserved: charged } = reserveFor({ once: { kind: "request" } as unknown as Once });
    expect(charged).toMatchObject({ ok: true, value: { charges: [CHARGE] } });
  });
});
