import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { noteVersion, openSession } from "../../src/call/answer-session.ts";
import { modernStatus } from "../../src/call/answer-status.ts";
import type { Arrival, RoutedCall, StdioSessionSlot } from "../../src/call/call.ts";
import { type InFlight, InFlightCalls } from "../../src/call/in-flight.ts";
import { contextIn } from "../../src/call/refuse-on-record.ts";
import { requestDigest } from "../../src/call/request-digest.ts";
import { newRequestId } from "../../src/call/request-id.ts";
import { Sessions } from "../../src/call/sessions.ts";
import type { Ending } from "../../src/call/settle.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf } from "./access.ts";

describe("the status of a modern error (2026-07-28 transports)", () => {
  const rpc = (code: number): Ending => ({ kind: "rpc-error", code });
  test.each<[number, Ending, number]>([
    [200, rpc(-32601), 404],
    [200, rpc(-32020), 400],
    [200, rpc(-32021), 400],
    [200, rpc(-32022), 400],
    [200, rpc(-32602), 200],
    [200, rpc(-32603), 200],
    [500, rpc(-32601), 500],
    [200, { kind: "tool-error" }, 200],
    [200, { kind: "other" }, 200],
  ])("%i and %o: %i", (status, ending, expected) => {
    expect(modernStatus(status, ending)).toBe(expected);
  });
});

describe("the same request has the same digest, whatever a retry adds (2026-07-28 mrtr)", () => {
  const digest = (params: JsonObject | undefined, method = "tools/call") =>
    requestDigest({ kind: "request", id: 1, method, params }, KEYS);
  const first = digest({ name: "run", arguments: { a: 1 } });

  test.each<[string, JsonObject]>([
    ["its state", { requestState: "s" }],
    ["its answers", { inputResponses: { who: {} } }],
    ["its `_meta`", { _meta: { a: 1 } }],
  ])("%s is left out", (_, more) => {
    expect(digest({ name: "run", arguments: { a: 1 }, ...more })).toBe(first);
  });

  test.each<[string, string]>([
    ["another argument", digest({ name: "run", arguments: { a: 2 } })],
    ["another tool", digest({ name: "walk", arguments: { a: 1 } })],
    ["another method", digest({ name: "run", arguments: { a: 1 } }, "prompts/get")],
    ["no parameters", digest(undefined)],
  ])("%s is another request", (_, other) => {
    expect(other).not.toBe(first);
  });

  test("no parameters are the same as empty ones", () => {
    expect(digest(undefined)).toBe(digest({}));
  });
});

describe("the session that `initialize` begins", () => {
  const ports = { clock: { nowMs: () => 0, monotonicMs: () => 7 } };
  const access = accessOf();
  const call = (stdioSession?: StdioSessionSlot): RoutedCall =>
    ({ arrival: { access, stdioSession } as Arrival, channel: "c" }) as RoutedCall;

  test("is the gateway's own, beside that of the server", () => {
    const sessions = new Sessions(() => {});
    const session = openSession(call(), "upstream", { ports, sessions });
    expect(session).toMatchObject({ id: "c", channel: "c", upstream: "upstream", lastUsedMs: 7 });
    expect(sessions.find("c", access, 8)).toBe(session);
  });

  test("stands in where the server issues none", () => {
    const sessions = new Sessions(() => {});
    const session = openSession(call(), undefined, { ports, sessions });
    expect(session).toMatchObject({ id: undefined, upstream: undefined, lastUsedMs: 7 });
    expect(sessions.stateless(access, 8)).toBe(session);
  });

  test("is the one of a client on stdio", () => {
    const slot: StdioSessionSlot = { current: undefined, inFlight: new InFlightCalls() };
    const session = openSession(call(slot), "upstream", { ports, sessions: new Sessions(() => {}) });
    expect(slot.current).toBe(session);
  });

  test.each<[string, JsonObject, string | undefined]>([
    ["a revision", { result: { protocolVersion: "2025-11-25" } }, "2025-11-25"],
    ["a revision that is no text", { result: { protocolVersion: 5 } }, undefined],
    ["no revision", { result: {} }, undefined],
    ["no result", { error: {} }, undefined],
    ["a result that is no object", { result: "2025-11-25" }, undefined],
  ])("settles on %s", (_, response, version) => {
    const session = new Sessions(() => {}).open("c", access, "u", 0);
    noteVersion(session, response);
    expect(session.version).toBe(version);
  });
});

test("no two requests have one id, however many come", () => {
  const ids = Array.from({ length: 2_000 }, newRequestId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[\w-]{16}$/.test(id))).toBe(true);
});

describe("a refusal of a message without a route speaks its era (2026-07-28 basic/versioning)", () => {
  const META = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
  const arrivalOf = (protocolVersion?: string) => ({ headers: { protocolVersion } }) as unknown as Arrival;
  const request = (params?: JsonObject) => ({ kind: "request", id: 7, method: "x/y", params }) as const;
  const notification = { kind: "notification", method: "x/y", params: META } as const;
  const answer = { kind: "response", id: 7, result: META, error: undefined } as const;

  test.each([
    ["its header's", arrivalOf("2026-07-28"), request(), 7, "modern"],
    ["its envelope's", arrivalOf(), request(META), 7, "modern"],
    ["a notification's, which has no id", arrivalOf(), notification, undefined, "modern"],
    ["an answer's, whose result is the client's own", arrivalOf(), answer, undefined, "legacy"],
    ["an earlier header's", arrivalOf("2025-11-25"), request(), 7, "legacy"],
    ["the earlier one, where it says nothing", arrivalOf(), request({ _meta: {} }), 7, "legacy"],
    ["the earlier one, where its envelope is none", arrivalOf(), request({ _meta: "x" }), 7, "legacy"],
    ["its header's, where nothing could be read", arrivalOf("2026-07-28"), undefined, undefined, "modern"],
    ["the earlier one, where nothing could be read", arrivalOf(), undefined, undefined, "legacy"],
  ] as const)("%s", (_, arrival, message, id, era) => {
    expect(contextIn(arrival, message)).toEqual({ id, era, isToolCall: false });
  });
});

test("of two requests in flight with one id the later one is known, and each is let go", () => {
  const calls = new InFlightCalls();
  const [one, two] = [{ sinceMs: 1 }, { sinceMs: 2 }] as unknown as [InFlight, InFlight];
  expect([calls.get(1), calls.has(1), calls.list()]).toEqual([undefined, false, []]);
  calls.set(1, one);
  calls.set(1, two);
  calls.set("1", one);
  expect([calls.get(1), calls.has("1"), calls.list(), calls.size]).toEqual([two, true, [two, one], 2]);
  calls.delete(1);
  calls.delete(1);
  expect([calls.get(1), calls.list()]).toEqual([undefined, [one]]);
});
