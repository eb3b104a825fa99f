import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { sealTask } from "../../src/call/handles.ts";
import type { InFlight } from "../../src/call/in-flight.ts";
import { KEYS } from "../storage/fixtures.ts";
import { ACCESS, CHARGE, openRelay, outcome, type Relaying } from "./relay-rig.ts";

const JSON_HEADERS = ["content-type", "application/json"];
const DONE = { content: [{ type: "text", text: "done" }] };
const response = (more: object = { result: DONE }, id: number | string | null = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, ...more });
const rpcError = (code: number) => response({ error: { code, message: "no" } });
const progress = JSON.stringify({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info" },
});
const toolError = (text: string) =>
  response({ result: { content: [{ type: "text", text }], isError: true } });
const UPSTREAM = ACCESS.server.name;
/** A request of an earlier revision that is a verb alone. */
const legacy = (verb: "GET" | "DELETE") =>
  ({ era: "legacy", verb, method: verb, message: undefined, subject: { kind: "free" } }) as const;

/** Answers at once; what the client was told, and what is on record. */
function answer(status: number, body: string, relaying: Relaying = {}, session?: string) {
  const rig = openRelay(relaying);
  rig.relay.onAnswer(status, Buffer.from(body), session);
  return { ...rig, told: rig.reply.told, isOver: rig.tools.open.size === 0 && rig.inFlight.size === 0 };
}

describe("the answer to a request, whole", () => {
  test("is passed on as it is, and recorded with its size and time", () => {
    const { told, outcomes, refunded, isOver } = answer(200, response());
    expect(told).toEqual([[200, JSON_HEADERS, response()]]);
    expect([outcomes, refunded, isOver]).toEqual([[outcome("ok", 200, response().length)], [], true]);
  });

  test.each([
    ["of a tool is told as it is", 200, toolError("no"), 200, "tool_error", false],
    [
      "of the protocol has a status of its own (2026-07-28 transports)",
      200,
      rpcError(-32601),
      404,
      "rpc_error",
      true,
    ],
    ["of the server itself has none", 200, rpcError(-32603), 200, "rpc_error", false],
    ["keeps the status that the server gave", 400, rpcError(-32602), 400, "rpc_error", true],
  ] as const)("an error %s", (_, status, body, toldStatus, recorded, isRefunded) => {
    const { told, outcomes, refunded } = answer(status, body);
    expect(told).toEqual([[toldStatus, JSON_HEADERS, body]]);
    expect(outcomes).toEqual([outcome(recorded, status, body.length)]);
    expect(refunded).toEqual(isRefunded ? [CHARGE] : []);
  });

  test("in an earlier revision has the status that the server gave", () => {
    expect(answer(200, rpcError(-32601), { era: "legacy" }).told).toEqual([
      [200, JSON_HEADERS, rpcError(-32601)],
    ]);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]).toString("latin1")],
  ])("that is %s is refused", (_, body) => {
    const { told, outcomes, refunded, isOver } = answer(200, body);
    const text = `[UPSTREAM ERROR] \`${UPSTREAM}\` gave an invalid answer: it is not a plain JSON object.`;
    expect(JSON.stringify(told)).toContain(JSON.stringify(text).slice(1, -1));
    expect([outcomes[0]?.status, outcomes[0]?.httpStatus, refunded, isOver]).toEqual([
      "upstream_error",
      200,
      [],
      true,
    ]);
  });

  test("to another request is refused", () => {
    const { told, outcomes, exchanged, isOver } = answer(200, response({ result: DONE }, 2));
    expect(JSON.stringify(told)).toContain("its id is not the request's");
    expect([outcomes[0]?.status, outcomes[0]?.httpStatus, exchanged, isOver]).toEqual([
      "upstream_error",
      undefined,
      ["cancel"],
      true,
    ]);
  });

  test.each([
    [199, false],
    [300, false],
    [400, true],
    [404, true],
    [429, true],
    [500, false],
  ])("that is no more than HTTP %i says so", (status, isRefunded) => {
    for (const body of ["", "<html>", response({ result: DONE }, 2)]) {
      const { told, outcomes, refunded, isOver } = answer(status, body);
      expect(JSON.stringify(told)).toContain(`[UPSTREAM ERROR] \`${UPSTREAM}\` answered HTTP ${status}.`);
      expect(outcomes).toEqual([outcome("upstream_error", status, body.length)]);
      expect([refunded, isOver]).toEqual([isRefunded ? [CHARGE] : [], true]);
    }
  });

  test("404 ends the session that the server lost, where there is one", () => {
    const lost = answer(404, "", { era: "legacy" });
    expect([JSON.stringify(lost.told), lost.sessions.size]).toEqual([
      expect.stringContaining("Session not found; send `initialize` again."),
      0,
    ]);
    const kept = answer(500, "", { era: "legacy" });
    expect([JSON.stringify(kept.told), kept.sessions.size]).toEqual([expect.stringContaining("HTTP 500"), 1]);
    expect(JSON.stringify(answer(404, "", { era: "legacy", hasSession: false }).told)).toContain("HTTP 404");
  });
});

