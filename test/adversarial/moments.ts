/**
 * What governs changes while a call is on its way (threats 49, 63, 64): every change at every moment. A call that was
 * not judged yet is judged by what governs then; one that was sent keeps the version that let it go, and its row says
 * which one that was.
 */
import type { LogRow } from "@portcullis/server";
import type { World } from "./cells.ts";
import { ALLOW, CHANGES, type Change } from "./changes.ts";
import { compose } from "./compose.ts";
import { type Kind, openPlace, type Place, read, say, until } from "./conversation.ts";
import type { Case } from "./corpus.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";
import type { RawReply, Seen } from "./raw-upstream.ts";
import { checkAlways, Trail } from "./trail.ts";
import { answerAsWorld } from "./world-server.ts";

/** Where a call stands when something changes. */
interface Moment {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** What the server answers only after the change. */
  readonly withheld?: string;
  readonly isEraKnown?: false;
  /** The call is with the server already. */
  readonly isSent?: true;
  readonly send: (world: World, site: Site) => Promise<RawAnswer>;
}

interface Site {
  readonly place: Place;
  /** Resolves when the gateway has read, and seen, all that came before. */
  readonly seen: () => Promise<unknown>;
  readonly change: () => Promise<void>;
  /** Resolves when the server was asked for what it withholds. */
  readonly asked: () => Promise<void>;
  /** Lets the server answer. */
  readonly release: () => void;
}

const EVERYWHERE: readonly Kind[] = ["modern", "session", "stateless"];

const MOMENTS: readonly Moment[] = [
  { name: "its body comes", kinds: EVERYWHERE, send: changeInTheBody },
  { name: "the list is taken", kinds: EVERYWHERE, withheld: "tools/list", send: changeWhileWithheld },
  {
    name: "the era is found out",
    kinds: ["modern"],
    withheld: "server/discover",
    isEraKnown: false,
    send: changeWhileWithheld,
  },
  { name: "the user is asked", kinds: ["modern"], send: changeBeforeTheRetry },
  {
    name: "the server works on it",
    kinds: EVERYWHERE,
    withheld: "tools/call",
    isSent: true,
    send: changeWhileWithheld,
  },
];

/** Tries every change at every moment; failures are lines. */
export async function runMoments(
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let cells = 0;
  const onlooker = await openPlace(world, "modern", ALLOW, () => undefined);
  const seen = () => say(world, onlooker.one, { method: "ping", params: '"x":1' });
  for (const moment of MOMENTS) {
    for (const kind of moment.kinds) {
      for (const change of CHANGES.filter((one) => applies(one, moment))) {
        cells += 1;
        const attempt = () => tryMoment(world, moment, kind, change, seen);
        const tried = await world.process.notHeldUp(0, attempt).catch((error: unknown) => ({
          value: [],
          problems: [String(error)],
        }));
        const name = `${change.name} while ${moment.name} (${kind})`;
        failures.push(...[...tried.value, ...tried.problems].map((problem) => `${name}: ${problem}`));
      }
    }
  }
  return { cells, failures };
}

/** What is denied before is not sent, and its user is not asked. */
function applies({ from, prepare }: Change, { isSent, send }: Moment): boolean {
  const isLate = isSent === true || send === changeBeforeTheRetry;
  return !isLate || from === undefined || prepare !== undefined;
}

async function tryMoment(
  world: World,
  moment: Moment,
  kind: Kind,
  change: Change,
  seen: Site["seen"],
): Promise<readonly string[]> {
  const server = withholding(moment);
  const place = await openPlace(world, kind, change.from ?? ALLOW, server.answer, {
    isEraKnown: moment.isEraKnown ?? true,
  });
  change.prepare?.(world, place);
  const trail = new Trail(world, place);
  const answered = await moment
    .send(world, {
      place,
      seen,
      change: async () => {
        if (moment.isSent !== true) trail.restart();
        await change.make(world, place);
      },
      asked: server.asked,
      // What ends is not waited for.
      release: moment.isSent === true && change.becomes === "ended" ? () => {} : server.release,
    })
    .finally(server.release);
  const expected = expectationOf(change, moment);
  const rows = await rowsOf(trail, expected);
  const calls = trail.calls();
  return [
    ...(calls === expected.calls ? [] : [`${calls} calls reached the server instead of ${expected.calls}`]),
    ...checkRow(expected, rows),
    ...checkHeard(expected, answered),
    ...checkAlways(world, answered, rows, place.one.era),
  ];
}

