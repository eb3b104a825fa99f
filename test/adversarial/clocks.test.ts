import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ClockWorld, openClockWorld } from "./clock-world.ts";
import { readClocks } from "./clocks.ts";
import { type Kind, openPlace, type Place, read, say } from "./conversation.ts";
import type { RawReply } from "./raw-upstream.ts";
import { runClocks } from "./run-clocks.ts";
import { Trail } from "./trail.ts";
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

describe("a state that a user's answer comes back with (threats 53, 68)", () => {
  const ASKABLE =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}';
  const who = { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } };
  const few = {
    version: "1",
    default: "deny",
    server_requests: { elicitation: "allow" },
    tools: { any: { limits: [{ counter: "c", window: "day", max: 3 }] } },
  };
  const ask = (place: Place, state?: string) => {
    const more =
      state === undefined
        ? ""
        : `,"requestState":${JSON.stringify(state)},"inputResponses":{"who":{"action":"accept","content":{}}}`;
    const body = `{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{${ASKABLE},"name":"any","arguments":{}${more}}}`;
    return say(world, place.one, { body });
  };
  const open = () =>
    openPlace(world, "modern", few, ({ message }) => {
      const params = message?.["params"] as { requestState?: string } | undefined;
      if (message?.["method"] !== "tools/call" || params?.requestState !== undefined) return undefined;
      return { resultType: "input_required", requestState: "own", inputRequests: { who } };
    });
  const stateOf = async (place: Place) => String(read(await ask(place)).result?.["requestState"]);

  test("opens once, wherever the clock is set between", async () => {
    const place = await open();
    const state = await stateOf(place);
    expect((await ask(place, state)).status).toBe(200);
    world.rig.state.db.run("UPDATE grant_ SET expires_at = ?", Date.now() + 9 * DAY_MS);
    await world.setClock(Date.now() + DAY_MS);
    // What is spent is forgotten when another one is.
    await ask(place, await stateOf(place));
    await world.setClock(null);
    const trail = new Trail(world, place);
    expect((await ask(place, state)).status).toBe(400);
    expect(trail.calls()).toBe(0);
  });

  test("opens once, also when the gateway is started anew between", async () => {
    const place = await open();
    const state = await stateOf(place);
    expect((await ask(place, state)).status).toBe(200);
    await world.restart();
    const trail = new Trail(world, place);
    expect((await ask(place, state)).status).toBe(400);
    expect(trail.calls()).toBe(0);
  });
});
