import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ClockWorld, openClockWorld } from "./clock-world.ts";
import { readClocks } from "./clocks.ts";
import { type Kind, openPlace, say } from "./conversation.ts";
import type { RawReply } from "./raw-upstream.ts";
import { runClocks } from "./run-clocks.ts";
import { answerAsWorld } from "./world-server.ts";

const ALLOW = { version: "1", default: "allow" };
const DAY_MS = 86_400_000;

let world: ClockWorld;
beforeAll(async () => {
  world = await openClockWorld();
});
afterEach(() => world.setClock(null));
afterAll(() => world[Symbol.asyncDispose]());

test("whatever the clock says, no window lets more through than it should (threat 68)", async () => {
  const clocks = readClocks();
  expect(clocks.length).toBeGreaterThanOrEqual(35);
  expect((await runClocks(clocks, world)).failures).toEqual([]);
});

describe("what is under way when somebody sets the clock (threat 68)", () => {
  const kinds: readonly Kind[] = ["modern", "session", "stateless"];
  const leaps = { ahead: 2 * DAY_MS, back: -2 * DAY_MS };
  const rows = kinds.flatMap((kind) =>
    Object.entries(leaps).map(([where, leap]) => [kind, where, leap] as const),
  );

  test.each(rows)("a call of a %s client comes to its end when the clock leaps %s", async (kind, _, leap) => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const place = await openPlace(world, kind, ALLOW, (seen): RawReply | undefined => {
      if (seen.message?.["method"] !== "tools/call") return undefined;
      asked.resolve();
      return { ...answerAsWorld(seen), after: gate.promise };
    });
    world.rig.state.db.run("UPDATE grant_ SET expires_at = ?", Date.now() + 9 * DAY_MS);
    const answered = say(world, place.one, {});
    await asked.promise;
    await world.setClock(Date.now() + leap);
    // Longer than what looks for sessions and answers that nobody wants any more.
    const later = performance.now() + 250;
    while (performance.now() < later) await say(world, place.two, { method: "ping", params: '"x":1' });
    gate.resolve();
    expect((await answered).body.toString("utf8")).toContain('"text":"done"');
    expect((await say(world, place.one, {})).status).toBe(200);
  });
});
