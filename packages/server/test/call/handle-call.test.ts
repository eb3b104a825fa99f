import { describe, expect, test } from "vitest";
import type { Arrival, StdioSessionSlot } from "../../src/call/call.ts";
import { handleMessage, handleVerb } from "../../src/call/handle-call.ts";
import { type InFlight, InFlightCalls } from "../../src/call/in-flight.ts";
import type { Ports } from "../../src/call/ports.ts";
import { MAX_FAILURES_PER_MINUTE } from "../../src/call/throttle.ts";
import { NO_HEADERS } from "./access.ts";
import { LEGACY, type LineRig, MODERN, openLine } from "./line-rig.ts";
import { FakeReply } from "./relay-rig.ts";

const POLICY = { version: "1", default: "deny", tools: { run: {} } };

/** One request of the agent, and what it is told. */
function arrive(rig: LineRig, more: Partial<Arrival> = {}): { reply: FakeReply; arrival: Arrival } {
  const reply = new FakeReply();
  const arrival: Arrival = {
    requestId: "r-1",
    verb: "POST",
    access: rig.access(),
    headers: NO_HEADERS,
    reply,
    mirrored: true,
    stdioSession: undefined,
    startedMs: 0,
    ...more,
  };
  return { reply, arrival };
}

/** Of a session that the rig's server issued. */
function inSession(rig: LineRig) {
  const session = rig.line.sessions.open("own", rig.access(), "upstream", performance.now());
  return { session, headers: { ...NO_HEADERS, protocolVersion: LEGACY, sessionId: "own" } };
}

const call = (id: number, name = "run") =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {} } });
const refusedRow = (method: string, rule: string, message: unknown = expect.any(String)) => ({
  method,
  effect: "deny",
  rule,
  message,
  status: "refused",
});

describe("a request that is no message to judge is on record, and refused", () => {
  test.each<[string, string, object, number, object]>([
    [
      "what cannot be read",
      "{",
      refusedRow("", "(malformed)", "the body is not valid JSON"),
      400,
      { code: -32700, message: "the body is not valid JSON" },
    ],
    [
      "what is no message, under its id",
      '{"jsonrpc":"2.0","id":5,"method":5}',
      refusedRow("", "(malformed)", "`method` must be a string of 1 to 128 bytes"),
      400,
      { code: -32600 },
    ],
    [
      "what has no route, under its id",
      '{"jsonrpc":"2.0","id":5,"method":"x/y"}',
      refusedRow("x/y", "(unknown-method)"),
      200,
      { code: -32601 },
    ],
  ])("%s", async (name, body, row, status, error) => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    const { headers } = inSession(rig);
    const before = rig.rows.length;
    const { reply, arrival } = arrive(rig, { headers });
    await handleMessage(arrival, Buffer.from(body), rig.line);
    expect(rig.rows.slice(before)).toMatchObject([row]);
    const [told] = reply.told as [number, unknown, string][];
    const id = name.endsWith("under its id") ? 5 : null;
    expect([told?.[0], JSON.parse(told?.[2] ?? "")]).toMatchObject([status, { id, error }]);
    expect(rig.ran()).toEqual([]);
  });

  test("an answer that nobody waits for is taken, and goes nowhere", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    const { headers } = inSession(rig);
    const before = rig.rows.length;
    const { reply, arrival } = arrive(rig, { headers });
    await handleMessage(arrival, Buffer.from('{"jsonrpc":"2.0","id":9,"result":{}}'), rig.line);
    expect(reply.told).toEqual([[202, [], undefined]]);
    const reason = "A message that nobody waits for.";
    expect(rig.rows.slice(before)).toMatchObject([refusedRow("(response)", "(dropped)", reason)]);
  });

  test.each(["GET", "DELETE"] as const)("%s, which the revision does not have", async (verb) => {
    await using rig = await openLine({ era: "modern", policy: POLICY });
    const before = rig.rows.length;
    const { reply, arrival } = arrive(rig, { verb, headers: { ...NO_HEADERS, protocolVersion: MODERN } });
    await handleVerb(arrival, rig.line);
    expect(reply.told).toMatchObject([[405, expect.arrayContaining(["allow"]), expect.anything()]]);
    expect(rig.rows.slice(before)).toMatchObject([refusedRow(verb, "(method-not-allowed)")]);
  });
});

describe("an id is one request's at a time (threat 41)", () => {
  const duplicate = [refusedRow("tools/call", "(duplicate-id)")];

  test("of two at once the second is refused, of two after each other none", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    const { headers } = inSession(rig);
    const before = rig.rows.length;
    const [one, two, three] = [arrive(rig, { headers }), arrive(rig, { headers }), arrive(rig, { headers })];
    const first = handleMessage(one.arrival, Buffer.from(call(4)), rig.line);
    await handleMessage(two.arrival, Buffer.from(call(4)), rig.line);
    expect(two.reply.told).toMatchObject([[400, expect.anything(), expect.stringContaining("-32600")]]);
    await first;
    await expect.poll(() => one.reply.closed).toBe(true);
    await handleMessage(three.arrival, Buffer.from(call(4)), rig.line);
    await expect.poll(() => three.reply.closed).toBe(true);
    const rows = rig.rows.slice(before).filter(({ rule }) => rule === "(duplicate-id)");
    expect([rows, rig.ran()]).toMatchObject([duplicate, ["run", "run"]]);
  });

  test("one whose stream was lost still has its own", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    const { headers, session } = inSession(rig);
    session.inFlight.set(4, { sinceMs: 0, abandon: () => {} } as unknown as InFlight);
    const before = rig.rows.length;
    const { arrival } = arrive(rig, { headers });
    await handleMessage(arrival, Buffer.from(call(4)), rig.line);
    expect([rig.rows.slice(before), rig.ran()]).toMatchObject([duplicate, []]);
  });
});