describe("`initialize` (2025-11-25 transports)", () => {
  const INITIALIZED = response({ result: { protocolVersion: "2025-06-18", capabilities: {} } });
  const initialize = {
    era: "legacy",
    method: "initialize",
    subject: { kind: "free" },
    hasSession: false,
  } as const;

  test("begins a session under the gateway's own id, in the revision that was settled on", () => {
    const { told, sessions } = answer(200, INITIALIZED, initialize, "upstream-session");
    expect(told).toEqual([[200, [...JSON_HEADERS, "mcp-session-id", "channel"], INITIALIZED]]);
    expect(sessions.find("channel", ACCESS, 0)).toMatchObject({
      upstream: "upstream-session",
      version: "2025-06-18",
    });
  });

  test("begins none that a client could name where the server has none", () => {
    const { told, sessions } = answer(200, INITIALIZED, initialize);
    expect([told, sessions.size]).toEqual([[[200, JSON_HEADERS, INITIALIZED]], 0]);
  });

  test("that fails begins none; neither does another request", () => {
    const failed = answer(200, rpcError(-32602), initialize, "upstream-session");
    const other = answer(200, response(), { ...initialize, method: "ping" }, "upstream-session");
    expect([failed.sessions.size, other.sessions.size]).toEqual([0, 0]);
    expect(other.told).toEqual([[200, JSON_HEADERS, response()]]);
  });

  test("on a stream names the session in its head, and settles with the response", () => {
    const { relay, reply, sessions, tools } = openRelay(initialize);
    relay.onStream("upstream-session");
    relay.onEvent({ data: INITIALIZED });
    expect(reply.told).toEqual([["stream", "mcp-session-id", "channel"], { data: INITIALIZED }, "end"]);
    expect(sessions.find("channel", ACCESS, 0)?.version).toBe("2025-06-18");
    relay.onEnd();
    expect(tools.open.size).toBe(0);
  });
});

describe("the answer to what is no request", () => {
  const NOTIFICATION = { message: { kind: "notification", method: "notifications/x", params: {} } } as const;
  test.each([
    ["a notification", NOTIFICATION, 202, [202, [], undefined], "ok", 0],
    ["a notification, strangely", NOTIFICATION, 299, [299, [], undefined], "ok", 0],
    [
      "a stream that the server does not have",
      legacy("GET"),
      405,
      [405, ["allow", "POST"], undefined],
      "upstream_error",
      1,
    ],
    [
      "an end that the server does not know",
      legacy("DELETE"),
      405,
      [405, ["allow", "POST"], undefined],
      "upstream_error",
      1,
    ],
    ["the end of a session", legacy("DELETE"), 200, [200, [], undefined], "ok", 0],
    ["a stream of a server without streams", legacy("GET"), 200, [200, [], undefined], "ok", 1],
  ] as const)("%s", (_, relaying, status, told, recorded, sessions) => {
    const done = answer(status, "", relaying);
    expect(done.told).toEqual([told]);
    expect(done.outcomes).toEqual([outcome(recorded, status)]);
    expect([done.sessions.size, done.isOver]).toEqual([sessions, true]);
  });

  test.each([
    [300, "answered HTTP 300", 1],
    [500, "answered HTTP 500", 1],
    [404, "Session not found", 0],
  ])("HTTP %i is told in words", (status, words, sessions) => {
    const done = answer(status, "", legacy("DELETE"));
    expect([JSON.stringify(done.told), done.sessions.size]).toEqual([
      expect.stringContaining(words),
      sessions,
    ]);
    expect(done.outcomes).toEqual([outcome("upstream_error", status)]);
  });

  test("404 without a session is the server's word", () => {
    expect(JSON.stringify(answer(404, "", NOTIFICATION).told)).toContain("answered HTTP 404");
  });
});

