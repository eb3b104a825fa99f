import type {
  Era,
  Exchange,
  Server,
  ServerId,
  UpstreamFailure,
  UpstreamRequest,
  UpstreamSink,
} from "../../call/ports.ts";
import { isOwnChannel } from "../ask.ts";
import { BackOff } from "./back-off.ts";
import { StdioChannel } from "./channel.ts";
import { scrubEnvironment } from "./environment.ts";
import { type StdioOptions, type StdioSettings, toStdioSettings } from "./options.ts";
import type { RecentLines } from "./recent-lines.ts";
import { type ProcessExit, ServerProcess } from "./server-process.ts";

interface Running {
  readonly key: string;
  readonly server: Server;
  readonly command: readonly string[];
  readonly channel: StdioChannel;
  /** A look of the gateway itself, not a client's. */
  readonly isOwn: boolean;
}

const EMPTY = Buffer.alloc(0);
/** A probe and a list of each era may run while others are still stopping. */
const OWN_PLACES = 4;
const ERAS: readonly Era[] = ["legacy", "modern"];

/**
 * Upstream servers that are child processes, behind the port of those that speak HTTP: one process per server and
 * channel, bounded per server, stopped when idle, delayed after crashes (gateway.md 4).
 *
 * A legacy session lives and dies with its process: without it everything but `initialize` is answered 404, as an
 * HTTP server answers for a session that it has lost, and clients initialise again.
 */
export class StdioUpstreams {
  readonly #settings: StdioSettings;
  readonly #backOff: BackOff;
  /** What a channel's next request goes to. */
  readonly #running = new Map<string, Running>();
  /** Every process that still lives, also while it is stopping. */
  readonly #living = new Map<ServerId, Set<Running>>();
  readonly #recentErrors = new Map<ServerId, RecentLines>();
  #isDisposed = false;

  constructor(options: StdioOptions = {}) {
    this.#settings = toStdioSettings(options);
    this.#backOff = new BackOff(this.#settings.now);
    process.on("exit", this.#killAll);
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
    const started = this.#start(request);
    if (!(started instanceof StdioChannel)) return failLater(sink, started);
    return started.open(request, sink);
  }

  /** Ends the process of a channel, if it has one. */
  closeChannel(server: Server, channel: string): void {
    for (const era of ERAS) this.#running.get(keyOf(server.id, era, channel))?.channel.close();
  }

  /** Ends every process of a server that was removed. */
  closeServer(server: ServerId): void {
    for (const { channel } of this.#living.get(server) ?? []) channel.close();
    this.#recentErrors.delete(server);
  }

  /** The last lines of standard error of the server's newest process, unescaped; for the operator's eyes only. */
  recentErrors(server: ServerId): readonly string[] {
    return this.#recentErrors.get(server)?.lines ?? [];
  }

  /** Stops every process and waits until nothing of them is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const all = [...this.#living.values()].flatMap((set) => [...set]);
    for (const { channel } of all) channel.close();
    await Promise.all(all.map(({ channel }) => channel.closed));
    process.off("exit", this.#killAll);
  }

  #find(request: UpstreamRequest): Running | undefined {
    const running = this.#running.get(keyOf(request.server.id, request.era, request.channel));
    if (running === undefined || !running.channel.isOpen) return undefined;
    if (isSameCommand(running.command, commandOf(request.server))) return running;
    // The operator registered another command under this id.
    running.channel.close();
    return undefined;
  }

  #start(request: UpstreamRequest): StdioChannel | UpstreamFailure {
    const { server, era } = request;
    const command = commandOf(server);
    const key = keyOf(server.id, era, request.channel);
    const living = this.#living.get(server.id) ?? new Set();
    const unreachable: UpstreamFailure = { kind: "unreachable", sent: false };
    if (this.#isDisposed || command === undefined) return unreachable;
    const commandKey = JSON.stringify([server.id, era, command]);
    if (this.#backOff.isBlocked(commandKey) || this.#backOff.isBlocked(key)) return unreachable;
    // The gateway's own looks at a server have places of their own: clients that hold all of theirs must not blind it.
    const isOwn = isOwnChannel(request.channel);
    const places = isOwn ? OWN_PLACES : this.#settings.maxProcessesPerServer;
    const taken = [...living].filter((other) => other.isOwn === isOwn).length;
    if (taken >= places) return { kind: "busy", sent: false };

    const opened = this.#openProcess(server, command);
    if (opened === undefined) {
      this.#backOff.noteCrash(commandKey);
      return unreachable;
    }
    const channel = new StdioChannel(opened, {
      era,
      idleMs: this.#settings.idleMs,
      onHealthy: () => this.#backOff.clear(commandKey),
      onStray: () => this.#settings.warn("stdio_stray_output", { server: server.name }),
      onGone: (exit) => this.#onGone(running, exit, commandKey),
    });
    const running: Running = { key, server, command, channel, isOwn };
    this.#running.set(key, running);
    this.#living.set(server.id, living.add(running));
    this.#recentErrors.set(server.id, opened.recentErrors);
    return channel;
  }

  #openProcess(server: Server, command: readonly string[]): ServerProcess | undefined {
    const { env, allowEnv, serverEnv, workingDirectory, maxLineBytes, killAfterMs, stallMs, warn } =
      this.#settings;
    return ServerProcess.open(
      {
        command,
        env: scrubEnvironment(env, allowEnv, serverEnv(server)),
        workingDirectory: workingDirectory(server),
        maxLineBytes,
        killAfterMs,
        stallMs,
      },
      (code) => warn("stdio_start_failed", { server: server.name, code }),
    );
  }

  #onGone(running: Running, exit: ProcessExit & { readonly isCrash: boolean }, commandKey: string): void {
    const { key, server, channel } = running;
    const living = this.#living.get(server.id);
    living?.delete(running);
    if (living?.size === 0) this.#living.delete(server.id);
    if (this.#running.get(key) === running) this.#running.delete(key);
    if (!exit.isCrash) return;
    // Dead before its first answer, the command is broken for everybody; later deaths are this channel's own, so
    // that nobody can lock others out by what he sends.
    const delayMs = this.#backOff.noteCrash(channel.hasAnswered ? key : commandKey);
    const { code, signal } = exit;
    this.#settings.warn("stdio_crashed", {
      server: server.name,
      code: code ?? undefined,
      signal: signal ?? undefined,
      delayMs,
    });
  }

  /** The last resort when this process itself goes down without disposing: groups of their own outlive it. */
  readonly #killAll = (): void => {
    for (const set of this.#living.values()) for (const { channel } of set) channel.kill();
  };
}

function isInitialize({ message }: UpstreamRequest): boolean {
  return message?.kind === "request" && message.method === "initialize";
}

function commandOf({ target }: Server): readonly string[] | undefined {
  return target.kind === "stdio" ? target.command : undefined;
}

function isSameCommand(left: readonly string[], right: readonly string[] | undefined): boolean {
  if (left === right) return true;
  return left.length === right?.length && left.every((argument, index) => argument === right[index]);
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