describe("a cancellation ends the request that it names (2025-11-25 cancellation)", () => {
  /** Sends a notification where request 4 is in flight; whether that was cancelled, and what the row says. */
  async function notify(message: object, isStdio: boolean): Promise<[boolean, string]> {
    await using rig = await openLine({ era: isStdio ? "modern" : "legacy", policy: POLICY });
    let isCancelled = false;
    const cancel = () => {
      isCancelled = true;
    };
    const inFlight = { sinceMs: 0, cancel, abandon: () => {} } as unknown as InFlight;
    const slot: StdioSessionSlot = { current: undefined, inFlight: new InFlightCalls() };
    const { session, headers } = inSession(rig);
    (isStdio ? slot : session).inFlight.set(4, inFlight);
    const { arrival, reply } = arrive(rig, isStdio ? { mirrored: false, stdioSession: slot } : { headers });
    await handleMessage(arrival, Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message })), rig.line);
    await expect.poll(() => reply.closed).toBe(true);
    return [isCancelled, String(rig.rows.at(-1)?.["message"] ?? "")];
  }

  const cancelled = (params: object | undefined, method = "notifications/cancelled") => ({ method, params });
  const meta = { _meta: { "io.modelcontextprotocol/protocolVersion": MODERN } };
  test.each([
    ["in its session", cancelled({ requestId: 4 }), true],
    ["not another one", cancelled({ requestId: 5 }), false],
    ["not by an id of another kind", cancelled({ requestId: "4" }), false],
    ["not by what is no id", cancelled({ requestId: [4] }), false],
    ["not without an id", cancelled({}), false],
    ["not without parameters", cancelled(undefined), false],
    ["not by another notification", cancelled({ requestId: 4 }, "notifications/progress"), false],
  ])("%s", async (_, message, isCancelled) => {
    expect(await notify(message, false)).toEqual([isCancelled, ""]);
  });

  test.each([
    [4, true, "The request that it names is cancelled."],
    [5, false, "A message that nobody waits for."],
  ])("with its client on stdio: of request %d", async (requestId, isCancelled, reason) => {
    expect(await notify(cancelled({ requestId, ...meta }), true)).toEqual([isCancelled, reason]);
  });
});

describe("a stream that is resumed takes the place of those that its client left (2025-11-25 transports)", () => {
  test.each([
    ["is", "e-1", 1],
    ["is not, where it resumes none", undefined, 0],
  ])("%s", async (_, lastEventId, released) => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    const { session, headers } = inSession(rig);
    let count = 0;
    const release = () => {
      count += 1;
      return true;
    };
    session.inFlight.set(4, { sinceMs: 0, release, abandon: () => {} } as unknown as InFlight);
    const { arrival, reply } = arrive(rig, { verb: "GET", headers: { ...headers, lastEventId } });
    await handleVerb(arrival, rig.line);
    await expect.poll(() => reply.closed).toBe(true);
    expect(count).toBe(released);
  });
});

describe("nobody that is known leaves no row (threat 56)", () => {
  const knock = (rig: LineRig, token: string, path = "") =>
    fetch(new URL(path, rig.url), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: "{}",
    });

  test("a token that is none, and one too many of them", async () => {
    await using rig = await openLine({ era: "modern", policy: POLICY });
    const before = rig.rows.length;
    const statuses = new Set<number>();
    for (let times = 0; times < MAX_FAILURES_PER_MINUTE; times += 1)
      statuses.add((await knock(rig, "none")).status);
    expect([...statuses]).toEqual([401]);
    const last = await knock(rig, "none");
    expect([last.status, Number(last.headers.get("retry-after"))]).toEqual([429, expect.any(Number)]);
    expect(await last.json()).toMatchObject({ id: null, error: { code: -32600 } });
    expect((await knock(rig, rig.token, "/elsewhere")).status).toBe(404);
    // Nobody can lock a grant from outside.
    expect((await rig.send("tools/call", { name: "run", arguments: {} })).status).toBe(200);
    expect(
      rig.rows.slice(before).filter(({ method }) => method !== "tools/call" && method !== undefined),
    ).toEqual([]);
  });

  test("a state that cannot be read", async () => {
    let isBroken = false;
    const distort = (ports: Ports): Ports => ({
      ...ports,
      snapshot: {
        ...ports.snapshot,
        grantByDigest: (digest) => {
          if (isBroken) throw new RangeError("no");
          return ports.snapshot.grantByDigest(digest);
        },
        server: (id) => ports.snapshot.server(id),
        policy: (id) => ports.snapshot.policy(id),
        isCurrent: (grant, digest) => ports.snapshot.isCurrent(grant, digest),
        onChange: (listener) => ports.snapshot.onChange(listener),
      },
    });
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    isBroken = true;
    const before = rig.rows.length;
    expect(await rig.send("tools/call", { name: "run", arguments: {} })).toMatchObject({
      status: 500,
      body: { id: null, error: { code: -32603 } },
    });
    expect([rig.rows.length - before, rig.warned]).toMatchObject([
      0,
      [["line_fault", { fault: "RangeError" }]],
    ]);
  });
});
