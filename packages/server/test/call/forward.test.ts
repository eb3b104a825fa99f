import type { Charge, JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Access, Arrival, IntendedCall, RoutedCall, Subject, Verb } from "../../src/call/call.ts";
import { forward, isOpenEnded } from "../../src/call/forward.ts";
import type { Exchange, OutcomeEntry, Ports, UpstreamRequest, UpstreamSink } from "../../src/call/ports.ts";
import { Recording } from "../../src/call/record.ts";
import type { PinnedTool } from "../../src/call/records.ts";
import { Sessions } from "../../src/call/sessions.ts";
import type { Ending } from "../../src/call/settle.ts";
import type { Message } from "../../src/mcp/json-rpc.ts";
import { accessOf, pinned } from "./access.ts";

const ACCESS = accessOf();
const BODY = Buffer.from("the judged bytes");
const SINK: UpstreamSink = { onAnswer() {}, onStream() {}, onEvent() {}, onEnd() {}, onFail() {} };
const EXCHANGE: Exchange = { cancel() {}, pause() {}, resume() {} };

interface Going {
  readonly more?: Partial<RoutedCall>;
  readonly access?: Access;
  readonly verb?: Verb;
  readonly headers?: { readonly [name: string]: unknown };
  readonly tool?: PinnedTool;
}

const request = (method: string, params?: JsonObject): Message => ({
  kind: "request",
  id: 1,
  method,
  params,
});

function routed({ more = {}, access = ACCESS, verb = "POST", headers = {} }: Going): RoutedCall {
  const arrival = { access, verb, headers: { raw: [], ...headers }, startedMs: 3 } as unknown as Arrival;
  const subject: Subject = { kind: "tool", name: "run", args: { region: "eu" } };
  const message = request("tools/call");
  return { arrival, era: "modern", message, body: BODY, subject, channel: "c", ...more } as RoutedCall;
}

/** What goes upstream. */
function sent(going: Going): UpstreamRequest {
  const opened: (readonly [UpstreamRequest, UpstreamSink])[] = [];
  const upstreams = {
    open: (...args: readonly [UpstreamRequest, UpstreamSink]) => {
      opened.push(args);
      return EXCHANGE;
    },
  } as unknown as Ports["upstreams"];
  const call = { call: routed(going), tool: going.tool, seq: 1, charges: [] } as unknown as IntendedCall;
  expect(forward(call, SINK, upstreams)).toBe(EXCHANGE);
  const [only] = opened;
  if (only === undefined || opened.length > 1) throw new Error("not sent once");
  expect(only[1]).toBe(SINK);
  return only[0];
}

const BOTH = ["accept", "application/json, text/event-stream", "content-type", "application/json"];
const MODERN = [...BOTH, "mcp-protocol-version", "2026-07-28", "mcp-method"];