/** A server that answers what a moment withholds once it is let. */
function withholding({ withheld, send, isEraKnown }: Moment) {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const answer = (seen: Seen): object | RawReply | undefined => {
    const method = seen.message?.["method"];
    if (method === "tools/call" && send === changeBeforeTheRetry) return askOrAnswer(seen);
    if (method !== withheld) return isEraKnown === false ? answerAsWorld(seen) : undefined;
    asked.resolve();
    return { ...answerAsWorld(seen), after: gate.promise };
  };
  return { answer, asked: () => asked.promise, release: gate.resolve };
}

/** Those of calls, once the last one says what is expected; what does not come is told by the row that is there. */
async function rowsOf(trail: Trail, { rows, status }: Expectation): Promise<readonly LogRow[]> {
  const calls = () => trail.rows().filter(({ method }) => method === "tools/call");
  const isThere = () => rows === 0 || calls().at(-1)?.status === status;
  await until(isThere, "for the row", ROW_WITHIN_MS).catch(() => {});
  return calls();
}

interface Expectation extends Pick<LogRow, "effect" | "status"> {
  readonly calls: 0 | 1;
  /** Strangers have no row. Default: one. */
  readonly rows?: 0;
  /** Undefined where nobody was judged. */
  readonly rule?: string;
  readonly version?: number;
  readonly heard: RegExp;
}

const ROW_WITHIN_MS = 1_000;
const RESULT = /"text":"done"/;

function expectationOf({ becomes, from }: Change, { isSent, send }: Moment): Expectation {
  if (isSent === true) {
    const effect = from !== undefined ? "deny" : "allow";
    const row = { calls: 1, effect, version: 1 } as const;
    // What was sent is not taken back, but what it brings is not for a grant that ended.
    return becomes === "ended"
      ? { ...row, status: "cancelled", heard: /^HTTP\/1\.1 (401|404) |^$/ }
      : { ...row, status: "ok", heard: RESULT };
  }
  if (becomes === "allowed")
    return { calls: 1, effect: "allow", rule: "", version: 2, status: "ok", heard: RESULT };
  if (becomes === "ended") {
    const refused = { calls: 0, effect: "deny", status: "refused", heard: /^HTTP\/1\.1 40[14] / } as const;
    return send === changeBeforeTheRetry ? { ...refused, rows: 0 } : refused;
  }
  const [effect, rule] =
    "denied" in becomes ? (["deny", becomes.denied] as const) : (["hold", becomes.held] as const);
  const heard = rule === "(hidden)" ? /"Unknown tool: any"/ : /"\[POLICY DENIED\] /;
  return { calls: 0, effect, rule, status: null, heard };
}

function checkRow(expected: Expectation, rows: readonly LogRow[]): readonly string[] {
  const [row] = rows;
  const { effect, rule, status, version, rows: wanted = 1 } = expected;
  if (rows.length !== wanted) return [`${rows.length} rows instead of ${wanted}`];
  if (row === undefined) return [];
  const isFine =
    row.effect === effect &&
    row.status === status &&
    (rule === undefined || row.rule === rule) &&
    (version === undefined || row.policyVersion === version);
  return isFine ? [] : [`the row is ${JSON.stringify(row)}`];
}

function checkHeard({ heard }: Expectation, { wire }: RawAnswer): readonly string[] {
  const text = wire.toString("utf8");
  return heard.test(text) ? [] : [`the client hears ${JSON.stringify(text.slice(-200))}`];
}

const CALL: Case = {
  family: "moments",
  id: "call",
  name: "call",
  threats: [63],
  expect: { forwarded: true },
};

async function changeInTheBody(world: World, { place, change, seen }: Site): Promise<RawAnswer> {
  const { wire } = compose(CALL, place.one);
  const until = async (): Promise<void> => {
    await seen();
    await change();
  };
  return sendRaw(world.rig.gateway.url, wire, { pause: { at: wire.length - 1, until } });
}

async function changeWhileWithheld(
  world: World,
  { place, change, seen, asked, release }: Site,
): Promise<RawAnswer> {
  const answered = say(world, place.one, {});
  await asked();
  await change();
  await seen();
  release();
  return answered;
}

const ASKABLE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}';

async function changeBeforeTheRetry(world: World, { place, change }: Site): Promise<RawAnswer> {
  const ask = (more: string) => {
    const body = `{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{${ASKABLE},"name":"any","arguments":{}${more}}}`;
    return say(world, place.one, { body });
  };
  const state = JSON.stringify(read(await ask("")).result?.["requestState"]);
  await change();
  return ask(`,"requestState":${state},"inputResponses":{"who":{"action":"accept","content":{}}}`);
}

function askOrAnswer({ message }: Seen): object | undefined {
  const params = message?.["params"] as { requestState?: string } | undefined;
  if (params?.requestState !== undefined) return undefined;
  const inputRequests = {
    who: { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } },
  };
  return { resultType: "input_required", requestState: "upstreams-own-state", inputRequests };
}
