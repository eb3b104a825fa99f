import type { Line } from "./call/handle-call.ts";
import { RequestStates, TaskOwners } from "./call/handles.ts";
import { renew } from "./call/identify.ts";
import { ListMemo } from "./call/list-memo.ts";
import type { Audit, Clock, Counters, Keys, LineConfig, Observer } from "./call/ports.ts";
import type { Server, ServerId } from "./call/records.ts";
import { Roster } from "./call/roster.ts";
import { type Session, Sessions } from "./call/sessions.ts";
import { FailureThrottle } from "./call/throttle.ts";
import type { OutboundRules } from "./outbound/judge.ts";
import { LiveSnapshot } from "./snapshot/live-snapshot.ts";
import { instructionsHash } from "./storage/server-rows.ts";
import { ServerSecrets } from "./storage/server-secrets.ts";
import type { State } from "./storage/state.ts";
import { recordInstructions, recordObserved } from "./storage/tool-rows.ts";
import { HttpUpstreams } from "./upstream/http.ts";
import { HttpTransports } from "./upstream/http-transports.ts";
import { ProcessReflectionFilter, ReflectionFilter } from "./upstream/reflection.ts";
import { SseUpstreams } from "./upstream/sse/sse-upstreams.ts";
import { StdioUpstreams } from "./upstream/stdio/stdio-upstreams.ts";
import { ToolLists } from "./upstream/tool-lists.ts";
import { UpstreamDirectory } from "./upstream/upstreams.ts";

/** What differs between a gateway with a data folder and one process of `portcullis run`. */
export interface LineParts {
  readonly state: State;
  readonly keys: Keys & { readonly credentialKey: Buffer };
  readonly audit: Audit;
  readonly counters: Counters;
  readonly observer: Observer;
  readonly config: LineConfig;
  readonly clock: Clock;
}

/** A line with everything behind it, ready for a front. */
export interface AssembledLine extends AsyncDisposable {
  readonly line: Line;
  readonly snapshot: LiveSnapshot;
  readonly upstreams: UpstreamDirectory;
}

/** How often expired grants, idle sessions and changed lists are looked for. */
const SWEEP_MS = 100;

export const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** Builds the line out of its parts: the one place where implementations meet. */
export function assembleLine(parts: LineParts): AssembledLine {
  const { state, keys, audit, counters, observer, config, clock } = parts;
  const snapshot = new LiveSnapshot(state, {
    onBadPolicy: (policy, version) => observer.warn("policy_does_not_compile", { policy, version }),
  });
  const secrets = new ServerSecrets(keys.credentialKey);
  const http = new HttpUpstreams({
    credentialHeaders: (server) => secrets.headers(server),
    urlOf: (server) => secrets.url(server),
    outboundRules,
    onFailure: (server, failure) => {
      transports.noteFailure(server, failure);
      upstreams.noteFailure(server, failure);
    },
    onFault: (cause) =>
      observer.warn("line_fault", { fault: cause instanceof Error ? cause.name : "unknown" }),
  });
  const stdio = new StdioUpstreams({
    commandOf: (server) => secrets.command(server),
    serverEnv: (server) => secrets.environment(server),
    workingDirectory,
    warn: (event, fields) => observer.warn(event, fields),
  });
  const reflection = {
    secrets: (server: Server) => secrets.values(server),
    onReflected: (server: Server) => observer.warn("credential_reflected", { server: server.name }),
    onUnreadable: (server: Server) => observer.warn("credential_unreadable", { server: server.name }),
  };
  const filtered = new ReflectionFilter(http, reflection);
  const sse = new SseUpstreams({
    http: filtered,
    urlOf: (server) => secrets.url(server),
    warn: (event, fields) => observer.warn(event, fields),
  });
  const transports = new HttpTransports(filtered, sse);
  const upstreams = new UpstreamDirectory(transports, new ProcessReflectionFilter(stdio, reflection));
  const tools = new ToolLists({
    upstreams,
    snapshot,
    records: toolRecords(state, snapshot, clock),
    observer,
    instructionsHash,
  });
  const sessions = new Sessions((session) => endSession(session, snapshot, upstreams));
  const line: Line = {
    ports: { config, snapshot, keys, counters, audit, upstreams, tools, clock, observer },
    sessions,
    states: new RequestStates(keys),
    taskOwners: new TaskOwners(),
    throttle: new FailureThrottle(),
    open: new Roster(),
    lists: new ListMemo(),
  };
  let known = serverIds(snapshot);
  const stopListening = snapshot.onChange(() => {
    cutEnded(line);
    const now = serverIds(snapshot);
    // A removed server is left at once: no process, stream or connection outlives its registration.
    for (const id of known) {
      if (now.has(id)) continue;
      stdio.closeServer(id);
      sse.closeServer(id);
      http.forget(id);
    }
    known = now;
  });
  const sweep = setInterval(() => sweepOnce(line, tools), SWEEP_MS).unref();
  return {
    line,
    snapshot,
    upstreams,
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweep);
      stopListening();
      snapshot.close();
      await sse[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await stdio[Symbol.asyncDispose]();
    },
  };
}

function serverIds(snapshot: LiveSnapshot): ReadonlySet<ServerId> {
  return new Set(snapshot.servers().map(({ id }) => id));
}

function sweepOnce(line: Line, tools: ToolLists): void {
  try {
    cutEnded(line);
    tools.takeChangedLists();
  } catch {
    // While the state cannot be read every request is refused and says so; the next sweep looks again.
  }
}

/** Revocation, rotation, expiry and lost access end what a grant has open: calls, streams, sessions (promise P4). */
export function cutEnded(line: Line): void {
  const { snapshot, clock } = line.ports;
  for (const relay of line.open.list()) {
    const { access } = relay.call.call.arrival;
    if (!renew(access, line.ports).ok || snapshot.server(access.server.id) === undefined) relay.cut();
  }
  line.sessions.sweep(clock.monotonicMs(), (session) => isLive(session, line));
}

function isLive({ digest, serverId }: Session, line: Line): boolean {
  const { snapshot, clock } = line.ports;
  if (snapshot.server(serverId) === undefined) return false;
  if (digest === undefined) return true;
  const grant = snapshot.grantByDigest(digest);
  return grant !== undefined && grant.expiresAtMs > clock.nowMs() && grant.access.has(serverId);
}

function endSession(session: Session, snapshot: LiveSnapshot, upstreams: UpstreamDirectory): void {
  const server = snapshot.server(session.serverId);
  if (server !== undefined) upstreams.closeSession(server, session.channel, session.upstream);
}

/** The first list of a server is accepted; with `--on-change allow` every later one is as well. */
function toolRecords(state: State, snapshot: LiveSnapshot, clock: Clock) {
  return {
    recordObserved: (...[server, tools, options]: Parameters<ToolRecorder>) => {
      recordObserved(state, server, tools, options, clock.nowMs());
      snapshot.reload();
    },
    recordInstructions: (server: Server["id"], text: string) => {
      recordInstructions(state, server, text);
      snapshot.reload();
    },
  };
}

type ToolRecorder = ConstructorParameters<typeof ToolLists>[0]["records"]["recordObserved"];

function workingDirectory({ target }: Server): string {
  return (target.kind === "stdio" ? target.workingDirectory : undefined) ?? process.cwd();
}

/** Typing a URL on the command line is the opt-in for exactly its host and port. */
function outboundRules(server: Server): OutboundRules {
  if (server.target.kind !== "http") return {};
  const { hostname, port, protocol } = new URL(server.target.url);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return { allow: { host: hostname, port: number } };
}
