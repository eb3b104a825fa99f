import { closeSync, openSync, readSync } from "node:fs";
import { Database, readEntries } from "@portcullis/server";
import type { StoredOutcome } from "../../packages/server/src/audit/entry.ts";
import type { ClientCall } from "./load.ts";
import type { Intent } from "./logged-calls.ts";
import { chainOf, chargedFor, type Reconciliation, unknownOutcomes } from "./reconciler.ts";
import type { Rig } from "./rig.ts";

/** A call is held against what ran and what the log says this long after its end: both may come a little later. */
const GRACE_MS = 30_000;
/** No call takes longer than this, a client that reads nothing included: a row that nobody asked for is nobody's then. */
const FORGET_MS = 180_000;
const PIECE_BYTES = 1024 * 1024;

/** What the log says of one call. */
interface Row {
  readonly isSent: boolean;
  readonly readMs: number;
}

interface Noted {
  readonly call: ClientCall;
  readonly digest: string;
  readonly notedMs: number;
}

/**
 * The reconciler for runs that are too long to be kept: clients, upstream and log are read as they grow, and what
 * agrees is forgotten.
 */
export class RollingBooks {
  readonly #rig: Rig;
  readonly #db: Database;
  readonly #file: number;
  #offset = 0;
  #rest = "";
  #lastSeq = 0;
  /** In the order in which the calls ended. */
  readonly #noted = new Map<number, Noted>();
  /** How often a call ran, by its number. */
  readonly #ran = new Map<number, number>();
  readonly #rows = new Map<string, Row>();
  /** What was sent and has no outcome so far: a call of a tool, one that a fault was meant for, or no such call. */
  readonly #open = new Map<number, "plain" | "odd" | "other">();
  readonly #found = {
    calls: 0,
    executions: 0,
    rows: 0,
    lost: 0,
    twice: 0,
    deniedRan: 0,
    untrue: 0,
    unsettled: 0,
  };
  #capped = 0;
  #latenciesMs: number[] = [];

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#db = new Database(rig.folder.ledgerFile, { readOnly: true });
    this.#file = openSync(rig.executionsFile, "r");
  }

  /** Calls that are over for their clients. */
  note(calls: readonly ClientCall[]): void {
    const notedMs = performance.now();
    for (const call of calls) {
      const digest = this.#rig.folder.keys.argumentsHmac(JSON.stringify(call.args));
      this.#noted.set(call.args.n, { call, digest, notedMs });
    }
    this.#found.calls += calls.length;
  }

  /** Reads what is new, and settles what is old enough. */
  sweep(): void {
    this.#readExecutions();
    this.#readRows();
    const beforeMs = performance.now() - GRACE_MS;
    for (const noted of this.#noted.values()) {
      if (noted.notedMs > beforeMs) break;
      this.#settle(noted);
    }
    // Of calls that no client notes.
    for (const [digest, { readMs }] of this.#rows) {
      if (readMs > performance.now() - FORGET_MS) break;
      this.#rows.delete(digest);
    }
  }

  /** From the head to the end of the answer, by the gateway's clock, of plain calls that were read since the last time. */
  takeLatencies(): readonly number[] {
    const taken = this.#latenciesMs;
    this.#latenciesMs = [];
    return taken;
  }

  /** The end, of a gateway that has ended. */
  close(): Reconciliation {
    this.sweep();
    for (const noted of this.#noted.values()) this.#settle(noted);
    // What ran and was no client's call, or ran after it was settled.
    const lost = this.#found.lost + this.#ran.size;
    const open = [...this.#open.values()].filter((kind) => kind !== "other");
    const unsettled = this.#found.unsettled + open.length;
    const drift = chargedFor(this.#db) - this.#found.executions;
    const unknown = unknownOutcomes(this.#db);
    this.#db.close();
    closeSync(this.#file);
    const overAdmitted = Math.max(0, this.#capped - this.#rig.cap);
    return { ...this.#found, lost, unsettled, overAdmitted, unknown, drift, chain: chainOf(this.#rig) };
  }

  #settle({ call, digest }: Noted): void {
    const { args, outcome, tool } = call;
    const times = this.#ran.get(args.n) ?? 0;
    const isRefused = outcome === "limited" || outcome === "denied" || outcome === "unavailable";
    if (times > 1) this.#found.twice += times - 1;
    if (times > 0 && this.#rows.get(digest)?.isSent !== true) this.#found.lost += 1;
    if (times > 0 && (isRefused || tool === "drop")) this.#found.deniedRan += 1;
    if (times === 0 && outcome === "ran") this.#found.untrue += 1;
    this.#noted.delete(args.n);
    this.#ran.delete(args.n);
    this.#rows.delete(digest);
  }

  #readExecutions(): void {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (;;) {
      const size = readSync(this.#file, piece, 0, PIECE_BYTES, this.#offset);
      if (size === 0) return;
      this.#offset += size;
      const lines = (this.#rest + piece.toString("latin1", 0, size)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#noteRun(line);
    }
  }

  #noteRun(line: string): void {
    const [n = "", tool = ""] = line.split(" ");
    this.#ran.set(Number(n), (this.#ran.get(Number(n)) ?? 0) + 1);
    this.#found.executions += 1;
    if (tool === "capped") this.#capped += 1;
  }

  #readRows(): void {
    for (const { seq, entry } of readEntries(this.#db, this.#lastSeq)) {
      this.#lastSeq = seq;
      if (entry.kind === "intent") this.#noteIntent(seq, entry);
      if (entry.kind === "outcome") this.#noteOutcome(entry);
    }
  }

  #noteIntent(seq: number, { fate, tool, argumentsHmac, serverName }: Intent): void {
    this.#found.rows += 1;
    const isPlain = serverName === "bank" && (tool === "pay" || tool === "capped");
    const kind = isPlain ? "plain" : "odd";
    if (fate === "sent") this.#open.set(seq, tool === undefined ? "other" : kind);
    const isSent = fate === "sent" && tool !== undefined;
    if (argumentsHmac !== undefined) this.#rows.set(argumentsHmac, { isSent, readMs: performance.now() });
  }

  /** One that closes nothing is a second one, or of what was not sent. */
  #noteOutcome({ of, latencyMs }: StoredOutcome): void {
    if (this.#open.get(of) === "plain") this.#latenciesMs.push(latencyMs);
    if (!this.#open.delete(of)) this.#found.unsettled += 1;
  }
}
