import type { Charge, JsonObject } from "@portcullis/policy";
import { Relay, type RelayTools } from "../../src/call/answer.ts";
import type { Arrival, IntendedCall, Reply, RoutedCall, Subject, Verb } from "../../src/call/call.ts";
import { RequestStates, TaskOwners } from "../../src/call/handles.ts";
import { InFlightCalls } from "../../src/call/in-flight.ts";
import { ListMemo } from "../../src/call/list-memo.ts";
import type { OutcomeEntry, Ports } from "../../src/call/ports.ts";
import type { Era } from "../../src/call/records.ts";
import { Roster } from "../../src/call/roster.ts";
import { type Session, Sessions } from "../../src/call/sessions.ts";
import type { SseEvent } from "../../src/mcp/sse.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, NO_HEADERS } from "./access.ts";

export const ACCESS = accessOf({ tools: { run: {} } });
export const CHARGE: Charge = {
  key: "k",
  amountMicros: 1,
  takenAtMs: 0,
  refundOnError: false,
  refunded: false,
};
const BEGUN_MS = 100;
const NOW_MS = 130;

/** The side of a client that keeps what it was told, and leaves or stops reading when the test says so. */
export class FakeReply implements Reply {
  closed = false;
  streaming = false;
  /** Whether it reads as fast as it is told. */
  reads = true;
  readonly told: unknown[] = [];
  lose: (() => void) | undefined;
  #onClose = (): void => {};
  #onDrain = (): void => {};

  whole(status: number, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.told.push([status, headers, body?.toString()]);
  }

  startStream(headers: readonly string[]): void {
    if (this.closed || this.streaming) return;
    this.streaming = true;
    this.told.push(["stream", ...headers]);
  }

  event(event: SseEvent): boolean {
    if (!this.closed) this.told.push(event);
    return this.reads;
  }

  end(lose?: () => void): void {
    if (this.closed) return;
    this.closed = true;
    this.lose = lose;
    this.told.push("end");
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  /** The client goes away. */
  leave(): void {
    this.closed = true;
    this.#onClose();
  }

  /** It has read what waited. */
  drain(): void {
    this.#onDrain();
  }
}

export interface Relaying {
  readonly era?: Era;
  readonly verb?: Verb;
  readonly method?: string;
  readonly subject?: Subject;
  /** Undefined is what a GET or a DELETE has. */
  readonly message?: RoutedCall["message"];
  /** Whether the call has a session of its server; a legacy call has, if nothing is said. */
  readonly hasSession?: boolean;
  readonly isStdio?: boolean;
  /** False: its exchange is not attached yet. */
  readonly isAttached?: boolean;
}

/** One relay between a server and a client of the test, with all that it touched. */
export function openRelay(relaying: Relaying = {}) {
  const { era = "modern", verb = "POST", method = "tools/call", isStdio = false } = relaying;
  const { subject = { kind: "tool", name: "run", args: {} }, hasSession = era === "legacy" } = relaying;
  const request = { kind: "request", id: 1, method, params: {} } as const;
  const message = "message" in relaying ? relaying.message : request;
  const reply = new FakeReply();
  const sessions = new Sessions(() => {});
  const session = hasSession ? sessions.open("own", ACCESS, "upstream", 0) : undefined;
  const slot = { current: undefined as Session | undefined, inFlight: new InFlightCalls() };
  const arrival: Arrival = {
    requestId: "r-1",
    verb,
    access: ACCESS,
    headers: NO_HEADERS,
    reply,
    mirrored: !isStdio,
    stdioSession: isStdio ? slot : undefined,
    startedMs: BEGUN_MS,
  };
  const { tools, outcomes, refunded, warned } = openTools(sessions);
  const routed = { arrival, era, method, subject, message, session, channel: "channel" };
  const call = { call: routed, decision: {}, tool: undefined, charges: [CHARGE], seq: 7 };
  const relay = new Relay(call as unknown as IntendedCall, tools);
  const exchanged: string[] = [];
  const exchange = {
    cancel: () => void exchanged.push("cancel"),
    pause: () => void exchanged.push("pause"),
    resume: () => void exchanged.push("resume"),
  };
  if (relaying.isAttached !== false) relay.attach(exchange);
  const inFlight = session?.inFlight ?? slot.inFlight;
  return {
    relay,
    reply,
    sessions,
    session,
    slot,
    inFlight,
    tools,
    outcomes,
    refunded,
    warned,
    exchange,
    exchanged,
  };
}

function openTools(sessions: Sessions) {
  const outcomes: OutcomeEntry[] = [];
  const refunded: Charge[] = [];
  const warned: (readonly [string, object])[] = [];
  const ports = {
    keys: KEYS,
    clock: { nowMs: () => 5, monotonicMs: () => NOW_MS },
    snapshot: { server: () => ACCESS.server, grantByDigest: () => ACCESS.grant, policy: () => ACCESS.policy },
    audit: { record: (entry: OutcomeEntry) => outcomes.push(entry) },
    counters: { refund: (charges: readonly Charge[]) => refunded.push(...charges) },
    observer: {
      warn: (event: string, fields: object) => warned.push([event, fields]),
      answered: () => {},
      refused: () => {},
    },
    tools: { observe: (_: unknown, items: readonly JsonObject[]) => items, noteListChanged: () => {} },
    upstreams: { open: () => {} },
  } as unknown as Ports;
  const tools: RelayTools = {
    ports,
    sessions,
    states: new RequestStates(KEYS),
    taskOwners: new TaskOwners(),
    lists: new ListMemo(),
    open: new Roster(),
  };
  return { tools, outcomes, refunded, warned };
}

/** The outcome of a call that took {@link NOW_MS} − {@link BEGUN_MS}. */
export function outcome(status: OutcomeEntry["status"], httpStatus?: number, bytes = 0): OutcomeEntry {
  return { of: 7, time: 5, status, httpStatus, latencyMs: NOW_MS - BEGUN_MS, bytes };
}