describe("an answer on a stream", () => {
  test("is passed on event by event, and ends with the response", () => {
    const { relay, reply, outcomes, session, tools, inFlight } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    expect(session?.openStreams).toBe(1);
    relay.onEvent({ keepAlive: true });
    relay.onEvent({ id: "e-1", data: "" });
    relay.onEvent({ data: progress, event: "message" });
    relay.onEvent({ data: response(), id: "e-2" });
    relay.onEvent({ data: response() });
    expect(reply.told).toEqual([
      ["stream", "mcp-session-id", "own"],
      { keepAlive: true },
      { id: "e-1", data: "" },
      { data: progress, event: "message" },
      { data: response(), id: "e-2" },
      "end",
    ]);
    relay.onEnd();
    expect(outcomes).toEqual([outcome("ok", 200, progress.length + response().length)]);
    expect([session?.openStreams, tools.open.size, inFlight.size]).toEqual([0, 0, 0]);
  });

  test("without a session names none", () => {
    const { relay, reply } = openRelay();
    relay.onStream("ignored");
    expect(reply.told).toEqual([["stream"]]);
  });

  test.each([
    ["no JSON", "{", "an event is not a plain JSON object"],
    ["no object", "[]", "an event is not a plain JSON object"],
    ["no valid response", response({}), "it has not exactly one of result and error"],
  ])("that is %s ends in a refusal", (_, data, words) => {
    const { relay, reply, outcomes, exchanged, tools } = openRelay();
    relay.onStream(undefined);
    relay.onEvent({ data });
    expect([JSON.stringify(reply.told), reply.closed]).toEqual([expect.stringContaining(words), true]);
    expect([outcomes, exchanged, tools.open.size]).toEqual([
      [outcome("upstream_error", undefined, data.length)],
      ["cancel"],
      0,
    ]);
  });

  test("does not pass on what the server may not say", () => {
    const { relay, reply, warned } = openRelay();
    relay.onStream(undefined);
    relay.onEvent({ data: JSON.stringify({ jsonrpc: "2.0", method: "x/y" }) });
    expect([reply.told, warned]).toEqual([
      [["stream"]],
      [["server_notification_dropped", { server: UPSTREAM }]],
    ]);
  });

  test.each([2, "1", null])("of another request, %j, is dropped (threat 41)", (id) => {
    const { relay, reply, warned, outcomes } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    relay.onEvent({ data: response({ result: DONE }, id) });
    expect([reply.told.length, warned, outcomes]).toEqual([
      1,
      [["foreign_response_dropped", { server: UPSTREAM }]],
      [],
    ]);
  });

  test("has in it what this grant may see, and no more (policy-spec R6)", () => {
    const listing = { method: "resources/list", subject: { kind: "list", of: "resources" } } as const;
    const { relay, reply } = openRelay(listing);
    relay.onStream(undefined);
    relay.onEvent({ data: response({ result: { resources: [{ uri: "docs://a" }] } }), id: "e-1" });
    const filtered = response({ result: { resources: [], cacheScope: "private" } });
    expect(reply.told.slice(1)).toEqual([{ data: filtered, id: "e-1" }, "end"]);
  });

  test("names tasks by their sealed ids (threat 53)", () => {
    const { relay, reply, tools } = openRelay({ era: "legacy" });
    tools.taskOwners.note(ACCESS, { tool: "run", taskId: "t" });
    const status = (taskId: string) =>
      JSON.stringify({ jsonrpc: "2.0", method: "notifications/tasks/status", params: { taskId } });
    relay.onStream(undefined);
    relay.onEvent({ data: status("t"), id: "e-1" });
    const sealed = sealTask(KEYS, ACCESS, { tool: "run", taskId: "t" });
    expect(reply.told.slice(1)).toEqual([{ data: status(sealed), id: "e-1" }]);
  });

  test("a client that reads slowly makes the server wait until it has read", () => {
    const { relay, reply, exchanged } = openRelay();
    relay.onStream(undefined);
    reply.reads = false;
    relay.onEvent({ data: progress });
    expect(exchanged).toEqual(["pause"]);
    reply.drain();
    expect(exchanged).toEqual(["pause", "resume"]);
  });
});

