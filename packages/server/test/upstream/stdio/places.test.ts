import { afterEach, describe, expect, it } from "vitest";
import type { GrantId } from "../../../src/call/records.ts";
import { ownChannel } from "../../../src/upstream/ask.ts";
import { type Place, placeFor } from "../../../src/upstream/channel/place.ts";
import type { StdioOptions } from "../../../src/upstream/stdio/options.ts";
import { Cleanup } from "../harness.ts";
import {
  answered,
  Client,
  eventsOf,
  failed,
  fixture,
  type Heard,
  type More,
  openLifeSigns,
  openStdio,
  resultOf,
  SCRIPTED,
  stdioServer,
  toJson,
} from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const BUSY = failed("busy", false);
const NOT_FOUND = [{ answer: 404, body: "" }];
const GO = "notifications/roots/list_changed";
const AT_WORK = [{ await: GO }, { answer: "worked" }];

/** One request of one session of a grant: `a/1` is the first session of grant `a`. */
function of(session: string): More {
  return { channel: session, grant: session.split("/")[0] as GrantId };
}

function clientOf(maxProcessesPerServer: number, options: StdioOptions = {}): Client {
  return new Client(openStdio(cleanup, { maxProcessesPerServer, ...options }), SCRIPTED, { era: "legacy" });
}

/** Opens sessions one after the other; the process id of each. */
async function begin(client: Client, ...sessions: readonly string[]): Promise<number[]> {
  const pids: number[] = [];
  for (const session of sessions) {
    await client.initialize(of(session));
    pids.push((await client.look(of(session))).pid);
  }
  return pids;
}

/** Resolves once the process has begun to work. */
async function work(client: Client, session: string): Promise<Heard> {
  const progress = {
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { progressToken: "$TOKEN", progress: 1 },
  };
  const working = client.run("work", [{ write: progress }, ...AT_WORK], of(session), { progressToken: "p" });
  await working.until((told) => "event" in told);
  return working;
}

/** True for a session that still has its process. */
async function lives(client: Client, session: string): Promise<boolean> {
  const told = await client.ask("ping", "ping", {}, of(session)).done;
  return JSON.stringify(told) !== JSON.stringify(NOT_FOUND);
}