describe("what goes upstream is what was judged (threats 17, 47, 57)", () => {
  test("the bytes, on their channel, in their time", () => {
    const session = new Sessions(() => {}).open("s", ACCESS, "upstream", 0);
    const going = sent({ more: { session } });
    expect(going).toEqual({
      server: ACCESS.server,
      verb: "POST",
      body: BODY,
      message: request("tools/call"),
      era: "modern",
      headers: [...MODERN, "tools/call", "mcp-name", "run"],
      channel: "c",
      grant: ACCESS.grant.id,
      upstreamSession: "upstream",
      deadlineMs: 5_000,
    });
    expect(going.body).toBe(BODY);
  });

  const mirrored: PinnedTool = {
    ...pinned("run", "accepted"),
    headerParams: [{ header: "Mcp-Param-Region", path: ["region"], type: "string" }],
  };
  const toolOf = (name: string, args?: JsonObject): Subject => ({ kind: "tool", name, args });
  test.each<[string, Going, readonly string[]]>([
    [
      "a name that no header carries plain",
      { more: { subject: toolOf("é") } },
      ["tools/call", "mcp-name", "=?base64?w6k=?="],
    ],
    ["a mirrored argument", { tool: mirrored }, ["tools/call", "mcp-name", "run", "Mcp-Param-Region", "eu"]],
    [
      "an argument that no header carries",
      { tool: mirrored, more: { subject: toolOf("run", { region: {} }) } },
      ["tools/call", "mcp-name", "run"],
    ],
    [
      "a prompt",
      { more: { subject: { kind: "prompt", name: "p" }, message: request("prompts/get") }, tool: mirrored },
      ["prompts/get", "mcp-name", "p"],
    ],
    [
      "a resource",
      { more: { subject: { kind: "resource", uri: "docs://a" }, message: request("resources/read") } },
      ["resources/read", "mcp-name", "docs://a"],
    ],
    ["something else", { more: { subject: { kind: "free" }, message: request("ping") } }, ["ping"]],
  ])("modern mirrors are made anew: %s", (_, going, tail) => {
    expect(sent(going).headers).toEqual([...MODERN, ...tail]);
  });

  test.each<[string, Partial<RoutedCall>]>([
    ["without a message", { message: undefined }],
    ["of a response", { message: { kind: "response", id: 1, result: {}, error: undefined } }],
  ])("there is nothing to mirror %s", (_, more) => {
    expect(sent({ more }).headers).toEqual([...BOTH, "mcp-protocol-version", "2026-07-28"]);
  });

  test.each<[string, Going["headers"], string | undefined, readonly string[]]>([
    ["the client's revision", { protocolVersion: "h" }, "s", ["mcp-protocol-version", "h"]],
    ["the session's revision", {}, "s", ["mcp-protocol-version", "s"]],
    ["no revision", {}, undefined, []],
    ["no place in a stream", { protocolVersion: "h", lastEventId: "e" }, "s", ["mcp-protocol-version", "h"]],
  ])("a legacy POST says %s", (_, headers = {}, version, lines) => {
    const session = new Sessions(() => {}).open("s", ACCESS, "upstream", 0);
    session.version = version;
    expect(sent({ headers, more: { era: "legacy", session } }).headers).toEqual([
      ...BOTH,
      ...lines,
      "mcp-session-id",
      "upstream",
    ]);
    expect(sent({ headers: { protocolVersion: "h" }, more: { era: "legacy" } }).headers).toEqual([
      ...BOTH,
      "mcp-protocol-version",
      "h",
    ]);
  });

  test("a legacy GET says where its stream was left, and nothing of a body", () => {
    const headers = { protocolVersion: "h", lastEventId: "e", accept: "*/*" };
    const going = sent({
      verb: "GET",
      headers,
      more: { era: "legacy", message: undefined, body: undefined },
    });
    expect([going.headers, going.deadlineMs]).toEqual([
      ["accept", "text/event-stream", "mcp-protocol-version", "h", "last-event-id", "e"],
      0,
    ]);
  });

  test("a legacy GET of a new stream, before any revision is settled, says neither", () => {
    const going = sent({ verb: "GET", more: { era: "legacy", message: undefined, body: undefined } });
    expect(going.headers).toEqual(["accept", "text/event-stream"]);
  });

  test("of the client's headers only these travel", () => {
    const raw = ["Cookie", "c", "X-Tenant", "t", "Authorization", "Bearer x", "X-Forwarded-For", "1.2.3.4"];
    const headers = { raw, accept: "application/json", traceparent: "00-t" };
    expect(sent({ headers, more: { subject: { kind: "free" }, message: request("ping") } }).headers).toEqual([
      ...["accept", "application/json", "content-type", "application/json", "traceparent", "00-t"],
      ...["mcp-protocol-version", "2026-07-28", "mcp-method", "ping"],
    ]);
  });

  test.each<[string, Going, boolean]>([
    ["a call", {}, false],
    ["a stream", { verb: "GET" }, true],
    ["a listener", { more: { subject: { kind: "listen", uris: [], tasks: [] } } }, true],
    ["the end of a session", { verb: "DELETE" }, false],
  ])("%s may wait without end, or not", (_, going, isOpen) => {
    expect(isOpenEnded(routed(going))).toBe(isOpen);
  });
});

describe("a sent call is settled and recorded once (policy-spec L6)", () => {
  const charge = (key: string, refundOnError: boolean): Charge => ({
    key,
    amountMicros: 1,
    takenAtMs: 0,
    refundOnError,
    refunded: false,
  });
  const CHARGES = [charge("a", false), charge("b", true)];
  const NOT_SENT: Ending = { kind: "failure", failure: { kind: "unreachable", sent: false } };

  /** The keys that were given back, and the rows. */
  function settled(charges: readonly Charge[], ...endings: readonly Ending[]) {
    const refunds: (readonly string[])[] = [];
    const rows: OutcomeEntry[] = [];
    const answers: (readonly unknown[])[] = [];
    const ports = {
      counters: { refund: (given: readonly Charge[]) => refunds.push(given.map(({ key }) => key)) },
      audit: { record: (row: OutcomeEntry) => rows.push(row) },
      clock: { nowMs: () => 50, monotonicMs: () => 10 },
      observer: { answered: (...answered: readonly unknown[]) => answers.push(answered) },
    } as unknown as Ports;
    const call = { call: routed({}), charges, seq: 4 } as unknown as IntendedCall;
    const recording = new Recording(call, ports);
    recording.bytes += 9;
    for (const ending of endings) recording.record("ok", ending, 200);
    return { refunds, rows, answers };
  }

  test.each<[string, readonly Charge[], Ending, readonly (readonly string[])[]]>([
    ["what was not sent", CHARGES, NOT_SENT, [["a", "b"]]],
    ["a failed tool", CHARGES, { kind: "tool-error" }, [["b"]]],
    ["an answer", CHARGES, { kind: "other" }, []],
    ["nothing that was charged", [], NOT_SENT, []],
  ])("%s", (_, charges, ending, refunds) => {
    expect(settled(charges, ending)).toEqual({
      refunds,
      rows: [{ of: 4, time: 50, status: "ok", httpStatus: 200, latencyMs: 7, bytes: 9 }],
      answers: [[ACCESS.server, "ok", 7]],
    });
  });

  test("the first known end is the outcome", () => {
    const { refunds, rows, answers } = settled(CHARGES, { kind: "other" }, NOT_SENT);
    expect([refunds, rows.length, answers.length]).toEqual([[], 1, 1]);
  });
});
