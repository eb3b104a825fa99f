import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { LineOutput, LineReply } from "../../src/front/line-reply.ts";
import { Delivery } from "../../src/upstream/channel/delivery.ts";

/** A client that reads one piece per turn, and asks its writers to wait after every one. */
class SlowReader extends Writable {
  readonly lines: string[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.lines.push(chunk.toString().trimEnd());
    setImmediate(done);
  }
}

/** An answer on its way from a channel, whose events come at once when it goes on. */
function answerOn(output: LineOutput): Delivery {
  const reply = new LineReply(output, "POST", { onEnd: () => {} });
  const delivery = new Delivery(
    {
      onAnswer: () => {},
      onStream: () => reply.startStream(),
      onEvent: (event) => {
        if (!reply.event(event)) delivery.pause();
      },
      onEnd: () => reply.end(),
      onFail: () => {},
    },
    undefined,
    () => {},
  );
  reply.onDrain(() => delivery.resume());
  return delivery;
}

describe("a client that reads slowly", () => {
  test("gets every line of every answer: who has to wait again while going on is not forgotten", async () => {
    const reader = new SlowReader();
    const output = new LineOutput(reader);
    const names = ["a", "b"];
    for (const name of names) {
      const delivery = answerOn(output);
      for (let index = 0; index < 4; index += 1) delivery.event(`${name}${index}`);
    }
    // A turn per line and some; nothing but reading happens in them.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(reader.lines.toSorted()).toEqual(["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]);
  });
});