describe("when all places of a server are taken", () => {
  it("the longest idle process of the grant that holds most makes room", async () => {
    const client = clientOf(3);
    await begin(client, "b/1", "a/1", "a/2");
    // Used again: now `a/2` is idle for longer.
    await client.look(of("a/1"));
    expect(await client.initialize(of("c/1"))).toMatchObject([{ answer: 200 }]);
    const left = ["b/1", "a/1", "a/2", "c/1"].map(async (session) => lives(client, session));
    expect(await Promise.all(left)).toEqual([true, true, false, true]);
  });

  it("one that is at work is never ended, and what it does comes to its end", async () => {
    const client = clientOf(2);
    await begin(client, "a/1", "a/2");
    const working = await work(client, "a/1");
    expect(await client.initialize(of("b/1"))).toMatchObject([{ answer: 200 }]);
    expect(await lives(client, "a/2")).toBe(false);
    client.notify(GO, {}, of("a/1"));
    expect(eventsOf(await working.done).at(-1)).toEqual({ jsonrpc: "2.0", id: "work", result: "worked" });
  });

  it("a newcomer is told at once when all are at work", async () => {
    const client = clientOf(2);
    await begin(client, "a/1", "a/2");
    await Promise.all([work(client, "a/1"), work(client, "a/2")]);
    expect(await client.initialize(of("b/1"))).toEqual(BUSY);
    expect(await Promise.all(["a/1", "a/2"].map((session) => lives(client, session)))).toEqual([true, true]);
  });

  it("a grant makes room for itself before others have to", async () => {
    const client = clientOf(2);
    await begin(client, "b/1", "a/1");
    expect(await client.initialize(of("a/2"))).toMatchObject([{ answer: 200 }]);
    expect(await Promise.all(["b/1", "a/1"].map((session) => lives(client, session)))).toEqual([true, false]);
  });

  it("nobody loses a process to a grant that holds as many", async () => {
    const client = clientOf(2);
    await begin(client, "b/1", "a/1");
    await work(client, "a/1");
    expect(await client.initialize(of("a/2"))).toEqual(BUSY);
    expect(await lives(client, "b/1")).toBe(true);
  });

  it("sessions that a grant begins all at once take no more than an equal share", async () => {
    const client = clientOf(4);
    await begin(client, "b/1", "b/2", "b/3", "b/4");
    const burst = await Promise.all([1, 2, 3, 4].map((count) => client.initialize(of(`a/${count}`))));
    expect(burst).toMatchObject([[{ answer: 200 }], [{ answer: 200 }], BUSY, BUSY]);
    const left = ["b/1", "b/2", "b/3", "b/4"].map((session) => lives(client, session));
    expect(await Promise.all(left)).toEqual([false, false, true, true]);
  });

  it("a client that only listens is idle, and its stream ends", async () => {
    const client = clientOf(1);
    await begin(client, "a/1");
    const stream = client.verb("GET", of("a/1"));
    await stream.until((told) => "stream" in told);
    expect(await client.initialize(of("b/1"))).toMatchObject([{ answer: 200 }]);
    expect((await stream.done).at(-1)).toEqual({ end: true });
  });

  it("a process that made a task is at work until it is idle for long", async () => {
    const client = clientOf(1);
    await begin(client, "a/1");
    const made = { task: { taskId: "t", status: "working", createdAt: "2025-11-25T00:00:00Z", ttl: null } };
    await client.ask("r", "tools/call", { task: {}, steps: toJson([{ answer: made }]) }, of("a/1")).done;
    expect(await client.initialize(of("b/1"))).toEqual(BUSY);
  });

  it("the gateway's own look is never ended between its questions", async () => {
    const client = new Client(openStdio(cleanup), SCRIPTED, { era: "modern" });
    const own = [1, 2, 3, 4].map(() => ownChannel("inspect"));
    for (const channel of own) await client.look({ channel });
    expect(await client.run("r", [], { channel: ownChannel("inspect") }).done).toEqual(BUSY);
  });

  it("requests of one newcomer that come together end one process only, and all are served", async () => {
    const client = new Client(openStdio(cleanup, { maxProcessesPerServer: 2 }), SCRIPTED, { era: "modern" });
    await client.look(of("a"));
    const newer = await client.look(of("b"));
    const looks = [1, 2, 3].map((id) => client.ask(id, "tools/list", {}, of("c")).done);
    const seen = (await Promise.all(looks)).map((told) => (resultOf(told) as { pid: number }).pid);
    expect(new Set(seen).size).toBe(1);
    const after = await client.look(of("b"));
    expect(after.pid).toBe(newer.pid);
  });

  it("the newcomer waits until the other is gone: there are never more than the limit", async () => {
    const signs = await openLifeSigns(cleanup);
    const stubborn = stdioServer(fixture("stubborn", signs.port));
    const upstreams = openStdio(cleanup, { maxProcessesPerServer: 1, killAfterMs: 200 });
    const client = new Client(upstreams, stubborn, { era: "modern" });
    await client.ask(1, "tools/list", {}, of("a")).done;
    const parent = await signs.living("parent");
    const events: string[] = [];
    const gone = parent.gone.then(() => events.push("gone"));
    const served = client.ask(2, "tools/list", {}, of("b")).done.then((told) => {
      events.push("served");
      return told;
    });
    expect(await served).toEqual(answered(2, {}));
    await gone;
    expect(events).toEqual(["gone", "served"]);
  });

  it("a place that is being freed is waited for, whoever frees it", async () => {
    const upstreams = openStdio(cleanup, { maxProcessesPerServer: 1 });
    const client = new Client(upstreams, SCRIPTED, { era: "legacy" });
    await begin(client, "a/1");
    await work(client, "a/1");
    upstreams.closeChannel(client.server, "a/1");
    expect(await client.initialize(of("b/1"))).toMatchObject([{ answer: 200 }]);
  });

  it("a newcomer who went away while waiting leaves the place to the next", async () => {
    const client = clientOf(1);
    await begin(client, "a/1");
    const gaveUp = client.ask("init", "initialize", {}, of("b/1"));
    gaveUp.exchange.cancel();
    // Promised to one who went: until the old process is gone there is no other place.
    expect(await client.initialize(of("c/1"))).toEqual(BUSY);
    const retry = async (): Promise<readonly unknown[]> => {
      const told = await client.initialize(of("c/1"));
      return JSON.stringify(told) === JSON.stringify(BUSY) ? nextTurn().then(retry) : told;
    };
    expect(await retry()).toMatchObject([{ answer: 200 }]);
    expect(gaveUp.told).toEqual([]);
  });

  it("who waits when the gateway ends is told so", async () => {
    const upstreams = openStdio(cleanup, { maxProcessesPerServer: 1 });
    const client = new Client(upstreams, SCRIPTED, { era: "legacy" });
    await begin(client, "a/1");
    const waiting = client.ask("init", "initialize", {}, of("b/1"));
    await upstreams[Symbol.asyncDispose]();
    expect(await waiting.done).toEqual(failed("unreachable", false));
  });
});

describe("placeFor", () => {
  const place = (holder: string, idleSinceMs?: number, more: Partial<Place> = {}): Place => ({
    holder,
    idleSinceMs,
    isLeaving: false,
    promisedTo: undefined,
    ...more,
  });
  const leaving = place("b", undefined, { isLeaving: true });
  const promised = place("a", 1, { promisedTo: "e" });
  it.each<{ name: string; places: Place[]; newcomer: string; takes: number | undefined }>([
    { name: "nobody is idle", places: [place("a"), place("b")], newcomer: "c", takes: undefined },
    { name: "one is leaving", places: [place("a", 1), leaving], newcomer: "c", takes: 1 },
    { name: "the one that leaves is promised", places: [promised, place("a", 2)], newcomer: "c", takes: 1 },
    {
      name: "the only idle one is promised",
      places: [promised, place("a")],
      newcomer: "c",
      takes: undefined,
    },
    {
      name: "most holds who is at work: the next most",
      places: [place("a"), place("a"), place("a"), place("b", 2), place("b", 1), place("d", 0)],
      newcomer: "c",
      takes: 4,
    },
    {
      name: "a tie is for the longest idle",
      places: [place("a", 2), place("b", 1)],
      newcomer: "c",
      takes: 1,
    },
    {
      name: "a tie with the newcomer is his own",
      places: [place("b", 1), place("a", 2)],
      newcomer: "a",
      takes: 1,
    },
    { name: "nobody has more", places: [place("b", 1), place("a")], newcomer: "a", takes: undefined },
    {
      name: "a promised place is the newcomer's already",
      places: [place("b", 1, { promisedTo: "a" }), place("b", 2)],
      newcomer: "a",
      takes: undefined,
    },
  ])("$name", ({ places, newcomer, takes }) => {
    expect(placeFor(places, newcomer)).toBe(takes === undefined ? undefined : places[takes]);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
