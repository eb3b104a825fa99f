import { err, type JsonObject, ok, type Result } from "@portcullis/policy";
import type { Observer, Snapshot, Tools, UpstreamFailure, Upstreams } from "../call/ports.ts";
import type { Server, ServerId, Target } from "../call/records.ts";
import { listTools } from "./inspect.ts";
import { isSameTarget } from "./same-target.ts";
import { type KnownDefinition, lookAhead, namesAlike, readToolList, type SeenTool } from "./seen-tools.ts";

/** What the lists need of the store. Both calls return when the new state can be read from the snapshot. */
export interface ToolRecords {
  /** `complete`: the list is whole, so what is not in it is removed. The first whole list of a server is accepted. */
  recordObserved(server: ServerId, tools: readonly SeenTool[], options: { readonly complete: boolean }): void;
  /** The first instructions of a server are accepted; others wait. */
  recordInstructions(server: ServerId, instructions: string): void;
}

export interface ToolListsPorts {
  readonly upstreams: Upstreams;
  readonly snapshot: Pick<Snapshot, "server">;
  readonly records: ToolRecords;
  readonly observer: Pick<Observer, "warn">;
  /** Lower-case hex SHA-256 of the instructions, as the store keeps `acceptedInstructionsHash`. */
  readonly instructionsHash: (instructions: string) => string;
  readonly monotonicMs?: () => number;
}

/** A list is taken anew when it is older than this. */
const FRESH_MS = 5 * 60_000;
/** How long an older list still serves when the server has no place for one more process. */
const BUSY_GRACE_MS = 30_000;
/** policy-spec R4: unknown names cannot make the gateway list tools more often than this. */
const UNKNOWN_EVERY_MS = 10_000;
/** Nor can a server that keeps saying that its list changed: taking it is work on the event loop of all calls. */
const CHANGED_EVERY_MS = 10_000;

/** A log line stays short. */
const SHOWN_NAMES = 10;

interface ListState {
  /** A list belongs to a place; a server that moved has none. */
  readonly target: Target;
  freshUntilMs: number;
  lastUnknownMs: number;
  /** The server said so since the last list began to be taken. */
  hasChanged: boolean;
  /** When a list was last taken because of that. */
  lastChangedMs: number;
  hasList: boolean;
  known: ReadonlyMap<string, KnownDefinition>;
  /** Of the instructions that came last, so that withheld ones are not recorded at every `initialize`. */
  instructionsHash: string | undefined;
  pending: Promise<Result<void, UpstreamFailure>> | undefined;
}

/** Takes tool lists, notices what changed and records that before anybody is shown it. */
export class ToolLists implements Tools {
  readonly #ports: ToolListsPorts;
  readonly #monotonicMs: () => number;
  readonly #states = new Map<ServerId, ListState>();

  constructor(ports: ToolListsPorts) {
    this.#ports = ports;
    this.#monotonicMs = ports.monotonicMs ?? (() => performance.now());
  }

