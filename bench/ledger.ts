/** What the intent commit, the counters in it and the answer checks cost, in microseconds per call. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicy, evaluateCall, type PolicyDocument } from "../packages/policy/src/index.ts";
import { Ledger } from "../packages/server/src/audit/ledger.ts";
import { openLedger } from "../packages/server/src/audit/ledger-schema.ts";
import type { GrantId, IntentEntry, PolicyId, ServerId } from "../packages/server/src/call/ports.ts";
import { readStrict } from "../packages/server/src/mcp/strict-reading.ts";

const ENTRY: IntentEntry = {
  time: 1_790_000_000_000,
  requestId: "AAAAAAAAAAAAAAAA",
  grant: "grt_0000000000000000" as GrantId,
  grantLabel: "bench",
  server: "srv_0000000000000000" as ServerId,
  serverName: "bench",
  method: "tools/call",
  tool: "create_refund",
  toolHash: "0".repeat(64),
  argumentKeys: ["amount", "reason"],
  argumentsHmac: "0".repeat(64),
  argumentsBytes: 40,
  policy: "pol_0000000000000000" as PolicyId,
  policyName: "bench",
  policyVersion: 1,
  mode: "enforce",
  effect: "allow",
  rule: "",
  message: "",
  fate: "sent",
};

const CALLS = 50_000;

async function benchLedger(perTurn: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  const opened = openLedger(join(folder, "ledger.db"), { durable: false });
  if (!opened.ok) throw new Error(opened.error);
  const ledger = new Ledger(opened.value, {
    reopen: () => opened.value,
    onFailure: (reason) => console.error(reason),
  });
  const started = process.cpuUsage();
  for (let done = 0; done < CALLS; done += perTurn) {
    const seqs = await Promise.all(Array.from({ length: perTurn }, () => ledger.intend(ENTRY)));
    for (const of of seqs) {
      if (of === undefined) throw new Error("not committed");
      ledger.record({ of, time: ENTRY.time, status: "ok", httpStatus: 200, latencyMs: 1, bytes: 200 });
    }
  }
  ledger.close();
  const { user, system } = process.cpuUsage(started);
  console.log(`intent + outcome, ${perTurn} a turn: ${((user + system) / CALLS).toFixed(1)} µs per call`);
  rmSync(folder, { recursive: true });
}

function benchSync(name: string, runs: number, work: () => void): void {
  for (let warm = 0; warm < runs / 10; warm += 1) work();
  const started = performance.now();
  for (let run = 0; run < runs; run += 1) work();
  console.log(`${name}: ${(((performance.now() - started) * 1000) / runs).toFixed(2)} µs`);
}

const call = (size: number) =>
  Buffer.from(
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "create_refund", arguments: { amount: 12.5, reason: "x".repeat(size) } },
    }),
  );

const POLICY: PolicyDocument = {
  version: "1",
  default: "deny",
  tools: Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `tool_${index}`,
      {
        deny_if: Array.from({ length: 10 }, (_, rule) => ({
          conditions: [{ path: `args.a${rule}`, op: "gt" as const, value: 1000 }],
          on_unknown: "pass" as const,
        })),
        limits: [
          { counter: "a", window: "minute" as const, max: 1000 },
          { counter: "b", window: "day" as const, max: 1000 },
        ],
      },
    ]),
  ),
};

for (const perTurn of [1, 8, 32]) await benchLedger(perTurn);
const small = call(400);
const large = call(100_000);
benchSync("strict reading, 0.5 KB", 200_000, () => void readStrict(small));
benchSync("strict reading, 100 KB", 2_000, () => void readStrict(large));
const compiled = compilePolicy(POLICY);
const facts = { tool: "tool_7", args: { a1: 5, a2: 6, a9: 7 }, nowMs: ENTRY.time, grantLabel: "bench" };
benchSync("policy decision, 20 tools, 10 conditions", 500_000, () => void evaluateCall(compiled, facts));
