/** Tries one case on one cell and holds what happened against what the case says, and against the universal oracle. */
import type { LogRow } from "@portcullis/server";
import type { Cell, Received, World } from "./cells.ts";
import { type Composed, compose } from "./compose.ts";
import type { Case, Expect } from "./corpus.ts";
import { sendRaw } from "./raw-client.ts";
import { NOTHING, type Reply, readLines, readReply, wellFormedness } from "./reply.ts";
import { toBytes } from "./template.ts";

/** A call that was let through: what was judged, for readers of other languages to read again. */
export interface Admitted {
  readonly case: string;
  readonly body: Buffer;
  readonly tool: string;
  readonly arguments: unknown;
}

export interface CaseResult {
  /** What is wrong, in words; empty when all is well. */
  readonly problems: readonly string[];
  readonly admitted: Admitted | undefined;
}

/** Statuses of requests of which nobody is known: no row, or strangers could fill the disk. */
const STRANGERS: ReadonlySet<number> = new Set([
  0, 400, 401, 403, 404, 405, 414, 415, 417, 429, 431, 501, 505,
]);

export async function runCase(written: Case, cell: Cell, world: World): Promise<CaseResult> {
  const sent = compose(written, cell.target);
  const reply = await exchange(written, cell, sent, world);
  const rows = await readRows(written, cell);
  const received = cell.received();
  const problems = [
    ...checkExpected(written.expect, cell, reply, rows[0]),
    ...checkCount("rows", rowsOf(written.expect), rows.length),
    ...checkCount("upstream calls", isSent(written.expect) ? 1 : 0, received.length),
    ...(reply.kind === "none" ? [] : wellFormedness(reply, cell.target.era, sent.id)),
    ...checkSecrets(written.expect, reply, rows, world),
  ];
  const [call] = received;
  if (call === undefined || !isSent(written.expect)) return { problems, admitted: undefined };
  const admitted = readAdmitted(written, call);
  return { problems: [...problems, ...checkReceived(written, cell, sent, call, admitted)], admitted };
}

/** True for cases whose bytes, as composed for this cell, can be said there: a line cannot hold a line break. */
export function canBeSaid(written: Case, cell: Cell): boolean {
  if (cell.lines === undefined) return true;
  return !compose(written, cell.target).body.includes(0x0a);
}

async function exchange(written: Case, cell: Cell, sent: Composed, world: World): Promise<Reply> {
  const { lines } = cell;
  if (lines === undefined) return readReply(await sendRaw(world.rig.gateway.url, sent.wire));
  if (!("dropped" in written.expect)) return readLines(await lines.send(sent.wire));
  lines.notify(sent.wire);
  // Nothing answers it; whatever follows is answered after it was handled.
  const answered = await lines.send(Buffer.from('{"jsonrpc":"1.0","id":"barrier"}'));
  const rest = answered.filter((line) => !line.includes('"barrier"'));
  return rest.length === 0 ? NOTHING : readLines(rest);
}

/** The rows of this case. One that is refused by the parser gets its row after its answer, so a row is waited for. */
async function readRows(written: Case, cell: Cell): Promise<readonly LogRow[]> {
  const rows: LogRow[] = [];
  const endMs = performance.now() + ROW_WITHIN_MS;
  do {
    rows.push(...cell.rows.fresh().filter(({ message }) => !isBarrier(written, cell, message)));
    if (rows.length >= rowsOf(written.expect)) return rows;
    await new Promise(setImmediate);
  } while (performance.now() < endMs);
  return rows;
}

const ROW_WITHIN_MS = 2_000;

function isBarrier(written: Case, cell: Cell, message: string): boolean {
  return "dropped" in written.expect && cell.lines !== undefined && message.startsWith("`jsonrpc` must be");
}

function rowsOf(expect: Expect): number {
  if (!("http" in expect)) return 1;
  return expect.rows ?? ([expect.http].flat().every((status) => STRANGERS.has(status)) ? 0 : 1);
}

function isSent(expect: Expect): boolean {
  return "allowed" in expect || "forwarded" in expect;
}

function checkCount(what: string, expected: number, found: number): readonly string[] {
  return expected === found ? [] : [`${what}: ${found} instead of ${expected}`];
}

