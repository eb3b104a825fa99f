import type { Exchange, UpstreamRequest, UpstreamSink } from "../../call/ports.ts";
import type { Server, ServerId } from "../../call/records.ts";
import { ChannelPool } from "../channel/channel-pool.ts";
import { scrubEnvironment } from "./environment.ts";
import { type StdioOptions, type StdioSettings, toStdioSettings } from "./options.ts";
import type { RecentLines } from "./recent-lines.ts";
import { ServerProcess } from "./server-process.ts";

/** Upstream servers that are child processes: one process per server and channel. */
export class StdioUpstreams {
  readonly #settings: StdioSettings;
  readonly #pool: ChannelPool;
  readonly #recentErrors = new Map<ServerId, RecentLines>();

  constructor(options: StdioOptions = {}) {
    this.#settings = toStdioSettings(options);
    const { idleMs, maxProcessesPerServer, now, warn } = this.#settings;
    this.#pool = new ChannelPool({
      openWire: ({ server }) => this.#openProcess(server),
      idleMs,
      maxPerServer: maxProcessesPerServer,
      now,
      warn,
      events: { stray: "stdio_stray_output", crashed: "stdio_crashed" },
    });
    process.on("exit", this.#killAll);
  }

  /** One verb to one server; never throws. Failures arrive at the sink, after this has returned. */
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange {
    return this.#pool.open(request, sink);
  }

  /** Ends the process of a channel, if it has one. */
  closeChannel(server: Server, channel: string): void {
    this.#pool.closeChannel(server, channel);
  }

  /** Ends every process of a server that was removed. */
  closeServer(server: ServerId): void {
    this.#pool.closeServer(server);
    this.#recentErrors.delete(server);
  }

  /** The last lines of standard error of the server's newest process, unescaped; for the operator's eyes only. */
  recentErrors(server: ServerId): readonly string[] {
    return this.#recentErrors.get(server)?.lines ?? [];
  }

  /** Stops every process and waits until nothing of them is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
    process.off("exit", this.#killAll);
  }

  #openProcess(server: Server): ServerProcess | undefined {
    if (server.target.kind !== "stdio") return undefined;
    const {
      env,
      allowEnv,
      commandOf,
      serverEnv,
      workingDirectory,
      maxLineBytes,
      killAfterMs,
      stallMs,
      warn,
    } = this.#settings;
    const opened = ServerProcess.open(
      {
        command: commandOf(server),
        env: scrubEnvironment(env, allowEnv, serverEnv(server)),
        workingDirectory: workingDirectory(server),
        maxLineBytes,
        killAfterMs,
        stallMs,
      },
      (code) => warn("stdio_start_failed", { server: server.name, code }),
    );
    if (opened !== undefined) this.#recentErrors.set(server.id, opened.recentErrors);
    return opened;
  }

  /** The last resort when this process itself goes down without disposing: groups of their own outlive it. */
  readonly #killAll = (): void => this.#pool.kill();
}
