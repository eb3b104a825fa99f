import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Baseline, checkAftermath, takeBaseline } from "./aftermath.ts";
import { openWorld, type World } from "./cells.ts";
import { compose } from "./compose.ts";
import { readFraming, runFraming } from "./framing.ts";
import { asCase, exchange, openRunPlace } from "./line-answers.ts";

/** Five seconds from the first polite request to SIGKILL, and time for a busy machine. */
const GONE_WITHIN_MS = 15_000;

describe("hostile framing on stdio", () => {
  let world: World;
  let baseline: Baseline;

  beforeAll(async () => {
    world = await openWorld();
    baseline = await takeBaseline(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("every case comes to its end in both eras, with the gateway and with `run` in front", async () => {
    const cases = readFraming();
    expect(cases.length).toBeGreaterThanOrEqual(80);
    const run = await runFraming(cases, world);
    expect(run.failures).toEqual([]);
    expect(run.cells).toBe(4 * cases.length);
  });

  test.each(["modern", "legacy"] as const)(
    "a %s server that has no ear for SIGTERM is gone with its client",
    async (era) => {
      const place = await openRunPlace(world, era, true, true);
      const call = { id: "deaf", name: "deaf", threats: [98] };
      expect((await exchange(place, compose(asCase(call), place.target), world)).text).toContain("done");
      expect(world.relay.living(place.path).length).toBeGreaterThan(0);
      await place.lines[Symbol.asyncDispose]();
      await vi.waitFor(() => expect(world.relay.living(place.path)).toEqual([]), GONE_WITHIN_MS);
    },
  );

  test("nothing leaked, everything is on record, nothing is left open", async () => {
    expect(await checkAftermath(world, baseline)).toEqual([]);
  });
});
