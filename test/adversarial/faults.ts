/**
 * Every part of the gateway fails once at every call that the line makes to it (threat 65): what fails denies, and the
 * next call is served.
 */
import { Database, findServer, type LogRow } from "@portcullis/server";
import { type Kind, openPlace, type Place, say } from "./conversation.ts";
import type { Case } from "./corpus.ts";
import { type FaultyWorld, openFaultyWorld, type Passed } from "./faulty-world.ts";
import type { RawAnswer } from "./raw-client.ts";
import { bodyReply, emptyReply, jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";
import { checkAlways, Trail } from "./trail.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: {
    any: { limits: [{ counter: "calls", window: "day", max: 1_000_000 }] },
    pay: { require: [{ conditions: [{ path: "args.amount", op: "lte", value: 1 }] }] },
  },
};
const OPENING =
  '{"jsonrpc":"2.0","id":{{id}},"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}';
const ASKING =
  '{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}},"name":"any","arguments":{}}}';

/** What is said while parts fail, and what the server answers. */
interface Exchange {
  readonly name: string;
  readonly kind: Kind;
  readonly says: Partial<Case>;
  readonly answer?: (seen: Seen) => RawReply;
  /** The server proves that nothing ran. */
  readonly isGivenBack?: true;
  /** The server is a child process. */
  readonly isChild?: true;
  /** Whatever fails, nothing reaches the server. */
  readonly isDenied?: true;
}

const EXCHANGES: readonly Exchange[] = [
  { name: "a call", kind: "modern", says: {} },
  { name: "a call in a session", kind: "session", says: {} },
  { name: "a call without sessions", kind: "stateless", says: {} },
  { name: "a denied call", kind: "modern", says: { tool: "pay", arguments: '{"amount":2}' }, isDenied: true },
  { name: "an unknown tool", kind: "modern", says: { tool: "made_up" }, isDenied: true },
  { name: "a list", kind: "modern", says: { method: "tools/list", params: '"x":1' } },
  { name: "a list in a session", kind: "session", says: { method: "tools/list", params: '"x":1' } },
  { name: "a call that is answered on a stream", kind: "modern", says: {}, answer: onStream },
  {
    name: "a call whose server cannot",
    kind: "modern",
    says: {},
    answer: () => emptyReply(400),
    isGivenBack: true,
  },
  {
    name: "a call whose server breaks off",
    kind: "modern",
    says: {},
    answer: () => ({ pieces: [], ends: "reset" }),
  },
  { name: "a call that asks the user", kind: "modern", says: { body: ASKING }, answer: asking },
  { name: "the opening of a session", kind: "session", says: { body: OPENING } },
  { name: "a call of a child", kind: "modern", says: {}, isChild: true },
  { name: "a call of a child in a session", kind: "session", says: {}, isChild: true },
  {
    name: "a list of a child",
    kind: "modern",
    says: { method: "tools/list", params: '"x":1' },
    isChild: true,
  },
  { name: "a message that is none", kind: "modern", says: { body: '{"jsonrpc":"2.0"}' }, isDenied: true },
];

function onStream({ message }: Seen): RawReply {
  const result = { resultType: "complete", content: [{ type: "text", text: "done" }] };
  const events = [
    { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } },
    { jsonrpc: "2.0", id: message?.["id"], result },
  ];
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  return bodyReply(Buffer.from(text), "text/event-stream");
}

function asking({ message }: Seen): RawReply {
  const who = { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } };
  const result = { resultType: "input_required", requestState: "own", inputRequests: { who } };
  return jsonReply({ jsonrpc: "2.0", id: message?.["id"], result });
}

/** Fails every part at every call of every exchange, before and after its work; failures are lines. */
export async function runFaults(): Promise<{
  readonly cells: number;
  readonly failures: readonly string[];
}> {
  await using world = await openFaultyWorld();
  const failures: string[] = [];
  let cells = 0;
  for (const exchange of EXCHANGES) {
    const site = await openSite(exchange, world);
    const before = cells;
    for (const isLate of [false, true]) {
      for (let failAt = 1; ; failAt += 1) {
        const { passed, problems } = await tryFault(exchange, site, world, { failAt, isLate });
        const name = `${exchange.name}, ${passed.failed} fails ${isLate ? "after" : "before"} its work`;
        failures.push(...problems.map((problem) => `${name}: ${problem}`));
        // The exchange makes no more calls.
        if (passed.failed === undefined) break;
        cells += 1;
      }
    }
    const charges = checkCharges(exchange, site, world, cells - before);
    failures.push(...charges.map((problem) => `${exchange.name}: ${problem}`));
  }
  failures.push(...checkAftermath(world));
  return { cells, failures };
}

