import type { Line } from "./call/handle-call.ts";
import { RequestStates, TaskOwners } from "./call/handles.ts";
import { renew } from "./call/identify.ts";
import { ListMemo } from "./call/list-memo.ts";
import type { Audit, Clock, Counters, Keys, LineConfig, Observer } from "./call/ports.ts";
import type { Server, ServerId } from "./call/records.ts";
import { Roster } from "./call/roster.ts";
import { type Session, Sessions } from "./call/sessions.ts";
import { FailureThrottle } from "./call/throttle.ts";
import { connectServers, type ServerConnections } from "./server-connections.ts";
import { LiveSnapshot } from "./snapshot/live-snapshot.ts";
import { instructionsHash } from "./storage/server-rows.ts";
import type { State } from "./storage/state.ts";
import { recordInstructions, recordObserved } from "./storage/tool-rows.ts";
import { ToolLists } from "./upstream/tool-lists.ts";
import type { UpstreamDirectory } from "./upstream/upstreams.ts";

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
  const connections = connectServers(keys.credentialKey, observer);
  const { upstreams } = connections;
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
  const stopListening = onSnapshotChange(line, snapshot, connections);
  const sweep = setInterval(() => sweepOnce(line, tools), SWEEP_MS).unref();
  return {
    line,
    snapshot,
    upstreams,
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweep);
      stopListening();
      snapshot.close();
      await connections[Symbol.asyncDispose]();
    },
  };
}

/** What a change ends, ends now. Returns what stops listening. */
function onSnapshotChange(line: Line, snapshot: LiveSnapshot, connections: ServerConnections): () => void {
  let known = serverIds(snapshot);
  return snapshot.onChange(() => {
    cutEnded(line);
    const now = serverIds(snapshot);
    for (const id of known) if (!now.has(id)) connections.leave(id);
    known = now;
  });
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
