import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  addServer,
  createGrant,
  Database,
  exportRows,
  openDataFolder,
  openState,
  publishPolicy,
} from "@portcullis/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unwrap } from "./harness.ts";
import { type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

const VERSION = "2026-07-28";
const MAIN = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const MAX_CALLS = 120;
const ROUNDS = 6;

let dataDir: string;
let upstream: ScriptedUpstream;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "portcullis-kill-"));
  upstream = await startUpstream(({ received, result }) => {
    const { method } = received.message;
    if (method === "server/discover")
      result({ resultType: "complete", supportedVersions: [VERSION], capabilities: {} });
    else if (method === "tools/list") result({ resultType: "complete", tools: [TOOL("pay")], ttlMs: 0 });
    else result({ resultType: "complete", content: [] });
  });
});

afterEach(async () => {
  await upstream[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Running {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly url: string;
}

/** `serve --json`; its first line says that it is ready. */
async function serve(): Promise<Running> {
  const args = [
    "--conditions=portcullis-source",
    MAIN,
    "serve",
    "--json",
    "--port",
    "0",
    "--no-demo",
    "--data",
    dataDir,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  return { process: child, pid, url };
}

function register(): { readonly id: string; readonly token: string } {
  const folder = unwrap(openDataFolder(dataDir));
  const state = unwrap(openState(folder.stateFile));
  const now = Date.now();
  const target = { kind: "http", url: upstream.url, headers: [] } as const;
  const options = { name: "bank", target, era: "modern", deadlineMs: 5_000, onChange: "block" } as const;
  const { id } = unwrap(addServer(state, folder.keys.credentialKey, options, now));
  const document = {
    version: "1",
    default: "deny",
    tools: { pay: { limits: [{ counter: "payments", window: "month", max: MAX_CALLS }] } },
  } as const;
  unwrap(
    publishPolicy(state, { server: "bank", name: "p", document, source: "", author: "t", note: "" }, now),
  );
  const grant = {
    label: "g",
    server: "bank",
    policy: "p",
    mode: "enforce",
    expiresAtMs: now + 3_600_000,
  } as const;
  const { token } = unwrap(createGrant(state, folder.keys, grant, now));
  state.db.close();
  return { id, token };
}

/** Calls until the gateway is gone. True for every call that was answered as admitted. */
async function callUntilDead(
  url: string,
  token: string,
  onAnswer: (admitted: boolean) => void,
): Promise<void> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "pay", arguments: {}, _meta: meta },
  });
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "mcp-protocol-version": VERSION,
    "mcp-method": "tools/call",
    "mcp-name": "pay",
  };
  for (;;) {
    try {
      const response = await fetch(url, { method: "POST", headers, body });
      onAnswer(!(await response.text()).includes("[POLICY DENIED]"));
    } catch {
      return;
    }
  }
}

test("kill -9 under load: no execution without an intent, the quota holds, clean start within 5 s (P1, P2, P8)", async () => {
  const { id, token } = register();
  let admitted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedMs = performance.now();
    const running = await serve();
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    let answers = 0;
    // Killed after so many answers, with others in flight: another instant in every round.
    const killAfter = 3 + round * 7;
    const clients = Array.from({ length: 4 }, () =>
      callUntilDead(`${running.url}/mcp/${id}/`, token, (isAdmitted) => {
        if (isAdmitted) admitted += 1;
        answers += 1;
        if (answers === killAfter) process.kill(running.pid, "SIGKILL");
      }),
    );
    await Promise.all(clients);
  }
  const last = await serve();
  const ended = once(last.process, "exit");
  process.kill(last.pid, "SIGTERM");
  expect((await ended)[0]).toBe(0);

  const executions = upstream.received.filter(({ message }) => message["method"] === "tools/call").length;
  const db = new Database(join(dataDir, "ledger.db"), { readOnly: true });
  const rows = [...exportRows(db, {})].filter(({ tool }) => tool === "pay");
  const used = Number(db.get("SELECT micros FROM counter_fixed")?.["micros"]) / 1_000_000;
  db.close();
  const allowed = rows.filter(({ effect }) => effect === "allow");
  expect(executions).toBeGreaterThan(ROUNDS);
  expect(executions).toBeLessThanOrEqual(MAX_CALLS);
  expect(admitted).toBeLessThanOrEqual(executions);
  expect(allowed.length).toBeGreaterThanOrEqual(executions);
  expect(used).toBeGreaterThanOrEqual(executions);
  expect(used - executions).toBeLessThanOrEqual(ROUNDS * 4);
  // What was in flight at a kill is told as unknown, never run again.
  expect(allowed.filter(({ status }) => status === "unknown").length).toBeLessThanOrEqual(ROUNDS * 4);
  expect(allowed.every(({ status }) => status !== null)).toBe(true);
});
