/**
 * A gateway that dies at a numbered step of its second call: `node dying-gateway.ts DATA STEP`. Built of the same parts
 * as `serve`, with a step before and after each thing that a call does to the outside; the product knows none of them.
 * Prints where it listens, then each step as it passes it.
 */
import { writeSync } from "node:fs";
import { lockDataFolder, openDataFolder, openState } from "@portcullis/server";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import { settleUnknown } from "../../packages/server/src/audit/settle-unknown.ts";
import type {
  Audit,
  Counters,
  Snapshot,
  UpstreamSink,
  Upstreams,
} from "../../packages/server/src/call/ports.ts";
import { LedgerCounters } from "../../packages/server/src/counters/ledger-counters.ts";
import { createAgentServer, listen } from "../../packages/server/src/front/http-server.ts";
import { assembleLine, SYSTEM_CLOCK } from "../../packages/server/src/line-parts.ts";
import { Database } from "../../packages/server/src/storage/database.ts";
import { unwrap } from "./rig.ts";

const [dataDir = "", dieAt = "0"] = process.argv.slice(2);
/** The first call takes the tool list; the second one does nothing but what every call does. */
const ARMED_AT_CALL = 2;
let calls = 0;
let steps = 0;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Passes a step, or dies at it. */
function step(name: string): void {
  if (calls < ARMED_AT_CALL) return;
  steps += 1;
  say(JSON.stringify({ step: steps, name }));
  if (steps === Number(dieAt)) process.kill(process.pid, "SIGKILL");
}

class SteppingDatabase extends Database {
  commits = 0;
  override transaction<T>(work: () => T): T {
    if (calls >= ARMED_AT_CALL) this.commits += 1;
    const what = this.commits === 1 ? "intent" : "outcome";
    step(`before the commit of the ${what}`);
    const value = super.transaction(() => {
      const written = work();
      step(`${what} written, not committed`);
      return written;
    });
    step(`after the commit of the ${what}`);
    return value;
  }
}

/** Each call looks its grant up twice: when it comes, and where it is judged. */
function steppingSnapshot(snapshot: Snapshot): Snapshot {
  let isJudged = true;
  return {
    grantByDigest: (digest) => {
      isJudged = !isJudged;
      if (!isJudged) calls += 1;
      const grant = snapshot.grantByDigest(digest);
      step(isJudged ? "while it is judged" : "while it is identified");
      return grant;
    },
    isCurrent: (grant, digest) => {
      const isCurrent = snapshot.isCurrent(grant, digest);
      step("after the last look at the grant");
      return isCurrent;
    },
    server: (id) => snapshot.server(id),
    policy: (id) => snapshot.policy(id),
    onChange: (listener) => snapshot.onChange(listener),
  };
}

function steppingCounters(counters: Counters): Counters {
  return {
    reserve: (...asked) => {
      step("before reserve");
      const answer = counters.reserve(...asked);
      step("after reserve");
      return answer;
    },
    refund: (charges) => counters.refund(charges),
  };
}

function steppingAudit(audit: Audit): Audit {
  return {
    intend: async (entry) => {
      step("before intend");
      const seq = await audit.intend(entry);
      step("after intend");
      return seq;
    },
    record: (entry) => {
      step("before record");
      audit.record(entry);
      step("after record");
    },
  };
}

function steppingUpstreams(upstreams: Upstreams): Upstreams {
  return {
    knownEra: (server) => upstreams.knownEra(server),
    detectEra: (server) => upstreams.detectEra(server),
    closeSession: (server, channel, session) => upstreams.closeSession(server, channel, session),
    open: (request, sink) => {
      if (request.message?.kind !== "request" || request.message.method !== "tools/call")
        return upstreams.open(request, sink);
      step("before the request is handed over");
      const exchange = upstreams.open(request, steppingSink(sink));
      step("after the request was handed over");
      return exchange;
    },
  };
}

function steppingSink(sink: UpstreamSink): UpstreamSink {
  return {
    onAnswer: (status, body, session) => {
      step("after the response came");
      sink.onAnswer(status, body, session);
      step("after the answer was given on");
    },
    onStream: (session) => sink.onStream(session),
    onEvent: (event) => sink.onEvent(event),
    onEnd: () => sink.onEnd(),
    onFail: (failure) => sink.onFail(failure),
  };
}

const folder = unwrap(openDataFolder(dataDir));
unwrap(lockDataFolder(folder));
const state = unwrap(openState(folder.stateFile));
const open = (): Database => {
  const db = new SteppingDatabase(folder.ledgerFile);
  db.exec("PRAGMA wal_autocheckpoint = 0");
  return db;
};
unwrap(openLedger(folder.ledgerFile, { durable: false })).close();
const ledger = new Ledger(open(), { reopen: open, onFailure: (reason) => say(reason) });
const counters = new LedgerCounters(ledger, SYSTEM_CLOCK);
settleUnknown(ledger, SYSTEM_CLOCK.nowMs());
const hosts = new Set<string>();
const { line } = assembleLine({
  state,
  keys: folder.keys,
  audit: steppingAudit(ledger),
  counters: steppingCounters(counters),
  observer: { refused: () => {}, answered: () => {}, warn: () => {} },
  config: { maxBodyBytes: 4_194_304, allowedHosts: hosts, allowedOrigins: new Set() },
  clock: SYSTEM_CLOCK,
});
const { snapshot, upstreams } = line.ports;
const ports = {
  ...line.ports,
  keys: folder.keys,
  snapshot: steppingSnapshot(snapshot),
  upstreams: steppingUpstreams(upstreams),
};
const port = await listen(createAgentServer({ ...line, ports }), "127.0.0.1", 0);
hosts.add(`127.0.0.1:${port}`);
say(JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: process.pid }));
