import type { Exchange, UpstreamFailure, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import type { Era, Server, ServerId, Target } from "../../call/records.ts";
import { isOwnChannel } from "../ask.ts";
import { isSameTarget } from "../same-target.ts";
import { BackOff } from "./back-off.ts";
import { Channel } from "./channel.ts";
import { type Place, placeFor } from "./place.ts";
import { BUSY } from "./receipts.ts";
import { WaitingRequests } from "./waiting-requests.ts";
import type { Wire, WireEnd } from "./wire.ts";

/** What a pool needs of the kind of wire that it holds. */
export interface ChannelPoolSettings {
  /** Opens a wire for the server of a request; undefined where it cannot be, and then nothing was sent. May throw. */
  readonly openWire: (request: UpstreamRequest) => Wire | undefined;
  /** A channel that served nothing for so long is closed. */
  readonly idleMs: number;
  /** Living wires of one server, those that are stopping included; beyond it they are shared fairly, see {@link placeFor}. */
  readonly maxPerServer: number;
  /** Monotonic clock, milliseconds; decides back-off, and who is idle for longest. */
  readonly now: () => number;
  readonly warn: Warn;
  /** Names of log events: what is no message was received, a wire went by itself. */
  readonly events: { readonly stray: string; readonly crashed: string };
}

export type Warn = (event: string, fields: { readonly [name: string]: string | number | undefined }) => void;

interface Running {
  readonly key: string;
  readonly server: Server;
  readonly channel: Channel;
  /** A look of the gateway itself, not a client's. */
  readonly isOwn: boolean;
  readonly holder: string;
  /** Who gets its place when it is gone. */
  successor: Successor | undefined;
}

/** A channel without a wire, until there is a place for one. */
interface Successor {
  readonly request: UpstreamRequest;
  readonly waiting: WaitingRequests;
}

const EMPTY = Buffer.alloc(0);
/** A probe and a list of each era may run while others are still stopping. */
const OWN_PLACES = 4;
const ERAS: readonly Era[] = ["legacy", "modern"];

/**
 * Upstream servers whose session is a wire, behind the port of those that speak HTTP: one wire per server and
 * channel, bounded and shared fairly per server, closed when idle, delayed after crashes.
 *
 * A legacy session lives and dies with its wire: without it everything but `initialize` is answered 404, as an
 * HTTP server answers for a session that it has lost, and clients initialise again.
 */
export class ChannelPool {
  readonly #settings: ChannelPoolSettings;
  readonly #backOff: BackOff;
  /** What a channel's next request goes to. */
  readonly #running = new Map<string, Running>();
  /** Every wire that still lives, also while it is stopping. */
  readonly #living = new Map<ServerId, Set<Running>>();
  /** Channels that wait for a place, by their key. */
  readonly #successors = new Map<string, Successor>();
  #isClosed = false;

  constructor(settings: ChannelPoolSettings) {
    this.#settings = settings;
    this.#backOff = new BackOff(settings.now);
  }

  /** One verb to one server; never throws. Failures arrive at the sink, after this has returned. */
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    if (request.verb === "DELETE") {
      this.closeChannel(request.server, request.channel);
      return answerLater(sink, 204);
    }
    // 2026-07-28 has no GET.
    if (request.verb === "GET" && request.era === "modern") return answerLater(sink, 405);
    const running = this.#find(request);
    if (running !== undefined) return running.channel.open(request, sink);
    if (request.era === "legacy" && !isInitialize(request)) return answerLater(sink, 404);
    // Nobody is there whom a notification could concern.
    if (request.message?.kind !== "request") return answerLater(sink, 202);
    const waiting = this.#successors.get(keyOf(request.server.id, request.era, request.channel))?.waiting;
    if (waiting !== undefined) return waiting.add(request, sink);
    const started = this.#start(request);
    if (started instanceof Channel) return started.open(request, sink);
    if (started instanceof WaitingRequests) return started.add(request, sink);
    return failLater(sink, started);
  }

  /** Ends the wire of a channel, if it has one. */
  closeChannel(server: Server, channel: string): void {
    for (const era of ERAS) this.#running.get(keyOf(server.id, era, channel))?.channel.close();
  }

  /** Ends every wire of a server that was removed. */
  closeServer(server: ServerId): void {
    for (const { channel } of this.#living.get(server) ?? []) channel.close();
  }

  /** Ends every wire without any delay. */
  kill(): void {
    for (const set of this.#living.values()) for (const { channel } of set) channel.kill();
  }

  /** Opens no more, ends every wire and waits until nothing of them is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#living.values()].flatMap((set) => [...set]);
    for (const { channel } of all) channel.close();
    await Promise.all(all.map(({ channel }) => channel.closed));
  }

  #find(request: UpstreamRequest): Running | undefined {
    const running = this.#running.get(keyOf(request.server.id, request.era, request.channel));
    if (running === undefined || !running.channel.isOpen) return undefined;
    if (isSameTarget(running.server.target, request.server.target)) return running;
    // The operator registered another place under this id.
    running.channel.close();
    return undefined;
  }

  #start(request: UpstreamRequest): Channel | WaitingRequests | UpstreamFailure {
    const { server, era } = request;
    const key = keyOf(server.id, era, request.channel);
    const living = this.#living.get(server.id) ?? new Set();
    const unreachable: UpstreamFailure = { kind: "unreachable", sent: false };
    const placeKey = JSON.stringify([server.id, era, placeOf(server.target)]);
    if (this.#isClosed || this.#backOff.isBlocked(placeKey) || this.#backOff.isBlocked(key))
      return unreachable;
    // The gateway's own looks at a server have places of their own: clients that hold all of theirs must not blind it.
    const isOwn = isOwnChannel(request.channel);
    const places = isOwn ? OWN_PLACES : this.#settings.maxPerServer;
    const rivals = [...living].filter((other) => other.isOwn === isOwn);
    if (rivals.length >= places) return this.#waitForPlace(request, rivals) ?? BUSY;

    const wire = this.#openWire(request);
    if (wire === undefined) {
      this.#backOff.noteCrash(placeKey);
      return unreachable;
    }
    const channel = new Channel(wire, {
      era,
      idleMs: this.#settings.idleMs,
      now: this.#settings.now,
      onHealthy: () => this.#backOff.clear(placeKey),
      onStray: () => this.#settings.warn(this.#settings.events.stray, { server: server.name }),
      onGone: (end) => this.#onGone(running, end, placeKey),
    });
    const holder = holderOf(request);
    const running: Running = { key, server, channel, isOwn, holder, successor: undefined };
    this.#running.set(key, running);
    this.#living.set(server.id, living.add(running));
    return channel;
  }

  /** Undefined where it cannot be opened, for whatever reason: what is sealed cannot be read, a folder is gone. */
  #openWire(request: UpstreamRequest): Wire | undefined {
    try {
      return this.#settings.openWire(request);
    } catch (fault) {
      const name = fault instanceof Error ? fault.name : "unknown";
      this.#settings.warn("line_fault", { server: request.server.name, fault: name });
      return undefined;
    }
  }

  /** Undefined where nobody makes room. */
  #waitForPlace(request: UpstreamRequest, rivals: readonly Running[]): WaitingRequests | undefined {
    const places = rivals.map((running): Place & { readonly running: Running } => ({
      running,
      holder: running.holder,
      isLeaving: !running.channel.isOpen,
      // A look of the gateway asks several things one after the other, and ends its channel itself.
      idleSinceMs: running.isOwn ? undefined : running.channel.idleSinceMs,
      promisedTo: running.successor && holderOf(running.successor.request),
    }));
    const place = placeFor(places, holderOf(request));
    if (place === undefined) return undefined;
    const successor: Successor = { request, waiting: new WaitingRequests(this.#settings.now) };
    this.#successors.set(keyOf(request.server.id, request.era, request.channel), successor);
    place.running.successor = successor;
    place.running.channel.close();
    return successor.waiting;
  }

  /** In the turn in which the place became free, before anybody else can take it. */
  #succeed({ request, waiting }: Successor): void {
    this.#successors.delete(keyOf(request.server.id, request.era, request.channel));
    if (waiting.isEmpty) return;
    const started = this.#start(request);
    if (started instanceof Channel) waiting.open((each, sink) => started.open(each, sink));
    else waiting.fail(started instanceof WaitingRequests ? BUSY : started);
  }

  #onGone(running: Running, end: WireEnd & { readonly isCrash: boolean }, placeKey: string): void {
    const { key, server } = running;
    const living = this.#living.get(server.id);
    living?.delete(running);
    if (living?.size === 0) this.#living.delete(server.id);
    if (this.#running.get(key) === running) this.#running.delete(key);
    if (end.isCrash) this.#noteCrash(running, end, placeKey);
    if (running.successor !== undefined) this.#succeed(running.successor);
  }

  #noteCrash({ key, server, channel }: Running, end: WireEnd, placeKey: string): void {
    // Gone before its first answer, the place is broken for everybody; later ends are this channel's own, so that
    // nobody can lock others out by what he sends.
    const isOwnFault = channel.hasAnswered || end.mayBeOwnFault;
    const delayMs = this.#backOff.noteCrash(isOwnFault ? key : placeKey);
    this.#settings.warn(this.#settings.events.crashed, { server: server.name, ...end.details, delayMs });
  }
}

function isInitialize({ message }: UpstreamRequest): boolean {
  return message?.kind === "request" && message.method === "initialize";
}

function placeOf(target: Target): readonly string[] {
  return [target.sealed ?? "", ...(target.kind === "http" ? [target.url] : target.command)];
}

function holderOf({ grant, channel }: UpstreamRequest): string {
  return grant ?? channel;
}

function keyOf(server: ServerId, era: Era, channel: string): string {
  return JSON.stringify([server, era, channel]);
}

function answerLater(sink: UpstreamSink, status: number): Exchange {
  return later(() => sink.onAnswer(status, EMPTY, undefined));
}

function failLater(sink: UpstreamSink, failure: UpstreamFailure): Exchange {
  return later(() => sink.onFail(failure));
}

/** Callbacks never come before `open` returned, nor after a cancel. */
function later(run: () => void): Exchange {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) run();
  });
  return {
    cancel: () => {
      isCancelled = true;
    },
    pause: () => {},
    resume: () => {},
  };
}