/** The log verifies, and nothing of a fault stands in what operators read. */
function checkAftermath({ rig, canaries, ledger }: FaultyWorld): readonly string[] {
  const leaked = canaries.find(rig.logged());
  const verified = ledger.verify();
  return [
    ...(leaked === undefined ? [] : [`the ${leaked} stands in a log`]),
    ...(verified.ok ? [] : [`the log does not verify: ${verified.reason}`]),
  ];
}

/** Nothing ran uncharged; a charge may stay where the call or its refund then failed. */
function checkCharges(
  { isGivenBack }: Exchange,
  { place: { name } }: Site,
  { rig, upstream }: FaultyWorld,
  faults: number,
): readonly string[] {
  const id = findServer(rig.state, name)?.id ?? "";
  const db = new Database(rig.folder.ledgerFile, { readOnly: true });
  const row = db.get(
    "SELECT sum(micros) / 1000000 AS charged FROM counter_fixed WHERE instr(key, ?) > 0",
    id,
  );
  db.close();
  const charged = Number(row?.["charged"] ?? 0);
  const isCall = ({ path, message }: Seen) =>
    path.endsWith(`/${name}`) && message?.["method"] === "tools/call";
  const ran = isGivenBack === true ? 0 : upstream.seen.filter(isCall).length;
  return charged >= ran && charged <= ran + faults ? [] : [`${charged} are charged for ${ran} calls`];
}

interface Site {
  readonly place: Place;
  readonly trail: Trail;
}

async function openSite({ kind, answer, isChild }: Exchange, world: FaultyWorld): Promise<Site> {
  await world.fail({ failAt: 0, isLate: false });
  const answers = (seen: Seen) => (seen.message?.["method"] === "tools/call" ? answer?.(seen) : undefined);
  const place = await openPlace(world, kind, POLICY, answers, isChild === true ? { relay: world.relay } : {});
  // Its list is taken, so that every try makes the same calls.
  await say(world, place.one, {});
  return { place, trail: new Trail(world, place) };
}

async function tryFault(
  exchange: Exchange,
  { place, trail }: Site,
  world: FaultyWorld,
  failing: { readonly failAt: number; readonly isLate: boolean },
): Promise<{ readonly passed: Passed; readonly problems: readonly string[] }> {
  const target = exchange.says.body === OPENING ? { ...place.one, session: undefined } : place.one;
  trail.restart();
  await world.fail(failing);
  const attempt = () => say(world, target, exchange.says);
  const tried = await world.process.notHeldUp(0, attempt).catch((error: unknown) => String(error));
  const passed = await world.fail({ failAt: 0, isLate: false });
  if (typeof tried === "string") return { passed, problems: [tried] };
  const { value: answered } = tried;
  const rows = trail.rows();
  const problems = [
    ...tried.problems,
    ...checkCounts(exchange, trail.calls(), rows, answered),
    ...checkAlways(world, answered, rows, target.era),
  ];
  const next = await say(world, target, exchange.says);
  const isWell = exchange.isDenied === true ? next.status < 500 : [200, 400].includes(next.status);
  return { passed, problems: isWell ? problems : [...problems, `the next one gets HTTP ${next.status}`] };
}

/** No audit, no call: whatever fails, nothing runs that no row allows. */
function checkCounts(
  { isDenied }: Exchange,
  calls: number,
  rows: readonly LogRow[],
  { status, wire }: RawAnswer,
): readonly string[] {
  const allowed = rows.filter(({ effect, rule }) => effect === "allow" && rule === "").length;
  const isAnswered = status === 200 && /"result":/.test(wire.toString("utf8"));
  return [
    ...(rows.length <= 1 ? [] : [`${rows.length} rows`]),
    ...(calls <= allowed ? [] : [`${calls} calls ran for ${allowed} rows that allow one`]),
    ...(isDenied === true && calls > 0 ? ["what is denied ran"] : []),
    ...(isAnswered && rows.length === 0 ? ["it was answered without a row"] : []),
    ...(status === 0 ? ["it was not answered"] : []),
  ];
}
