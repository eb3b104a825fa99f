import type { Writable } from "node:stream";
import { err, ok, type Result } from "@portcullis/policy";
import { CatalogueFront } from "./catalogue/pages/catalogue-front.ts";
import { type Config, hostAllowList, originAllowList, publicUrlOf, servesCatalogue } from "./config.ts";
import { createAdminServer } from "./front/admin-server.ts";
import { type Beside, createAgentServer, drain, listen } from "./front/http-server.ts";
import { openLedgerParts } from "./ledger-parts.ts";
import { type AssembledLine, assembleLine, SYSTEM_CLOCK } from "./line-parts.ts";
import { boundHeap } from "./observe/bounded-heap.ts";
import { watchClock } from "./observe/clock-watch.ts";
import { METRICS_CONTENT_TYPE } from "./observe/metrics.ts";
import { LiveObserver } from "./observe/observer.ts";
import { type DataFolder, lockDataFolder, openDataFolder } from "./storage/data-folder.ts";
import { openState } from "./storage/state.ts";

export interface GatewayOptions {
  readonly dataDir: string;
  readonly config: Config;
  /** Where log lines go. */
  readonly log: Writable;
}

/** A running gateway. */
export interface Gateway extends AsyncDisposable {
  /** Where agents reach it, without a path. */
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** Takes no more, lets calls in flight finish, writes everything, ends. */
  close(): Promise<void>;
}

/** Calls in flight get this long at the end (faults F3). */
const DRAIN_MS = 30_000;

/** Starts the gateway on a data folder. The error is one line that says what to do; nothing is left half-open. */
export async function startGateway(options: GatewayOptions): Promise<Result<Gateway, string>> {
  const folder = openDataFolder(options.dataDir);
  if (!folder.ok) return folder;
  const lock = lockDataFolder(folder.value);
  if (!lock.ok) return lock;
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => lock.value.release());
  const parts = openParts(folder.value, options, cleanup);
  if (!parts.ok) return parts;
  const listening = await listenAll(parts.value, options, cleanup);
  if (!listening.ok) return listening;
  const { url, adminUrl } = listening.value;
  lock.value.announce({ pid: process.pid, url, adminUrl });
  const open = cleanup.move();
  const close = () => open.disposeAsync();
  return ok({ url, adminUrl, pid: process.pid, close, [Symbol.asyncDispose]: close });
}

interface Parts {
  readonly assembled: AssembledLine;
  readonly observer: LiveObserver;
  /** The agents' `Host` and `Origin` allow-lists are known once the port is. */
  readonly allow: { hosts: ReadonlySet<string>; origins: ReadonlySet<string> };
  readonly isReady: () => boolean;
}

function openParts(
  folder: DataFolder,
  { config, log }: GatewayOptions,
  cleanup: AsyncDisposableStack,
): Result<Parts, string> {
  const state = openState(folder.stateFile);
  if (!state.ok) return state;
  cleanup.defer(() => state.value.db.close());
  const observer = new LiveObserver(config.logLevel, log);
  const kept = openLedgerParts(folder, state.value.organisation, config, observer, cleanup);
  if (!kept.ok) return kept;
  const { ledger, counters, isHealthy } = kept.value;
  const allow: Parts["allow"] = { hosts: new Set(), origins: new Set() };
  const assembled = assembleLine({
    state: state.value,
    keys: folder.keys,
    audit: ledger,
    counters,
    observer,
    config: {
      maxBodyBytes: config.maxBodyBytes,
      get allowedHosts() {
        return allow.hosts;
      },
      get allowedOrigins() {
        return allow.origins;
      },
    },
    clock: SYSTEM_CLOCK,
  });
  cleanup.use(boundHeap());
  cleanup.use(watchClock(SYSTEM_CLOCK, observer));
  cleanup.use(assembled);
  return ok({ assembled, observer, allow, isReady: () => isHealthy() && assembled.snapshot.isReadable() });
}

async function listenAll(
  { assembled, observer, allow, isReady }: Parts,
  options: GatewayOptions,
  cleanup: AsyncDisposableStack,
): Promise<Result<{ url: string; adminUrl: string }, string>> {
  const { line } = assembled;
  const { config } = options;
  let url = "";
  const agents = createAgentServer(
    line,
    openCatalogueFront({ allow, observer }, options, () => url, cleanup),
  );
  let adminHosts: ReadonlySet<string> = new Set();
  const admin = createAdminServer({
    isReady,
    metrics: () => ({ contentType: METRICS_CONTENT_TYPE, text: observer.metrics.text() }),
    allowedHosts: () => adminHosts,
  });
  const { metrics } = observer;
  metrics.gauge("portcullis_sessions", "Legacy sessions that are open.", () => line.sessions.size);
  metrics.gauge("portcullis_open_calls", "Calls and streams that are not over.", () => line.open.size);
  try {
    const adminPort = await listen(admin, "127.0.0.1", config.adminPort);
    cleanup.defer(() => drain(admin, 0));
    adminHosts = new Set([`127.0.0.1:${adminPort}`, `localhost:${adminPort}`]);
    const port = await listen(agents, config.host, config.port);
    cleanup.defer(() => closeAgents(agents, line));
    allow.hosts = hostAllowList(config, port);
    allow.origins = originAllowList(config, port);
    url = publicUrlOf(config, port);
    return ok({ url, adminUrl: `http://127.0.0.1:${adminPort}` });
  } catch (cause) {
    return err(listenError(cause, config));
  }
}

/** The catalogue beside the line, where it is switched on. It loads nothing before the first request. */
function openCatalogueFront(
  { allow, observer }: Pick<Parts, "allow" | "observer">,
  { config, dataDir }: GatewayOptions,
  base: () => string,
  cleanup: AsyncDisposableStack,
): Beside | undefined {
  if (!servesCatalogue(config)) return undefined;
  const onFault = (fault: string) => observer.warn("catalogue_fault", { fault });
  const front = cleanup.use(new CatalogueFront({ dataFolder: dataDir, allow, base, onFault }));
  return (request, response) => front.take(request, response);
}

/** Streams that wait for what may never come are ended; calls may finish. */
async function closeAgents(
  agents: ReturnType<typeof createAgentServer>,
  line: AssembledLine["line"],
): Promise<void> {
  for (const relay of line.open.list()) relay.endIfOpenEnded();
  await drain(agents, DRAIN_MS);
}

function listenError(cause: unknown, config: Config): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  const port = cause instanceof Error && "port" in cause ? String(cause.port) : String(config.port);
  const option = port === String(config.port) ? "--port" : "--admin-port";
  if (code === "EADDRINUSE") return `port ${port} is in use; choose another with ${option} N (0 takes any)`;
  if (code === "EACCES")
    return `port ${port} needs more rights than this user has; choose one above 1023 with ${option} N`;
  return `cannot listen on ${config.host}:${port} (${code}); check --host and ${option}`;
}