describe("a stream that ends without the response", () => {
  test("may have run (policy-spec L6)", () => {
    const { relay, reply, outcomes, refunded, inFlight, tools } = openRelay();
    relay.onStream(undefined);
    relay.onEnd();
    expect(JSON.stringify(reply.told)).toContain("The call may have run.");
    expect([outcomes, refunded]).toEqual([[outcome("unknown")], []]);
    expect([inFlight.size, tools.open.size]).toEqual([0, 0]);
  });

  test("leaves the call of a legacy session in flight: another stream may bring it, or nothing does", () => {
    const { relay, reply, outcomes, inFlight, tools } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    relay.onEnd();
    expect([reply.told.at(-1), outcomes, inFlight.size, tools.open.size]).toEqual(["end", [], 1, 0]);
    reply.lose?.();
    expect([outcomes, inFlight.size]).toEqual([[outcome("unknown")], 0]);
    reply.lose?.();
    expect(outcomes.length).toBe(1);
  });

  test("is how a stream for anything ends", () => {
    const { relay, reply, outcomes } = openRelay(legacy("GET"));
    relay.onStream(undefined);
    relay.onEnd();
    expect([reply.told.at(-1), reply.lose, outcomes]).toEqual(["end", undefined, [outcome("ok", 200)]]);
  });

  test.each([
    [true, "unknown", false],
    [false, "upstream_error", true],
  ] as const)("a failure, sent: %j", (sent, recorded, isRefunded) => {
    const { relay, reply, outcomes, refunded, tools } = openRelay();
    relay.onFail({ kind: "stalled", sent, httpStatus: 200 });
    expect(JSON.stringify(reply.told)).toContain("its answer stalled");
    expect([outcomes, refunded]).toEqual([[outcome(recorded, 200)], isRefunded ? [CHARGE] : []]);
    expect(tools.open.size).toBe(0);
  });
});

describe("the response on another stream of the session (2025-11-25 resumption)", () => {
  const value = JSON.parse(response()) as JsonObject;
  const lost = () => {
    const rig = openRelay({ era: "legacy" });
    rig.relay.onStream(undefined);
    rig.relay.onEnd();
    return rig;
  };

  test("is given once, as it is", () => {
    const { relay, outcomes, inFlight } = lost();
    expect(relay.takeResponse(value, response())).toBe(response());
    expect(relay.takeResponse(value, response())).toBeUndefined();
    expect([outcomes, inFlight.size]).toEqual([[outcome("ok", 200)], 0]);
  });

  test("takes the place of the stream that is open, which is ended", () => {
    const { relay, reply, exchanged, tools } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    expect(relay.takeResponse(value, response())).toBe(response());
    expect([reply.told.at(-1), exchanged, tools.open.size]).toEqual(["end", ["cancel"], 0]);
  });

  test("has in it what this grant may see, and no more (policy-spec R6)", () => {
    const listing = { method: "resources/list", subject: { kind: "list", of: "resources" } } as const;
    const { relay } = openRelay({ era: "legacy", ...listing });
    const list = { jsonrpc: "2.0", id: 1, result: { resources: [{ uri: "docs://a" }] } };
    expect(relay.takeResponse(list, JSON.stringify(list))).toBe(response({ result: { resources: [] } }));
  });

  test("that is invalid is refused in its place", () => {
    const { relay, outcomes } = lost();
    const invalid = { jsonrpc: "2.0", id: 1, result: [] };
    expect(relay.takeResponse(invalid, "")).toContain("its result is not an object");
    expect(outcomes).toEqual([outcome("upstream_error")]);
  });

  test("is asked for by the stream that brings it", () => {
    const { relay, reply, session, warned } = openRelay(legacy("GET"));
    const taken: string[] = [];
    const takeResponse = (_: JsonObject, data: string) => {
      taken.push(data);
      return taken.length === 1 ? "as it may be seen" : undefined;
    };
    session?.inFlight.set(1, { takeResponse } as unknown as InFlight);
    relay.onStream(undefined);
    for (const id of ["e-1", "e-2"]) relay.onEvent({ data: response(), id });
    expect(reply.told.slice(1)).toEqual([{ data: "as it may be seen", id: "e-1" }]);
    expect([taken, warned.length]).toEqual([[response(), response()], 1]);
    const posted = openRelay({ era: "legacy" });
    posted.session?.inFlight.set(2, { takeResponse } as unknown as InFlight);
    posted.relay.onStream(undefined);
    posted.relay.onEvent({ data: response({ result: DONE }, 2) });
    expect([posted.reply.told.length, taken.length]).toEqual([1, 2]);
  });
});

describe("a client that leaves", () => {
  test.each([
    ["cancels", {}, "cancelled", ["cancel"]],
    ["cancels on stdio, in whatever revision", { era: "legacy", isStdio: true }, "cancelled", ["cancel"]],
    ["has heard enough of a stream for anything", legacy("GET"), "ok", ["cancel"]],
  ] as const)("%s", (_, relaying, recorded, exchanged) => {
    const rig = openRelay(relaying);
    rig.relay.onStream(undefined);
    rig.reply.leave();
    expect([rig.outcomes, rig.exchanged, rig.refunded]).toEqual([[outcome(recorded)], exchanged, []]);
    expect(rig.tools.open.size).toBe(0);
  });

  test("does not cancel in an earlier revision: the outcome is awaited without it", () => {
    const { relay, reply, outcomes, exchanged, inFlight } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    reply.leave();
    expect([outcomes, exchanged]).toEqual([[], ["resume"]]);
    relay.onEvent({ data: response() });
    relay.onEnd();
    expect(outcomes).toEqual([outcome("ok", 200, response().length)]);
    // Its answer may still be asked for.
    expect(inFlight.size).toBe(1);
  });
});

