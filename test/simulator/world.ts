import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seededRandom } from "../../packages/policy/test/reference/random.ts";
import type { Audit, Ports } from "../../packages/server/src/call/ports.ts";
import { Agenda } from "./agenda.ts";
import type { CallRecord } from "./call-record.ts";
import { CommittedLog } from "./committed-log.ts";
import { makeLedger, type StoreFault } from "./faulty-database.ts";
import { type GatewayProcess, startProcess } from "./gateway-process.ts";
import { checkLedger } from "./ledger-check.ts";
import { Organisation } from "./organisation.ts";
import { QuotaWatch } from "./quota-watch.ts";
import { SimulatedClients } from "./simulated-clients.ts";
import { SimulatedLoop } from "./simulated-loop.ts";
import { SimulatedUpstream } from "./simulated-upstream.ts";
import type { Surroundings } from "./surroundings.ts";

/** What one simulated history was. */
export interface WorldReport {
  readonly seed: number;
  readonly calls: number;
  readonly ran: number;
  readonly deniedByLimit: number;
  readonly refunds: number;
  readonly crashes: number;
  readonly storeFaults: number;
  readonly revocations: number;
  readonly edits: number;
  readonly clockJumps: number;
  readonly rows: number;
  /** Of everything that happened, in order. */
  readonly history: string;
  /** What broke a promise; empty when all were kept. */
  readonly violations: readonly string[];
}

/** What of the gateway a test may break. */
export type Distort = (ports: Ports) => Ports;

const START_MS = Date.UTC(2026, 0, 5);
/** A broken promise tends to break others; the first ones tell the story. */
const MAX_VIOLATIONS = 20;
const HOUR_MS = 3_600_000;

/**
 * Plays one history of `calls` calls from a seed, and says whether every promise was kept. `distort` breaks the gateway,
 * to show that it would be noticed.
 */