function checkExpected(expect: Expect, cell: Cell, reply: Reply, row: LogRow | undefined): readonly string[] {
  const isHttp = cell.target.front === "http";
  const problems: string[] = [];
  const want = (what: string, isSo: boolean, found: unknown): void => {
    if (!isSo) problems.push(`expected ${what}, not ${JSON.stringify(found)?.slice(0, 300)}`);
  };
  const wantStatus = (...statuses: number[]): void => {
    if (isHttp) want(`HTTP ${statuses.join(" or ")}`, statuses.includes(reply.status ?? -1), reply.status);
  };
  const wantRow = (effect: string, rule: string): void =>
    want(`a row ${effect} ${rule}`, row?.effect === effect && row.rule === rule, [row?.effect, row?.rule]);
  if ("refused" in expect) {
    wantStatus(400);
    want(`code ${expect.refused}`, [expect.refused].flat().includes(reply.error?.code ?? 0), reply.text);
    want("a refused row", row?.status === "refused" && row.effect === "deny", row);
  } else if ("http" in expect) {
    const statuses = [expect.http].flat();
    // Elsewhere all strangers have one address, and are soon too many.
    wantStatus(...statuses, ...(statuses.includes(401) && process.platform !== "linux" ? [429] : []));
  } else if ("denied" in expect || "held" in expect) {
    const rule = "denied" in expect ? expect.denied : expect.held;
    wantStatus(200);
    wantRow("denied" in expect ? "deny" : "hold", rule);
    const text = reply.toolText ?? reply.error?.message ?? "";
    want("a denial in words", text.startsWith("[POLICY DENIED] "), reply.text);
  } else if ("unknown" in expect) {
    const isTool = expect.unknown === "tool";
    wantStatus(isTool || cell.target.era === "legacy" ? 200 : 404);
    want("an unknown name", reply.error?.code === (isTool ? -32602 : -32601), reply.text);
    if (isTool) want("R4's words", reply.error?.message.startsWith("Unknown tool: ") === true, reply.text);
  } else if ("dropped" in expect) {
    wantStatus(202);
    wantRow("deny", "(dropped)");
  } else {
    wantStatus(200, 202);
    want("a result", reply.error === undefined, reply.text);
    want("a row that was sent", row?.effect === "allow" && row.status !== "refused", row);
  }
  return problems;
}

function checkSecrets(
  expect: Expect,
  reply: Reply,
  rows: readonly LogRow[],
  world: World,
): readonly string[] {
  const inRow = world.canaries.find(JSON.stringify(rows));
  // What the upstream answered is the upstream's; everything else is the gateway's own.
  const inReply = isSent(expect) ? undefined : world.canaries.find(reply.text);
  return [
    ...(inRow === undefined ? [] : [`the ${inRow} stands in a row`]),
    ...(inReply === undefined ? [] : [`the ${inReply} stands in the answer`]),
  ];
}

function readAdmitted(written: Case, call: Received): Admitted | undefined {
  const message = JSON.parse(call.body.toString("utf8")) as {
    params?: { name?: unknown; arguments?: unknown };
  };
  const { name, arguments: args } = message.params ?? {};
  if (!("allowed" in written.expect) || typeof name !== "string") return undefined;
  return { case: written.name, body: call.body, tool: name, arguments: args };
}

function checkReceived(
  written: Case,
  cell: Cell,
  sent: Composed,
  call: Received,
  admitted: Admitted | undefined,
): readonly string[] {
  const problems: string[] = [];
  // A child's lines carry the gateway's own ids; everywhere else the judged bytes themselves travel.
  if (!cell.tags.has("child") && !call.body.equals(sent.body)) problems.push("other bytes than those judged");
  if (!("allowed" in written.expect)) return problems;
  const { tool = "any", expect } = written;
  const expected = JSON.stringify([tool, JSON.parse(toBytes(expect.allowed, {}).toString("utf8"))]);
  const found = JSON.stringify([admitted?.tool, admitted?.arguments]);
  if (found !== expected) problems.push(`the upstream reads ${found} instead of ${expected}`);
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    const values = call.headers.filter(([header]) => header === name).map(([, text]) => text);
    const isSo = value === "" ? values.length === 0 : values.length === 1 && values[0] === value;
    if (cell.tags.has("web") && !isSo) problems.push(`the upstream's ${name} is ${JSON.stringify(values)}`);
  }
  return problems;
}
