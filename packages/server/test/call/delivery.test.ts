import { describe, expect, test } from "vitest";
import { Delivery } from "../../src/call/delivery.ts";
import { type FakeReply, openRelay, type Relaying } from "./relay-rig.ts";

/** What becomes of an answer to this call. */
function open(relaying: Relaying = {}): { reply: FakeReply; delivery: Delivery } {
  const { relay, reply } = openRelay(relaying);
  return { reply, delivery: new Delivery(relay.call.call) };
}

const EVENT = { data: "{}" };
const REFUSAL = { kind: "session-unknown" } as const;

describe("an answer is given at most once (threat 41)", () => {
  test.each<[string, (delivery: Delivery) => void]>([
    ["whole", (delivery) => delivery.whole(200, [], "{}")],
    ["as the last event of a stream", (delivery) => delivery.lastEvent(EVENT)],
    ["as a refusal", (delivery) => delivery.refuse({ kind: "internal" })],
    ["as nothing", (delivery) => delivery.endUnanswered()],
  ])("%s: no refusal comes after it", (_, give) => {
    const { reply, delivery } = open();
    expect(delivery.isDelivered).toBe(false);
    give(delivery);
    const told = [...reply.told];
    delivery.refuse(REFUSAL);
    expect([delivery.isDelivered, reply.closed, reply.told]).toEqual([true, true, told]);
  });

  test.each<[string, (delivery: Delivery) => void]>([
    ["whole", (delivery) => delivery.whole(200, [], "{}")],
    ["as the last event of a stream", (delivery) => delivery.lastEvent(EVENT)],
  ])("%s: who left before did not get it", (_, give) => {
    const { reply, delivery } = open();
    reply.leave();
    give(delivery);
    expect([delivery.isDelivered, reply.told]).toEqual([false, []]);
  });
});

describe("a stream begins when there is something to say on it", () => {
  test("an event", () => {
    const { reply, delivery } = open();
    reply.reads = false;
    expect([delivery.event(EVENT), delivery.event(EVENT)]).toEqual([false, false]);
    expect(reply.told).toEqual([["stream"], EVENT, EVENT]);
  });

  test("its end", () => {
    const { reply, delivery } = open();
    delivery.endUnanswered();
    expect(reply.told).toEqual([["stream"], "end"]);
  });

  test("not for who is gone, who need not be waited for", () => {
    const { reply, delivery } = open();
    reply.leave();
    reply.reads = false;
    expect([delivery.event(EVENT), reply.streaming]).toEqual([true, false]);
  });

  test("once", () => {
    const { reply, delivery } = open();
    reply.startStream(["a", "b"]);
    delivery.event(EVENT);
    delivery.endUnanswered();
    expect(reply.told).toEqual([["stream", "a", "b"], EVENT, "end"]);
  });
});

describe("a response may come on another stream", () => {
  test.each<[string, Relaying, boolean]>([
    ["of a session of an earlier revision", { era: "legacy" }, true],
    ["not without a session", { era: "legacy", hasSession: false }, false],
    ["not in the modern revision", { hasSession: true }, false],
  ])("%s", (_, relaying, isResumable) => {
    const { reply, delivery } = open(relaying);
    expect(delivery.isResumable).toBe(false);
    reply.startStream([]);
    expect(delivery.isResumable).toBe(isResumable);
    delivery.lastEvent(EVENT);
    expect(delivery.isResumable).toBe(false);
  });
});