export async function playWorld(
  seed: number,
  calls: number,
  distort: Distort = (ports) => ports,
): Promise<WorldReport> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-simulate-"));
  const world = new World(seed, folder, distort);
  try {
    return await world.play(calls);
  } finally {
    world[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

class World implements Disposable {
  readonly #seed: number;
  readonly #distort: Distort;
  readonly #random: Random;
  readonly #loop = new SimulatedLoop(START_MS);
  readonly #organisation: Organisation;
  readonly #ledgerFile: string;
  readonly #log: CommittedLog;
  readonly #agenda = new Agenda();
  readonly #calls: CallRecord[] = [];
  readonly #bySeq = new Map<number, CallRecord>();
  /** Calls whose outcome waits for the next commit. */
  readonly #endings: CallRecord[] = [];
  readonly #quotas: QuotaWatch;
  readonly #upstream: SimulatedUpstream;
  readonly #clients: SimulatedClients;
  readonly #history = createHash("sha256");
  readonly #violations: string[] = [];
  #process: GatewayProcess;
  #life = 0;
  #isDead = false;
  #nextFault: StoreFault = "none";
  #dieAtOpen = false;
  #tally = { crashes: 0, storeFaults: 0, revocations: 0, edits: 0, clockJumps: 0 };

  constructor(seed: number, folder: string, distort: Distort) {
    this.#seed = seed;
    this.#distort = distort;
    this.#random = seededRandom(seed);
    this.#organisation = new Organisation(folder, this.#loop.nowMs());
    this.#ledgerFile = join(folder, "ledger.db");
    makeLedger(this.#ledgerFile);
    this.#log = new CommittedLog(this.#ledgerFile);
    this.#quotas = new QuotaWatch(this.#loop, (text) => this.#complain(text));
    const surroundings: Surroundings = {
      random: this.#random,
      loop: this.#loop,
      agenda: this.#agenda,
      quotas: this.#quotas,
      calls: this.#calls,
      isAlive: (life) => this.#isAlive(life),
      note: (event) => this.#note(event),
      complain: (text) => this.#complain(text),
    };
    const upstream = new SimulatedUpstream(surroundings, {
      log: this.#log,
      diesAtOpen: () => this.#diesAtOpen(),
    });
    this.#upstream = upstream;
    this.#clients = new SimulatedClients(surroundings, {
      organisation: this.#organisation,
      gateway: () => ({ line: this.#process.line, life: this.#life }),
      onSession: (id, session) => upstream.noteSession(id, session),
    });
    this.#process = this.#start();
  }

  async play(calls: number): Promise<WorldReport> {
    while (this.#calls.length < calls && this.#violations.length < MAX_VIOLATIONS) await this.#turn();
    await this.#endQuietly();
    const { keys } = this.#organisation;
    for (const problem of checkLedger(this.#ledgerFile, keys, this.#log, this.#calls))
      this.#complain(problem);
    return {
      seed: this.#seed,
      calls: this.#calls.length,
      ran: this.#upstream.ran,
      ...this.#tally,
      deniedByLimit: this.#quotas.denied,
      refunds: this.#quotas.refunded,
      rows: this.#log.rows,
      history: this.#history.digest("hex"),
      violations: this.#violations,
    };
  }

  [Symbol.dispose](): void {
    this.#process.end();
    this.#log.close();
    this.#organisation.close();
    this.#loop[Symbol.dispose]();
  }

  /** One turn of the event loop: what fell due, what people did, who called, and perhaps a disaster. */
  async #turn(): Promise<void> {
    const random = this.#random;
    if (random.oneIn(40)) this.#decide();
    for (const happen of this.#agenda.due(this.#loop.monotonicMs())) if (!this.#isDead) happen();
    const arrivals = random.below(24);
    for (let count = 0; count < arrivals && !this.#isDead; count += 1) this.#clients.arrive();
    this.#drawDisaster();
    await this.#loop.settle();
    if (random.oneIn(400)) this.#die();
    if (this.#isDead) this.#restart();
    this.#pass(random.oneIn(30) ? random.below(9_000) : random.below(60));
    await this.#loop.settle();
  }

  #pass(ms: number): void {
    this.#note(`t${ms}`);
    this.#loop.advance(ms);
  }

  /** Somebody revokes, publishes, or sets the clock. */
  #decide(): void {
    const random = this.#random;
    const what = random.below(20);
    if (what < 9) {
      const client = random.pick(this.#organisation.clients);
      this.#organisation.revoke(client, this.#loop.nowMs());
      this.#tally.revocations += 1;
      this.#note(`revoke ${client.label}`);
    } else if (what < 18) {
      const server = random.pick(this.#organisation.servers);
      this.#organisation.edit(server, this.#loop.nowMs());
      this.#tally.edits += 1;
      this.#note(`edit ${server.setting.name}`);
    } else {
      const ms = random.pick([-24 * HOUR_MS, -HOUR_MS, -7_000, 7_000, HOUR_MS, 24 * HOUR_MS]);
      this.#loop.jump(ms);
      this.#tally.clockJumps += 1;
      this.#note(`jump ${ms}`);
    }
  }

  #drawDisaster(): void {
    const random = this.#random;
    if (random.oneIn(60))
      this.#nextFault = random.pick(["refused", "lost-answer", "killed-before", "killed-after"]);
    if (random.oneIn(500)) this.#dieAtOpen = true;
  }

  #watchAudit(audit: Audit, life: number): Audit {
    return {
      intend: (entry) => {
        const call = this.#calls[Number(entry.requestId.slice("call-".length)) - 1];
        const committed = audit.intend(entry);
        // Noted before the line goes on: its own continuation was asked for later.
        void committed.then((seq) => {
          if (call === undefined || !this.#isAlive(life)) return;
          call.wasUnsent = seq === undefined;
          call.seq = seq;
          if (seq !== undefined) this.#bySeq.set(seq, call);
        });
        return committed;
      },
      record: (entry) => {
        if (!this.#isAlive(life)) return;
        const call = this.#bySeq.get(entry.of);
        if (call !== undefined) this.#endings.push(call);
        audit.record(entry);
      },
    };
  }

  #start(): GatewayProcess {
    const life = this.#life;
    return startProcess({
      stateFile: this.#organisation.stateFile,
      ledgerFile: this.#ledgerFile,
      keys: this.#organisation.keys,
      loop: this.#loop,
      store: {
        nextFault: () => {
          const fault = this.#isDead ? "killed-before" : this.#nextFault;
          this.#nextFault = "none";
          if (fault !== "none") this.#tally.storeFaults += 1;
          return fault;
        },
        committed: () => {
          this.#log.readOn();
          this.#quotas.committed();
          for (const call of this.#endings) call.isEndCommitted = true;
          this.#endings.length = 0;
        },
        killed: () => this.#die(),
      },
      upstreams: {
        knownEra: (server) => (server.name === "archive" ? "legacy" : "modern"),
        detectEra: async (server) => ({ ok: true, value: server.name === "archive" ? "legacy" : "modern" }),
        open: (request, sink) => this.#upstream.open(request, sink, life),
        closeSession: () => {},
      },
      around: (ports) => {
        const { audit, counters, ...rest } = this.#distort(ports);
        return {
          ...rest,
          audit: this.#watchAudit(audit, life),
          counters: this.#quotas.around(counters, () => this.#isAlive(life)),
        };
      },
    });
  }

  #isAlive(life: number): boolean {
    return life === this.#life && !this.#isDead;
  }

  #diesAtOpen(): boolean {
    if (!this.#dieAtOpen) return false;
    this.#dieAtOpen = false;
    this.#die();
    return true;
  }

  #die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#tally.crashes += 1;
    this.#note("die");
  }

  #restart(): void {
    this.#loop.forgetEverything();
    this.#process.end();
    this.#quotas.crashed();
    this.#endings.length = 0;
    for (const call of this.#calls)
      if (call.life === this.#life && !call.isAnswered) call.endedBy ??= "death";
    for (const client of this.#organisation.clients) client.isOpening = false;
    this.#life += 1;
    this.#isDead = false;
    this.#nextFault = "none";
    this.#dieAtOpen = false;
    this.#process = this.#start();
    this.#note(`start ${this.#process.settled}`);
  }

  /** Everything that can still be answered is; then one last death, so that the start settles the rest. */
  async #endQuietly(): Promise<void> {
    this.#nextFault = "none";
    this.#dieAtOpen = false;
    for (let round = 0; round < 30; round += 1) {
      for (const happen of this.#agenda.due(this.#loop.monotonicMs())) happen();
      await this.#loop.settle();
      this.#pass(1_000);
      await this.#loop.settle();
    }
    this.#die();
    this.#restart();
    await this.#loop.settle();
  }

  #note(event: string): void {
    this.#history.update(`${event}\n`);
  }

  #complain(text: string): void {
    if (this.#violations.length < MAX_VIOLATIONS) this.#violations.push(text);
  }
}