  isFresh(server: Server): boolean {
    const state = this.#states.get(server.id);
    if (state === undefined || state.freshUntilMs <= this.#monotonicMs()) return false;
    return isSameTarget(state.target, server.target);
  }

  refresh(server: Server): Promise<Result<void, UpstreamFailure>> {
    const state = this.#stateOf(server);
    state.pending ??= this.#take(server, state).finally(() => {
      state.pending = undefined;
    });
    return state.pending;
  }

  async refreshForUnknown(server: Server): Promise<void> {
    const state = this.#stateOf(server);
    const nowMs = this.#monotonicMs();
    if (state.pending === undefined && nowMs - state.lastUnknownMs < UNKNOWN_EVERY_MS) return;
    state.lastUnknownMs = nowMs;
    await this.refresh(server);
  }

  observe(server: Server, tools: readonly JsonObject[]): readonly JsonObject[] {
    return this.#record(server, this.#stateOf(server), tools, false);
  }

  acceptsInstructions(server: Server, instructions: string): boolean {
    const state = this.#stateOf(server);
    const hash = this.#ports.instructionsHash(instructions);
    if (this.#newest(server).acceptedInstructionsHash !== hash && state.instructionsHash !== hash) {
      this.#ports.records.recordInstructions(server.id, instructions);
    }
    state.instructionsHash = hash;
    const newest = this.#newest(server);
    return newest.acceptedInstructionsHash === hash || newest.onChange === "allow";
  }

  noteListChanged(server: Server): void {
    const newest = this.#newest(server);
    const state = this.#stateOf(newest);
    state.freshUntilMs = Number.NEGATIVE_INFINITY;
    state.hasChanged = true;
    this.#takeChanged(newest, state);
  }

  /** Takes the changed lists whose time has come; to be called now and then. */
  takeChangedLists(): void {
    for (const [id, state] of this.#states) {
      if (!state.hasChanged) continue;
      const server = this.#ports.snapshot.server(id);
      if (server === undefined) state.hasChanged = false;
      else this.#takeChanged(server, state);
    }
  }

  #takeChanged(server: Server, state: ListState): void {
    const nowMs = this.#monotonicMs();
    // What is being taken may be of before the change: its end is waited for.
    if (state.pending !== undefined || nowMs - state.lastChangedMs < CHANGED_EVERY_MS) return;
    state.lastChangedMs = nowMs;
    // Nobody waits for this list, so nobody else would keep a fault from ending the process.
    this.refresh(server).catch((fault: unknown) => {
      const name = fault instanceof Error ? fault.name : "unknown";
      this.#ports.observer.warn("line_fault", { server: server.name, fault: name });
    });
  }

  async #take(server: Server, state: ListState): Promise<Result<void, UpstreamFailure>> {
    state.hasChanged = false;
    const era = await this.#ports.upstreams.detectEra(server);
    const listed = era.ok ? await listTools(this.#ports.upstreams, server, era.value) : era;
    if (!listed.ok) return this.#failed(server, state, listed.error);
    // Before the list: what comes with the first list is accepted with it, what comes later is not.
    if (listed.value.instructions !== undefined) this.acceptsInstructions(server, listed.value.instructions);
    const { tools } = listed.value;
    state.known = await lookAhead(tools, state.known, this.#mirrorsHeaders(server));
    this.#record(server, state, tools, true);
    state.hasList = true;
    state.freshUntilMs = this.#monotonicMs() + FRESH_MS;
    return ok(undefined);
  }

  #failed(server: Server, state: ListState, failure: UpstreamFailure): Result<void, UpstreamFailure> {
    this.#ports.observer.warn("tool-list-failed", { server: server.name, kind: failure.kind });
    // A server at its limit is no reason to refuse the calls that keep it there.
    if (failure.kind !== "busy" || !state.hasList) return err(failure);
    state.freshUntilMs = this.#monotonicMs() + BUSY_GRACE_MS;
    return ok(undefined);
  }

  /** The items that may be shown at all: what was left out has no pin that stands for it. */
  #record(
    server: Server,
    state: ListState,
    items: readonly JsonObject[],
    complete: boolean,
  ): readonly JsonObject[] {
    const newest = this.#newest(server);
    const { tools, known, dropped } = readToolList(items, state.known, this.#mirrorsHeaders(server));
    for (const { name, reason } of dropped) {
      this.#ports.observer.warn("tool-dropped", { server: server.name, tool: name, reason });
    }
    state.known = complete ? known : new Map([...state.known, ...known]);
    if (isNews(newest, known, complete)) {
      this.#ports.records.recordObserved(server.id, tools, { complete });
      this.#warnOfAlike(server, tools);
    }
    return tools.map(({ definition }) => definition);
  }

  #warnOfAlike(server: Server, tools: readonly SeenTool[]): void {
    const alike = namesAlike(tools).slice(0, SHOWN_NAMES).join(", ");
    if (alike !== "") this.#ports.observer.warn("tool-names-alike", { server: server.name, tools: alike });
  }

  #mirrorsHeaders(server: Server): boolean {
    const newest = this.#newest(server);
    return newest.target.kind === "http" && this.#ports.upstreams.knownEra(newest) === "modern";
  }

  #newest(server: Server): Server {
    return this.#ports.snapshot.server(server.id) ?? server;
  }

  #stateOf(server: Server): ListState {
    const { target } = server;
    const found = this.#states.get(server.id);
    if (found !== undefined && isSameTarget(found.target, target)) return found;
    const state: ListState = {
      target,
      freshUntilMs: Number.NEGATIVE_INFINITY,
      lastUnknownMs: Number.NEGATIVE_INFINITY,
      hasChanged: false,
      lastChangedMs: Number.NEGATIVE_INFINITY,
      hasList: false,
      known: new Map(),
      instructionsHash: undefined,
      pending: undefined,
    };
    this.#states.set(server.id, state);
    return state;
  }
}

/** True when the store does not know this list yet: a definition differs, or a tool came or went. */
function isNews(server: Server, tools: ReadonlyMap<string, KnownDefinition>, complete: boolean): boolean {
  for (const [name, { hash }] of tools) {
    const pinned = server.tools.get(name);
    if (pinned?.observedHash !== hash || pinned.pin === "removed") return true;
  }
  if (!complete) return false;
  if (!server.hasAcceptedList) return true;
  for (const pinned of server.tools.values()) {
    if (pinned.pin !== "removed" && !tools.has(pinned.name)) return true;
  }
  return false;
}
