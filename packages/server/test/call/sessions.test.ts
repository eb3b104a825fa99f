import { describe, expect, test } from "vitest";
import type { RoutedCall } from "../../src/call/call.ts";
import { type InFlight, InFlightCalls } from "../../src/call/in-flight.ts";
import {
  forgetInFlight,
  MAX_SESSIONS_PER_GRANT,
  noteInFlight,
  RESUME_WITHIN_MS,
  SESSION_IDLE_MS,
  type Session,
  Sessions,
} from "../../src/call/sessions.ts";
import type { Message } from "../../src/mcp/json-rpc.ts";
import { accessOf, atAnotherServer, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf();

/** Sessions, and those whose upstream half was ended. */
function openSessions() {
  const closed: Session[] = [];
  return { sessions: new Sessions((session) => closed.push(session)), closed };
}

/** A request under way that notes when nobody waits for it any more. */
function inFlight(sinceMs: number, abandoned: string[] = [], name = "r"): InFlight {
  return {
    takeResponse: () => undefined,
    cancel: () => {},
    release: () => false,
    abandon: () => abandoned.push(name),
    sinceMs,
  };
}

describe("a session", () => {
  test("is new and empty, and its id cannot be guessed", () => {
    const { sessions } = openSessions();
    expect(sessions.open("a", ACCESS, "u", 5)).toEqual({
      id: "a",
      channel: "a",
      grantId: ACCESS.grant.id,
      serverId: ACCESS.server.id,
      digest: "digest",
      upstream: "u",
      version: undefined,
      inFlight: new InFlightCalls(),
      claimed: new Set(),
      serverRequests: new Set(),
      lastUsedMs: 5,
      openStreams: 0,
    });
    const ids = Array.from({ length: 100 }, () => Sessions.newId());
    expect(new Set(ids).size).toBe(100);
    expect(ids.every((id) => /^[\w-]{32}$/.test(id))).toBe(true);
  });

  test.each([
    ["its own grant, token and server", ACCESS, true],
    ["another grant", ofAnotherGrant(ACCESS), false],
    ["another server", atAnotherServer(ACCESS), false],
    ["another token of the grant", { ...ACCESS, digest: "rotated" }, false],
  ])("serves %s (threat 52)", (_, access, isFound) => {
    const { sessions } = openSessions();
    const session = sessions.open("a", ACCESS, "u", 0);
    expect([sessions.find("a", access, 7), session.lastUsedMs]).toEqual(
      isFound ? [session, 7] : [undefined, 0],
    );
  });

  test("is not found under another id, nor after its end", () => {
    const { sessions, closed } = openSessions();
    const session = sessions.open("a", ACCESS, "u", 0);
    expect([sessions.size, sessions.find("b", ACCESS, 0)]).toEqual([1, undefined]);
    sessions.close(session);
    sessions.close(session);
    expect([sessions.size, sessions.find("a", ACCESS, 0), closed]).toEqual([0, undefined, [session]]);
  });

  test("that its server ended is not ended there again, and nothing in it is waited for", () => {
    const { sessions, closed } = openSessions();
    const session = sessions.open("a", ACCESS, "u", 0);
    const abandoned: string[] = [];
    session.inFlight.set(1, inFlight(0, abandoned));
    const forgotten = [sessions.forget(session), sessions.forget(session)];
    expect([forgotten, closed, abandoned]).toEqual([[true, false], [], ["r"]]);
  });

  test("a server issues sessions once it has issued one", () => {
    const { sessions } = openSessions();
    const before = sessions.areIssuedBy(ACCESS.server.id);
    sessions.open("a", ACCESS, "u", 0);
    const others = sessions.areIssuedBy(atAnotherServer(ACCESS).server.id);
    expect([before, sessions.areIssuedBy(ACCESS.server.id), others]).toEqual([false, true, false]);
  });

  test("a server issues none any more once it opened one without", () => {
    const { sessions } = openSessions();
    sessions.open("a", ACCESS, "u", 0);
    sessions.open("b", atAnotherServer(ACCESS), "u", 0);
    sessions.stateless(ACCESS, 0);
    expect(sessions.areIssuedBy(ACCESS.server.id)).toBe(true);
    expect(sessions.openStateless(ACCESS, 0)).toBe(sessions.stateless(ACCESS, 0));
    const others = sessions.areIssuedBy(atAnotherServer(ACCESS).server.id);
    expect([sessions.areIssuedBy(ACCESS.server.id), others]).toEqual([false, true]);
  });

  test("beyond the most of a grant, its longest unused one ends", () => {
    const { sessions, closed } = openSessions();
    const other = sessions.open("other", ofAnotherGrant(ACCESS), "u", -1);
    for (let index = 0; index < MAX_SESSIONS_PER_GRANT; index += 1) {
      sessions.open(String(index), ACCESS, "u", index);
    }
    sessions.find("0", ACCESS, 5_000);
    expect(closed).toEqual([]);
    sessions.open("new", ACCESS, "u", 6_000);
    expect([closed.map(({ id }) => id), sessions.find("other", ofAnotherGrant(ACCESS), 0)]).toEqual([
      ["1"],
      other,
    ]);
    expect(sessions.size).toBe(MAX_SESSIONS_PER_GRANT + 1);
  });
});

describe("a server without sessions", () => {
  test("has one stand-in per grant and server, which a rotated token does not inherit", () => {
    const { sessions } = openSessions();
    const session = sessions.stateless(ACCESS, 1);
    expect([session.id, session.channel, session.upstream]).toEqual([undefined, ACCESS.grant.id, undefined]);
    expect(sessions.stateless(ACCESS, 9)).toBe(session);
    expect(session.lastUsedMs).toBe(9);
    const others = [ofAnotherGrant(ACCESS), atAnotherServer(ACCESS), { ...ACCESS, digest: "rotated" }];
    for (const access of others) expect(sessions.stateless(access, 9)).not.toBe(session);
    expect([sessions.size, sessions.forget(session)]).toEqual([0, false]);
  });

  test("an idle stand-in is made anew; one that is used stays", () => {
    const { sessions } = openSessions();
    const session = sessions.stateless(ACCESS, 0);
    const isSame = (nowMs: number) => {
      session.lastUsedMs = 0;
      sessions.sweep(nowMs, () => true);
      return sessions.stateless(ACCESS, 0) === session;
    };
    session.openStreams = 1;
    const streaming = isSame(SESSION_IDLE_MS + 1);
    session.openStreams = 0;
    session.inFlight.set(1, inFlight(SESSION_IDLE_MS));
    const asking = isSame(SESSION_IDLE_MS + 1);
    session.inFlight.delete(1);
    expect([streaming, asking, isSame(SESSION_IDLE_MS), isSame(SESSION_IDLE_MS + 1)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

/** A session's calls: one, sent just before it is idle for too long. */
function oneInFlight(): InFlightCalls {
  const calls = new InFlightCalls();
  calls.set(1, inFlight(SESSION_IDLE_MS));
  return calls;
}

describe("the sweep", () => {
  test.each<[string, number, Partial<Session>, boolean, boolean]>([
    ["one that is used", SESSION_IDLE_MS, {}, true, false],
    ["an idle one", SESSION_IDLE_MS + 1, {}, true, true],
    ["one with a stream", SESSION_IDLE_MS + 1, { openStreams: 1 }, true, false],
    ["one that asks", SESSION_IDLE_MS + 1, { inFlight: oneInFlight() }, true, false],
    ["one whose grant ended", 0, { openStreams: 1 }, false, true],
  ])("%s", (_, nowMs, more, isCurrent, isClosed) => {
    const { sessions, closed } = openSessions();
    Object.assign(sessions.open("a", ACCESS, "u", 0), more);
    sessions.sweep(nowMs, () => isCurrent);
    expect([closed.length, sessions.size]).toEqual(isClosed ? [1, 0] : [0, 1]);
  });

  test("gives up answers that nobody came back for", () => {
    const { sessions } = openSessions();
    const session = sessions.open("a", ACCESS, "u", 0);
    const abandoned: string[] = [];
    session.inFlight.set(1, inFlight(0, abandoned, "old"));
    session.inFlight.set(2, inFlight(1, abandoned, "new"));
    sessions.sweep(RESUME_WITHIN_MS + 1, () => true);
    expect(abandoned).toEqual(["old"]);
  });
});

describe("the requests in flight", () => {
  const request = { kind: "request", id: 1, method: "tools/call", params: undefined } as const;
  const books = () => {
    const session = openSessions().sessions.open("a", ACCESS, "u", 0);
    return { session, stdio: { current: undefined, inFlight: new InFlightCalls() } };
  };
  const callOf = (message: Message | undefined, { session, stdio }: Partial<ReturnType<typeof books>>) =>
    ({ message, session, arrival: { stdioSession: stdio } }) as unknown as RoutedCall;

  test("of a session are known there, those of a client on stdio without one with the client", () => {
    const { session, stdio } = books();
    const [one, two] = [inFlight(0), inFlight(0)];
    noteInFlight(callOf(request, { session, stdio }), one);
    expect([session.inFlight.get(1), stdio.inFlight.size]).toEqual([one, 0]);
    const stateless = { ...session, id: undefined };
    noteInFlight(callOf(request, { session: stateless, stdio }), two);
    expect([session.inFlight.list(), stdio.inFlight.get(1)]).toEqual([[one], two]);
    noteInFlight(callOf(request, {}), two);
  });

  test("are forgotten each by itself: a client on stdio may use an id twice", () => {
    const { stdio } = books();
    const [first, second] = [inFlight(0), inFlight(0)];
    const call = callOf(request, { stdio });
    noteInFlight(call, first);
    noteInFlight(call, second);
    forgetInFlight(call, first);
    expect(stdio.inFlight.get(1)).toBe(second);
    forgetInFlight(call, second);
    expect(stdio.inFlight.size).toBe(0);
    forgetInFlight(callOf(request, {}), second);
  });

  test("are no notifications, no answers and no streams", () => {
    const { session } = books();
    const notification = { kind: "notification", method: "notifications/x", params: undefined } as const;
    const response = { kind: "response", id: 1, result: {}, error: undefined } as const;
    for (const message of [notification, response, undefined]) {
      noteInFlight(callOf(message, { session }), inFlight(0));
      session.inFlight.set(1, inFlight(0));
      forgetInFlight(callOf(message, { session }), inFlight(0));
      expect(session.inFlight.size).toBe(1);
      session.inFlight.delete(1);
    }
  });
});
