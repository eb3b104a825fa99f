/**
 * A gateway whose parts fail: `node faulty-gateway.ts DATA`. Built of the same parts as `serve`, but every call of the
 * line to a port is counted, and the one that the harness asks for throws, or rejects where it gives a promise. A line
 * `{"failAt": N}` on standard input counts anew; the answer on standard output says what was called and failed since
 * the line before.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { lockDataFolder, openDataFolder, openState } from "@portcullis/server";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { openLedger } from "../../packages/server/src/audit/ledger-schema.ts";
import type { Ports, Snapshot } from "../../packages/server/src/call/ports.ts";
import { LedgerCounters } from "../../packages/server/src/counters/ledger-counters.ts";
import { createAgentServer, listen } from "../../packages/server/src/front/http-server.ts";
import { assembleLine, SYSTEM_CLOCK } from "../../packages/server/src/line-parts.ts";
import { LiveObserver } from "../../packages/server/src/observe/observer.ts";
import { unwrap } from "../e2e/harness.ts";

const [dataDir = ""] = process.argv.slice(2);
let calls = 0;
let failAt = 0;
let isLate = false;
let failed: string | undefined;

/** What a fault says is nobody's business: no answer and no log may repeat it. */
function fault(): Error {
  return new Error("the-inside-of-a-fault-canary");
}

/** Counts a call, and makes it fail when its turn has come. */
function passing<A extends readonly unknown[], R>(name: string, work: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    calls += 1;
    if (calls !== failAt) return work(...args);
    failed = name;
    if (!isLate) throw fault();
    const value = work(...args);
    if (value instanceof Promise) return value.then(() => Promise.reject(fault())) as R;
    throw fault();
  };
}

/** A port that fails where it is told to. */
function failing<T extends object>(name: string, port: T): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return passing(`${name}.${String(key)}`, (...args: readonly unknown[]) => member.apply(target, args));
    },
  });
}

/** Deciding may fail as well, which no port does. */
function failingPolicies(snapshot: Snapshot): Snapshot {
  return failing("snapshot", {
    grantByDigest: (digest) => snapshot.grantByDigest(digest),
    isCurrent: (grant, digest) => snapshot.isCurrent(grant, digest),
    server: (id) => snapshot.server(id),
    onChange: (listener) => snapshot.onChange(listener),
    policy: (id) => {
      const policy = snapshot.policy(id);
      if (policy === undefined) return undefined;
      const { governing, ...sections } = policy.compiled;
      return { ...policy, compiled: { ...sections, governing: passing("policy.governing", governing) } };
    },
  } satisfies Snapshot);
}

const folder = unwrap(openDataFolder(dataDir));
unwrap(lockDataFolder(folder));
const state = unwrap(openState(folder.stateFile));
const open = () => unwrap(openLedger(folder.ledgerFile, { durable: false }));
const ledger = new Ledger(open(), { reopen: open, onFailure: () => {} });
const hosts = new Set<string>();
const { line } = assembleLine({
  state,
  keys: folder.keys,
  audit: ledger,
  counters: new LedgerCounters(ledger, SYSTEM_CLOCK),
  observer: new LiveObserver("info", process.stderr),
  config: { maxBodyBytes: 4_194_304, allowedHosts: hosts, allowedOrigins: new Set() },
  clock: SYSTEM_CLOCK,
});
const { config, snapshot, keys, counters, audit, upstreams, tools, clock, observer } = line.ports;
const ports: Ports = {
  config,
  snapshot: failingPolicies(snapshot),
  keys: failing("keys", keys),
  counters: failing("counters", counters),
  audit: failing("audit", audit),
  upstreams: failing("upstreams", upstreams),
  tools: failing("tools", tools),
  clock: failing("clock", clock),
  observer: failing("observer", observer),
};
const port = await listen(createAgentServer({ ...line, ports }), "127.0.0.1", 0);
hosts.add(`127.0.0.1:${port}`);
writeSync(1, `${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
createInterface({ input: process.stdin }).on("line", (text) => {
  writeSync(1, `${JSON.stringify({ calls, failed })}\n`);
  ({ failAt, isLate } = JSON.parse(text) as { failAt: number; isLate: boolean });
  calls = 0;
  failed = undefined;
});
