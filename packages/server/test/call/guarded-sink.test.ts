import { describe, expect, test } from "vitest";
import { GuardedSink } from "../../src/call/guarded-sink.ts";
import type { UpstreamSink } from "../../src/call/ports.ts";
import { type FakeReply, openRelay, outcome } from "./relay-rig.ts";

const BODY = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}');
const SAID: readonly (readonly [string, (sink: UpstreamSink) => void])[] = [
  ["onAnswer", (sink) => sink.onAnswer(200, BODY, undefined)],
  ["onStream", (sink) => sink.onStream(undefined)],
  ["onEvent", (sink) => sink.onEvent({ keepAlive: true })],
  ["onEnd", (sink) => sink.onEnd()],
  ["onFail", (sink) => sink.onFail({ kind: "cut", sent: true })],
];

/** A client whose connection breaks in the gateway's hands, once. */
function breakOnce(reply: FakeReply, fault: unknown): void {
  let isBroken = true;
  for (const name of ["whole", "startStream", "event", "end"] as const) {
    const works = reply[name].bind(reply) as (...args: unknown[]) => boolean;
    const breaks = (...args: unknown[]): boolean => {
      if (!isBroken) return works(...args);
      isBroken = false;
      throw fault;
    };
    Object.assign(reply, { [name]: breaks });
  }
}

describe("a fault in the way of an answer stays inside its call (threat 65)", () => {
  test.each(SAID)("%s", (_, say) => {
    const { relay, reply, tools, outcomes, warned, exchanged } = openRelay();
    const sink = new GuardedSink(relay, tools.ports.observer);
    breakOnce(reply, new RangeError("no"));
    expect(() => say(sink)).not.toThrow();
    expect(warned).toEqual([["line_fault", { request: "r-1", fault: "RangeError" }]]);
    expect([reply.closed, outcomes.length, tools.open.size]).toEqual([true, 1, 0]);
    say(sink);
    expect([warned.length, outcomes.length]).toEqual([1, 1]);
    expect(exchanged.length).toBeLessThanOrEqual(1);
  });

  test("whatever was thrown, nothing of it is told outside", () => {
    const { relay, reply, tools, warned } = openRelay();
    breakOnce(reply, "a secret");
    new GuardedSink(relay, tools.ports.observer).onStream(undefined);
    expect(warned).toEqual([["line_fault", { request: "r-1", fault: "unknown" }]]);
    expect(JSON.stringify(reply.told)).toContain("Internal error; nothing more was executed.");
    expect(JSON.stringify(reply.told)).not.toContain("secret");
  });
});

test("without a fault it is the relay", () => {
  const { relay, reply, tools, outcomes } = openRelay();
  new GuardedSink(relay, tools.ports.observer).onAnswer(200, BODY, undefined);
  expect(reply.told).toEqual([[200, ["content-type", "application/json"], BODY.toString()]]);
  expect(outcomes).toEqual([outcome("ok", 200, BODY.length)]);
});