describe("an end that comes from elsewhere", () => {
  test("of the grant: the client hears that its token is none, and the server is left", () => {
    const { relay, reply, outcomes, exchanged, tools } = openRelay();
    relay.cut();
    expect(reply.told).toMatchObject([[401, expect.anything(), expect.stringContaining("grant token")]]);
    expect([outcomes, exchanged, tools.open.size]).toEqual([[outcome("cancelled")], ["cancel"], 0]);
    relay.onFail({ kind: "cut", sent: true });
    relay.cut();
    expect([reply.told.length, outcomes.length]).toEqual([1, 1]);
  });

  test.each([
    [true, "unknown", []],
    [false, "upstream_error", [CHARGE]],
  ] as const)("of a fault, handed to the server: %j", (isAttached, recorded, charges) => {
    const { relay, reply, outcomes, refunded, exchange, exchanged } = openRelay({ isAttached });
    relay.failClosed();
    expect(JSON.stringify(reply.told)).toContain("Internal error; nothing more was executed.");
    expect([outcomes, refunded]).toEqual([[outcome(recorded)], charges]);
    if (!isAttached) relay.attach(exchange);
    expect(exchanged).toEqual(["cancel"]);
  });

  test("of the gateway: a stream for anything is closed, a call may finish", () => {
    const call = openRelay();
    call.relay.endIfOpenEnded();
    expect([call.reply.told, call.outcomes]).toEqual([[], []]);
    const listener = openRelay({
      method: "subscriptions/listen",
      subject: { kind: "listen", uris: [], tasks: [] },
    });
    listener.relay.onStream(undefined);
    listener.relay.endIfOpenEnded();
    expect([listener.reply.told, listener.outcomes]).toEqual([[["stream"], "end"], [outcome("ok")]]);
  });

  test("of the client's cancellation: no answer comes any more", () => {
    const { relay, reply, outcomes, exchanged, inFlight } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    relay.cancel();
    expect([reply.told.at(-1), outcomes, exchanged, inFlight.size]).toEqual([
      "end",
      [outcome("cancelled")],
      ["cancel"],
      0,
    ]);
    relay.onEvent({ data: response() });
    expect(reply.told.at(-1)).toBe("end");
  });

  test("of a cancellation of what lost its stream long ago", () => {
    const { relay, outcomes, inFlight } = openRelay({ era: "legacy" });
    relay.onStream(undefined);
    relay.onEnd();
    relay.cancel();
    expect([outcomes, inFlight.size]).toEqual([[outcome("cancelled")], 0]);
    expect(relay.takeResponse(JSON.parse(response()) as JsonObject, response())).toBeUndefined();
  });

  test("of the session: whoever waits is told, and nobody knows how it ended", () => {
    const { relay, reply, outcomes, inFlight, exchanged } = openRelay({ era: "legacy" });
    relay.abandon();
    expect(JSON.stringify(reply.told)).toContain("Session not found");
    expect([outcomes, inFlight.size, exchanged]).toEqual([[outcome("unknown")], 0, ["cancel"]]);
  });

  test("of a stream that the client left and can resume: the call stays in flight", () => {
    const left = (
      prepare: (rig: ReturnType<typeof openRelay>) => void,
      relaying: Relaying = { era: "legacy" },
    ) => {
      const rig = openRelay(relaying);
      rig.relay.onStream(undefined);
      prepare(rig);
      return [rig.relay.release(), rig.exchanged.includes("cancel"), rig.inFlight.size, rig.tools.open.size];
    };
    const resumable = { id: "e-1", data: "" };
    expect(
      left(({ relay, reply }) => {
        relay.onEvent(resumable);
        reply.leave();
      }),
    ).toEqual([true, true, 1, 0]);
    expect(left(({ reply }) => reply.leave())).toEqual([false, false, 1, 1]);
    expect(left(({ relay }) => relay.onEvent(resumable))).toEqual([false, false, 1, 1]);
    expect(
      left(({ relay, reply }) => {
        relay.onEvent(resumable);
        reply.leave();
        relay.onEnd();
      }),
    ).toEqual([false, false, 1, 0]);
    expect(left(({ relay }) => relay.onEvent(resumable), {})).toEqual([false, false, 0, 1]);
  });
});
