import { expect, test } from "vitest";
import type { UpstreamFailure } from "../../../src/call/ports.ts";
import type { SseEvent } from "../../../src/mcp/sse.ts";
import { Delivery, MAX_HELD_BYTES } from "../../../src/upstream/channel/delivery.ts";

type Told = "stream" | "end" | number | UpstreamFailure["kind"];

/** A delivery that is paused after its first event, and what its sink was told: the length of each event. */
function paused(): { readonly delivery: Delivery; readonly told: Told[] } {
  const told: Told[] = [];
  const sink = {
    onAnswer: () => {},
    onStream: () => void told.push("stream"),
    onEvent: ({ data }: SseEvent) => void told.push(data?.length ?? 0),
    onEnd: () => void told.push("end"),
    onFail: ({ kind }: UpstreamFailure) => void told.push(kind),
  };
  const delivery = new Delivery(sink, undefined, () => {});
  delivery.event("x");
  delivery.pause();
  return { delivery, told };
}

test("holds a response of any size for a reader that paused", () => {
  const { delivery, told } = paused();
  delivery.event("y");
  delivery.response("z".repeat(2 * MAX_HELD_BYTES));
  delivery.resume();
  expect(told).toEqual(["stream", 1, 1, 2 * MAX_HELD_BYTES, "end"]);
});

test("fails a reader that leaves more than 1 MiB behind (faults F9)", () => {
  const { delivery, told } = paused();
  for (let times = 0; times < 3; times += 1) delivery.event("y".repeat(MAX_HELD_BYTES));
  delivery.resume();
  expect(told).toEqual(["stream", 1, "too-large"]);
});
