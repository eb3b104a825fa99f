import { type CounterIds, compilePolicy, counterKey, evaluateCall } from "@portcullis/policy";
import { Database } from "@portcullis/server";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { initialize, openWorld, type World } from "./cells.ts";
import { type Kind, openPlace, type Place, say } from "./conversation.ts";
import { emptyReply } from "./raw-upstream.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const policyOf = (...limits: readonly object[]) => ({
  version: "1",
  default: "deny",
  tools: { any: { limits: limits.map((limit) => ({ window: "month", ...limit })) } },
});

/** Whether each of so many calls at once was let through. */
async function callAtOnce(places: readonly Place[], each: number): Promise<readonly boolean[]> {
  const calls = places.flatMap(({ one }) => Array.from({ length: each }, () => say(world, one, {})));
  return (await Promise.all(calls)).map(({ body }) => !body.toString("utf8").includes("[POLICY DENIED]"));
}

function callsAt({ name }: Place): number {
  const isCall = (message?: { readonly [member: string]: unknown }) => message?.["method"] === "tools/call";
  return world.upstream.seen.filter(({ path, message }) => path.endsWith(`/${name}`) && isCall(message))
    .length;
}

/** What is used of each counter with this name, by its scope. */
function usedOf(counter: string): { readonly [scope: string]: number } {
  const db = new Database(world.rig.folder.ledgerFile, { readOnly: true });
  const rows = db.all("SELECT key, micros FROM counter_fixed WHERE instr(key, ?) > 0", `:${counter}`);
  db.close();
  return Object.fromEntries(rows.map(({ key, micros }) => [String(key).split("|")[1], Number(micros) / 1e6]));
}

describe("whoever comes in another way counts all the same (threats 66, 69)", () => {
  test("200 at once through four doors, 50 allowed", async () => {
    const policy = policyOf({ counter: "doors", max: 50, scope: "organisation" });
    const open = (kind: Kind, options = {}) => openPlace(world, kind, policy, () => undefined, options);
    const places = [
      ...(await Promise.all((["modern", "session", "stateless"] as const).map((kind) => open(kind)))),
      await open("modern", { relay: world.relay }),
    ];
    const said = await callAtOnce(places, 50);
    const ran = places.reduce((sum, place) => sum + callsAt(place), 0);
    expect([said.length, said.filter(Boolean).length, ran, usedOf("doors")]).toEqual([
      200,
      50,
      50,
      { organisation: 50 },
    ]);
  });

  test("a session more is no quota more", async () => {
    const place = await openPlace(world, "session", policyOf({ counter: "few", max: 20 }), () => undefined);
    let allowed = 0;
    for (let sessions = 0; sessions < 40; sessions += 1) {
      const session = await initialize(world, { ...place.one, session: undefined });
      const [isAllowed] = await callAtOnce([{ ...place, one: { ...place.one, session } }], 1);
      if (isAllowed === true) allowed += 1;
    }
    expect([allowed, callsAt(place)]).toEqual([20, 20]);
  });

  test("of nested scopes all are charged or none", async () => {
    const counter = "nested";
    const policy = policyOf(
      { counter, max: 1_000, scope: "organisation" },
      { counter, max: 1_000, scope: "server" },
      { counter, max: 7 },
      { counter, max: 1_000, scope: "session" },
    );
    const place = await openPlace(world, "session", policy, () => undefined);
    const said = await callAtOnce([place], 30);
    expect(said.filter(Boolean).length).toBe(7);
    expect(usedOf(counter)).toEqual({ organisation: 7, server: 7, grant: 7, session: 7 });
  });

  test("what is given back at once is given back once", async () => {
    let asked = 0;
    let kept = 0;
    const place = await openPlace(world, "modern", policyOf({ counter: "back", max: 60 }), ({ message }) => {
      if (message?.["method"] !== "tools/call") return undefined;
      asked += 1;
      if (asked % 3 !== 0) return emptyReply(429);
      kept += 1;
      return undefined;
    });
    for (let rounds = 0; rounds < 4; rounds += 1) await callAtOnce([place], 60);
    expect(kept).toBeLessThanOrEqual(60);
    expect(callsAt(place)).toBe(asked);
    // What is given back is on disk soon after the answer.
    await expect.poll(() => usedOf("back")).toEqual({ grant: kept });
  });
});

describe("names of counters (threat 69)", () => {
  /** What a stranger would build a boundary of. */
  const name = fc.string({ unit: fc.constantFrom("1", "2", ":", "|", "a", "/"), maxLength: 6 });
  const ids = fc.record(
    { organisation: name, server: name, grant: name, session: name },
    { requiredKeys: ["organisation", "server", "grant"] },
  );
  const scope = fc.constantFrom("grant", "session", "server", "organisation");
  const counter = fc.string({ unit: fc.constantFrom("1", ":", "a", "/"), minLength: 1, maxLength: 6 });

  test("run into one another for nobody", () => {
    const names = new Map<string, string>();
    fc.assert(
      fc.property(ids, scope, counter, (who, within, named) => {
        const limit = { counter: named, window: "day", max: 1, scope: within } as const;
        const policy = compilePolicy({ version: "1", default: "deny", tools: { t: { limits: [limit] } } });
        const [reservation] = evaluateCall(policy, { tool: "t", args: {}, nowMs: 0 }).reservations;
        if (reservation === undefined) throw new TypeError("a limit reserves");
        const key = counterKey(reservation.limit, who);
        const meant = JSON.stringify([within, named, ...partsOf(within, who)]);
        expect(names.get(key) ?? meant).toBe(meant);
        names.set(key, meant);
      }),
      { numRuns: 8_000 },
    );
    expect(names.size).toBeGreaterThan(4_000);
  });

  /** Whose counter it is (policy-spec L4). */
  function partsOf(within: string, { organisation, server, grant, session }: CounterIds): readonly unknown[] {
    if (within === "organisation") return [organisation];
    if (within === "server") return [organisation, server];
    return within === "session" && session !== undefined
      ? [organisation, server, grant, session]
      : [organisation, server, grant, undefined];
  }
});
