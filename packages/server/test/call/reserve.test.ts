import type { Charge, CounterIds, Reservation } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Counters, Reserving } from "../../src/call/ports.ts";
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
