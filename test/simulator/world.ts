import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seededRandom } from "../../packages/policy/test/reference/random.ts";
import type { Arrival, ClientHeaders, Verb } from "../../packages/server/src/call/call.ts";
import { handleMessage, handleVerb } from "../../packages/server/src/call/handle-call.ts";
import { identify } from "../../packages/server/src/call/identify.ts";
import type {
  Audit,
  Exchange,
  Ports,
  UpstreamRequest,
  UpstreamSink,
} from "../../packages/server/src/call/ports.ts";
import { Agenda } from "./agenda.ts";
import type { CallRecord } from "./call-record.ts";
import { ClientReply, type Seen } from "./client-reply.ts";
import { CommittedLog } from "./committed-log.ts";
import { drawFate, sessionAnswer } from "./fates.ts";
import { makeLedger, type StoreFault } from "./faulty-database.ts";
import { type GatewayProcess, startProcess } from "./gateway-process.ts";
import { checkLedger } from "./ledger-check.ts";
import { type Client, Organisation } from "./organisation.ts";
import { QuotaWatch } from "./quota-watch.ts";
import { ruleOf } from "./settings.ts";
import { SimulatedLoop } from "./simulated-loop.ts";

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
const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};
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
  /** What clients call the sessions of the upstream. */
  readonly #sessions = new Map<string, string>();
  readonly #bySeq = new Map<number, CallRecord>();
  /** Calls whose outcome waits for the next commit. */
  readonly #endings: CallRecord[] = [];
  readonly #quotas: QuotaWatch;
  readonly #history = createHash("sha256");
  readonly #violations: string[] = [];
  #process: GatewayProcess;
  #life = 0;
  #isDead = false;
  #nextFault: StoreFault = "none";
  #dieAtOpen = false;
  #tally = { ran: 0, crashes: 0, storeFaults: 0, revocations: 0, edits: 0, clockJumps: 0 };

  constructor(seed: number, folder: string, distort: Distort) {
    this.#seed = seed;
    this.#distort = distort;
    this.#random = seededRandom(seed);
    this.#organisation = new Organisation(folder, this.#loop.nowMs());
    this.#ledgerFile = join(folder, "ledger.db");
    makeLedger(this.#ledgerFile);
    this.#log = new CommittedLog(this.#ledgerFile);
    this.#quotas = new QuotaWatch(this.#loop, (text) => this.#complain(text));
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
    for (let count = 0; count < arrivals && !this.#isDead; count += 1) this.#arrive(this.#caller());
    this.#drawDisaster();
    await this.#loop.settle();
    if (random.oneIn(400)) this.#die();
    if (this.#isDead) this.#restart();
    this.#pass(random.oneIn(30) ? random.below(9_000) : random.below(60));
    await this.#loop.settle();
  }

  #caller(): Client {
    const { clients, revoked } = this.#organisation;
    return this.#random.pick(revoked.length > 0 && this.#random.oneIn(30) ? revoked.slice(-5) : clients);
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

  #arrive(client: Client): void {
    const random = this.#random;
    const { setting, document, id: serverId } = client.server;
    const isLegacy = setting.era === "legacy";
    const hasSession = client.session !== undefined;
    const kind = isLegacy && !hasSession ? "initialize" : isLegacy && random.oneIn(40) ? "end" : "call";
    if (kind === "initialize" && client.isOpening) return;
    const tool = random.pick(setting.tools);
    const amount = 1 + random.below(600);
    const call: CallRecord = {
      id: this.#calls.length + 1,
      kind,
      client,
      tool,
      amount,
      rule: kind === "call" ? ruleOf(document, tool, amount) : { effect: "allow", limits: [] },
      session: client.session?.id,
      life: this.#life,
      reply: undefined,
      taken: undefined,
      seq: undefined,
      isEndCommitted: false,
      wasUnsent: false,
      fate: undefined,
      ran: false,
      isAnswered: false,
      endedBy: undefined,
    };
    this.#calls.push(call);
    this.#note(`${kind} ${call.id} ${client.label} ${tool} ${amount}`);
    this.#send(call, serverId);
    if (random.oneIn(50)) this.#leaveLater(call);
  }

  #send(call: CallRecord, serverId: string): void {
    const { client, life, kind } = call;
    const headers = headersOf(call);
    const { ports } = this.#process.line;
    const verb: Verb = kind === "end" ? "DELETE" : "POST";
    const access = identify({ verb, serverId, token: client.token, headers }, ports);
    if (access.ok === client.isRevoked)
      this.#complain(
        `call ${call.id} of a grant that is ${client.isRevoked ? "" : "not "}revoked was ${access.ok ? "let in" : "kept out"}`,
      );
    if (!access.ok) return;
    if (kind === "initialize") client.isOpening = true;
    if (kind === "end") client.session = undefined;
    // A session of an earlier life is unknown now: its calls end before any limit is asked.
    const isKnown = client.session === undefined || client.session.life === life;
    if (kind === "call" && isKnown) this.#quotas.expect(call);
    const reply = new ClientReply(
      (seen) => this.#answered(call, seen),
      () => life === this.#life && !this.#isDead,
    );
    call.reply = reply;
    const arrival: Arrival = {
      requestId: `call-${call.id}`,
      verb,
      access: access.value,
      headers,
      reply,
      mirrored: true,
      stdioSession: undefined,
      startedMs: this.#loop.monotonicMs(),
    };
    if (verb === "DELETE") void handleVerb(arrival, this.#process.line);
    else void handleMessage(arrival, bodyOf(call), this.#process.line);
  }

  #leaveLater(call: CallRecord): void {
    this.#agenda.add(this.#loop.monotonicMs() + this.#random.below(300), () => {
      if (call.life !== this.#life || call.isAnswered || call.reply === undefined) return;
      call.endedBy ??= "client";
      call.reply.leave();
      this.#note(`leave ${call.id}`);
    });
  }

  #answered(call: CallRecord, seen: Seen): void {
    this.#note(`answer ${call.id} ${seen.status}`);
    if (call.isAnswered) this.#complain(`call ${call.id} was answered twice`);
    call.isAnswered = true;
    const { client } = call;
    if (call.kind === "initialize") {
      client.isOpening = false;
      client.session = seen.session === undefined ? undefined : { id: seen.session, life: this.#life };
      if (seen.session !== undefined) this.#sessions.set(`upstream-${call.id}`, seen.session);
      return;
    }
    if (seen.status === 404 && client.session?.id === call.session) client.session = undefined;
    const ran = /ran (\d+)\./.exec(seen.text)?.[1];
    if (ran !== undefined && (Number(ran) !== call.id || !call.ran))
      this.#complain(`call ${call.id} was told that call ${ran} ran`);
    if (seen.text.includes("[POLICY DENIED]") && call.fate !== undefined)
      this.#complain(`call ${call.id} was told that it was denied, and was sent`);
  }

  /** The upstream got a request: the moment of truth for nearly every promise. */
  #opened(request: UpstreamRequest, sink: UpstreamSink, life: number): Exchange {
    const inert = { cancel: () => {}, pause: () => {}, resume: () => {} };
    if (life !== this.#life || this.#isDead) return inert;
    const call = this.#callOf(request);
    if (call.fate !== undefined) this.#complain(`call ${call.id} was sent twice`);
    this.#judgeSending(call);
    const isSession = call.kind !== "call";
    const drawn = drawFate(this.#random);
    call.fate = isSession ? { ...drawn, name: call.kind, ran: true, refund: "none", status: "ok" } : drawn;
    call.ran = call.fate.ran;
    if (call.ran) {
      this.#tally.ran += 1;
      this.#quotas.noteRun(call);
    }
    this.#note(`open ${call.id} ${call.fate.name}`);
    if (this.#dieAtOpen) {
      this.#dieAtOpen = false;
      this.#die();
      return inert;
    }
    return this.#answerLater(call, sink, life);
  }

  #answerLater(call: CallRecord, sink: UpstreamSink, life: number): Exchange {
    let isOver = false;
    const delayMs = this.#random.oneIn(20) ? this.#random.below(20_000) : 1 + this.#random.below(400);
    this.#agenda.add(this.#loop.monotonicMs() + delayMs, () => {
      if (isOver || life !== this.#life) return;
      isOver = true;
      if (call.kind === "initialize") sessionAnswer(`upstream-${call.id}`)(sink, call.id);
      else if (call.kind === "end") sink.onAnswer(200, Buffer.alloc(0), undefined);
      else call.fate?.answer(sink, call.id);
    });
    return {
      cancel: () => {
        if (!isOver) call.endedBy ??= "revocation";
        isOver = true;
      },
      pause: () => {},
      resume: () => {},
    };
  }

  #judgeSending(call: CallRecord): void {
    const { client, rule, id, seq } = call;
    if (client.isRevoked) this.#complain(`call ${id} was sent for a revoked grant (P4)`);
    if (rule.effect !== "allow" && !client.isShadow)
      this.#complain(`call ${id} was sent though ${rule.effect} (I3)`);
    if (rule.limits.length > 0 && call.taken === undefined && !client.isShadow)
      this.#complain(`call ${id} was sent without its charge`);
    const logged = seq === undefined ? undefined : this.#log.at(seq);
    if (logged?.requestId !== `call-${id}` || logged.fate !== "sent")
      this.#complain(`call ${id} was sent without a committed intent (I1)`);
  }

  #callOf({ message, verb, upstreamSession }: UpstreamRequest): CallRecord {
    const id = message?.kind === "request" ? Number(message.id) : undefined;
    const session = this.#sessions.get(upstreamSession ?? "");
    const isEnd = (one: CallRecord) =>
      one.kind === "end" && one.session === session && one.fate === undefined;
    const call = id === undefined ? this.#calls.findLast(isEnd) : this.#calls[id - 1];
    if (call === undefined)
      throw new Error(`the upstream got a request of nobody: ${verb} ${upstreamSession}`);
    return call;
  }

  #watchAudit(audit: Audit, life: number): Audit {
    return {
      intend: (entry) => {
        const call = this.#calls[Number(entry.requestId.slice("call-".length)) - 1];
        const committed = audit.intend(entry);
        // Noted before the line goes on: its own continuation was asked for later.
        void committed.then((seq) => {
          if (call === undefined || life !== this.#life || this.#isDead) return;
          call.wasUnsent = seq === undefined;
          call.seq = seq;
          if (seq !== undefined) this.#bySeq.set(seq, call);
        });
        return committed;
      },
      record: (entry) => {
        if (life !== this.#life || this.#isDead) return;
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
        open: (request, sink) => this.#opened(request, sink, life),
        closeSession: () => {},
      },
      around: (ports) => {
        const { audit, counters, ...rest } = this.#distort(ports);
        const isAlive = () => life === this.#life && !this.#isDead;
        return {
          ...rest,
          audit: this.#watchAudit(audit, life),
          counters: this.#quotas.around(counters, isAlive),
        };
      },
    });
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

function headersOf({ client, kind, tool }: CallRecord): ClientHeaders {
  const isLegacy = client.server.setting.era === "legacy";
  const protocolVersion = isLegacy ? LEGACY : MODERN;
  const raw = isLegacy
    ? ["mcp-protocol-version", LEGACY]
    : ["mcp-protocol-version", MODERN, "mcp-method", "tools/call", "mcp-name", tool];
  const sessionId = kind === "initialize" ? undefined : client.session?.id;
  return {
    raw,
    accept: undefined,
    protocolVersion,
    sessionId,
    lastEventId: undefined,
    traceparent: undefined,
  };
}

function bodyOf({ id, kind, tool, amount, client }: CallRecord): Buffer {
  const isLegacy = client.server.setting.era === "legacy";
  const args = { amount, n: id };
  const params =
    kind === "initialize"
      ? { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "c", version: "1" } }
      : { name: tool, arguments: args, ...(isLegacy ? {} : { _meta: META }) };
  const method = kind === "initialize" ? "initialize" : "tools/call";
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
}
