import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { settleUnknown } from "../../packages/server/src/audit/settle-unknown.ts";
import type { Line } from "../../packages/server/src/call/handle-call.ts";
import { RequestStates, TaskOwners } from "../../packages/server/src/call/handles.ts";
import { ListMemo } from "../../packages/server/src/call/list-memo.ts";
import type { Keys, Observer, Ports, Tools, Upstreams } from "../../packages/server/src/call/ports.ts";
import { Roster } from "../../packages/server/src/call/roster.ts";
import { Sessions } from "../../packages/server/src/call/sessions.ts";
import { FailureThrottle } from "../../packages/server/src/call/throttle.ts";
import { LedgerCounters } from "../../packages/server/src/counters/ledger-counters.ts";
import { cutEnded } from "../../packages/server/src/line-parts.ts";
import { LiveSnapshot } from "../../packages/server/src/snapshot/live-snapshot.ts";
import { openState } from "../../packages/server/src/storage/state.ts";
import { FaultyDatabase, type StoreEvents } from "./faulty-database.ts";
import type { SimulatedLoop } from "./simulated-loop.ts";

export interface ProcessParts {
  readonly stateFile: string;
  readonly ledgerFile: string;
  readonly keys: Keys;
  readonly loop: SimulatedLoop;
  readonly store: StoreEvents;
  readonly upstreams: Upstreams;
  /** Puts watchers around the ports whose order the simulation judges. */
  readonly around: (ports: Ports) => Ports;
}

/** One life of the gateway: the real line, snapshot, counters and ledger, on files that outlive it. */
export interface GatewayProcess {
  readonly line: Line;
  /** Calls of the life before whose outcome was lost with it. */
  readonly settled: number;
  /** The operating system closes its files. */
  end(): void;
}

const SILENT: Observer = { refused: () => {}, answered: () => {}, warn: () => {} };
/** Every list is fresh: what tools there are is no question of this simulation. */
const TOOLS: Tools = {
  isFresh: () => true,
  refresh: async () => ({ ok: true, value: undefined }),
  refreshForUnknown: async () => {},
  noteListChanged: () => {},
  observe: (_server, tools) => tools,
  acceptsInstructions: () => true,
};
const SWEEP_MS = 100;

export function startProcess(parts: ProcessParts): GatewayProcess {
  const { loop, keys, upstreams } = parts;
  const state = openState(parts.stateFile);
  if (!state.ok) throw new Error(state.error);
  const snapshot = new LiveSnapshot(state.value, { onBadPolicy: () => {} });
  const open = () => new FaultyDatabase(parts.ledgerFile, parts.store);
  const ledger = new Ledger(open(), { reopen: open, onFailure: () => {} });
  const counters = new LedgerCounters(ledger, loop);
  const settled = settleUnknown(ledger, loop.nowMs());
  const ports = parts.around({
    config: { maxBodyBytes: 4_194_304, allowedHosts: new Set(), allowedOrigins: new Set() },
    snapshot,
    keys,
    counters,
    audit: ledger,
    upstreams,
    tools: TOOLS,
    clock: loop,
    observer: SILENT,
  });
  const line: Line = {
    ports,
    sessions: new Sessions((session) => {
      const server = snapshot.server(session.serverId);
      if (server !== undefined) upstreams.closeSession(server, session.channel, session.upstream);
    }),
    states: new RequestStates(keys),
    taskOwners: new TaskOwners(),
    throttle: new FailureThrottle(),
    open: new Roster(),
    lists: new ListMemo(),
  };
  snapshot.onChange(() => cutEnded(line));
  setInterval(() => cutEnded(line), SWEEP_MS).unref();
  return {
    line,
    settled,
    end: () => {
      ledger.db.close();
      state.value.db.close();
    },
  };
}
