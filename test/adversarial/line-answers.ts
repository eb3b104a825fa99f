/**
 * The hostile answers where a server is a child process, or the client speaks stdio, or both. On stdio nothing says
 * which answer a line belongs to but its id, so a hostile line is followed there by the one true answer: the client
 * hears that the server's is of no use, or that one, and nothing else.
 */
import {
  type Answer,
  checkHeard,
  expectedMessage,
  messagesIn,
  replyOf,
  valuesFor,
  withoutId,
} from "./answers.ts";
import { CREDENTIAL, initialize, POLICY, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import type { RowSource } from "./ledger-reader.ts";
import { LineClient } from "./line-client.ts";
import { sendRaw } from "./raw-client.ts";
import type { RawReply, Seen } from "./raw-upstream.ts";
import { toBytes } from "./template.ts";
import type { WatchedProcess } from "./watched-process.ts";
import { answerAsWorld } from "./world-server.ts";

/** A way from a client to a server, at least one end of which is stdio. */
export interface LinePlace {
  readonly name: string;
  readonly target: Target;
  readonly path: string;
  /** The server is a child process. */
  readonly isChild: boolean;
  readonly rows: RowSource;
  readonly process: WatchedProcess;
  readonly lines: LineClient | undefined;
}

export const TRUE_TEXT = "the one true answer";
let places = 0;

/** HTTP in, a child process out. The rows are those of the gateway, read by one of its cells. */
export async function openChildPlace(world: World, era: Target["era"], isDeaf = false): Promise<LinePlace> {
  places += 1;
  const name = `relay-${places}`;
  const path = `${era === "modern" ? "modern" : "stateless"}/${name}`;
  const environment = [{ name: "API_KEY", value: CREDENTIAL, isSecret: true }];
  const command = world.relay.command(path, isDeaf);
  const { url, token } = world.rig.add(name, { kind: "stdio", command, environment }, POLICY, { era });
  world.canaries.add("grant token", token.slice("pcl_g_".length));
  const { host, pathname } = new URL(url);
  const opening: Target = { era, front: "http", path: pathname, host, token, session: undefined };
  const session = era === "modern" ? undefined : await initialize(world, opening);
  const target = { ...opening, session };
  const rows = world.cells.find(({ lines }) => lines === undefined)?.rows;
  if (rows === undefined) throw new TypeError("the gateway has no rows");
  return {
    name: `child-${era}`,
    target,
    path,
    isChild: true,
    rows,
    process: world.process,
    lines: undefined,
  };
}

/** Lines in, and HTTP or a child process out. */
export async function openRunPlace(
  world: World,
  era: Target["era"],
  isChild: boolean,
  isDeaf = false,
): Promise<LinePlace & { readonly lines: LineClient }> {
  places += 1;
  const path = `${era === "modern" ? "modern" : "stateless"}/run-${places}`;
  const server = isChild
    ? { command: world.relay.command(path, isDeaf) }
    : { url: `http://127.0.0.1:${world.upstream.port}/${path}` };
  const options = { folder: world.folder, isKept: true, policy: POLICY, server, era, credential: CREDENTIAL };
  const lines = await LineClient.start(options);
  if (era === "legacy") await lines.initialize();
  const target: Target = { era, front: "lines", path: "", host: "", token: "", session: undefined };
  const name = `run-${isChild ? "child" : "web"}-${era}`;
  return { name, target, path, isChild, rows: lines.rows, process: lines.process, lines };
}

/** Tries every answer that can be said there on every place; failures are lines. */
export async function runLineAnswers(
  answers: readonly Answer[],
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  await using stack = new AsyncDisposableStack();
  const found: LinePlace[] = [];
  for (const era of ["modern", "legacy"] as const) {
    found.push(await openChildPlace(world, era));
    for (const isChild of [true, false]) {
      const place = await openRunPlace(world, era, isChild);
      stack.use(place.lines);
      found.push(place);
    }
  }
  const failures: string[] = [];
  let cells = 0;
  for (const place of found) {
    for (const answer of answers.filter((written) => canBeSaidOn(written, place))) {
      cells += 1;
      const attempt = () => tryAnswer(answer, place, world);
      const length = bytesOnLines(answer, valuesFor("1", "", place.target.era))?.length ?? 0;
      const tried = await place.process.notHeldUp(length, attempt).catch((error: unknown) => ({
        value: [],
        problems: [String(error)],
      }));
      const problems = [...tried.value, ...tried.problems];
      failures.push(...problems.map((problem) => `${answer.name} on ${place.name}: ${problem}`));
    }
    world.relay.end(place.path);
  }
  return { cells, failures };
}

function canBeSaidOn(answer: Answer, { target: { era, front }, isChild }: LinePlace): boolean {
  const tags = ["web", era, ...(era === "legacy" ? ["stateless"] : [])];
  if (!(answer.on ?? ["web"]).some((tag) => tags.includes(tag))) return false;
  if (front === "lines" && answer.body?.includes("\n") === true) return false;
  return !isChild || bytesOnLines(answer, valuesFor("1", "x", era)) !== undefined;
}

/** The bytes of a child's standard output; undefined for what only HTTP can say. */
function bytesOnLines(answer: Answer, values: ReturnType<typeof valuesFor>): Buffer | undefined {
  const { json, events, status, headers } = answer;
  if (status !== undefined || headers !== undefined) return undefined;
  if (json !== undefined) {
    const line = toBytes(json, values);
    // Two lines are two messages there.
    return line.includes(0x0a) ? undefined : line;
  }
  if (events === undefined) return undefined;
  const blocks = toBytes(events, values).toString("latin1").split("\n\n");
  if (blocks.pop() !== "" || !blocks.every((block) => /^data: [^\n\r]*$/.test(block))) return undefined;
  return Buffer.from(blocks.map((block) => block.slice("data: ".length)).join("\n"), "latin1");
}

function childReply(answer: Answer, { message }: Seen, era: Target["era"]): RawReply {
  const id = JSON.stringify(message?.["id"]);
  const values = valuesFor(id, CREDENTIAL, era);
  const said = bytesOnLines(answer, values) ?? Buffer.alloc(0);
  const text = `{"jsonrpc":"2.0","id":{{id}},"result":{{{type}}"content":[{"type":"text","text":"${TRUE_TEXT}"}]}}`;
  const truth = "messages" in answer.expect ? Buffer.alloc(0) : toBytes(`${text}{{hex:0a}}`, values);
  return { pieces: [Buffer.concat([said, Buffer.from("\n"), truth])], isLines: true };
}

/** What is wrong; empty when the client heard what it should, and the oracle of all cases holds. */
async function tryAnswer(answer: Answer, place: LinePlace, world: World): Promise<readonly string[]> {
  const { target, path } = place;
  const { body } = answer;
  const written = { ...asCase(answer), ...(body === undefined ? {} : { body }) };
  const sent = compose(written, target);
  place.rows.fresh();
  let calls = 0;
  world.upstream.script = (seen) => {
    if (seen.path !== `/${path}` || seen.message?.["method"] !== "tools/call") return answerAsWorld(seen);
    calls += 1;
    return place.isChild ? childReply(answer, seen, target.era) : replyOf(answer, seen, target.era);
  };
  const { text, heard } = await exchange(place, sent, world).finally(() => {
    world.upstream.script = answerAsWorld;
  });
  const rows = place.rows.fresh().filter(({ message }) => !message.startsWith("`jsonrpc` must be"));
  const said = bytesOnLines(answer, valuesFor("0", CREDENTIAL, target.era)) ?? Buffer.alloc(0);
  const problems = place.isChild ? checkOnlyOne(answer, heard, text, said) : checkHeard(answer, text, heard);
  if (rows.length !== 1) problems.push(`${rows.length} rows instead of 1`);
  if (calls !== 1) problems.push(`${calls} calls reached the server`);
  const leaked = world.canaries.find(text) ?? world.canaries.find(JSON.stringify(rows));
  if (leaked !== undefined) problems.push(`the ${leaked} came out`);
  return problems;
}

export function asCase({ id, name, threats }: Pick<Answer, "id" | "name" | "threats">): Case {
  return { family: "answers", id, name, threats, expect: { forwarded: true } };
}

export interface Heard {
  readonly text: string;
  readonly heard: readonly unknown[];
}

/** Sends the request and reads all that is said in answer. */
export async function exchange(
  { lines }: LinePlace,
  { wire, id }: ReturnType<typeof compose>,
  world: World,
): Promise<Heard> {
  if (lines !== undefined) {
    const said = await lines.exchange(wire, id);
    return { text: said.join("\n"), heard: said.map((line) => JSON.parse(line) as unknown) };
  }
  const raw = await sendRaw(world.rig.gateway.url, wire);
  return { text: raw.body.toString("utf8"), heard: messagesIn(raw) };
}

/** One answer is heard, true or a refusal of the server's; beside it only what the case expects. */
function checkOnlyOne(answer: Answer, heard: readonly unknown[], text: string, said: Buffer): string[] {
  const { expect } = answer;
  const isAnswer = (message: unknown): boolean => !Object.hasOwn(message as object, "method");
  const expected = "messages" in expect ? expect.messages.map(expectedMessage) : [];
  const answered = heard.filter(isAnswer).map(withoutId);
  const isExpected = (message: unknown): boolean =>
    expected.some((one) => JSON.stringify(withoutAnyId(one)) === JSON.stringify(withoutAnyId(message)));
  const problems: string[] = [];
  if (answered.length !== 1) problems.push(`${answered.length} answers: ${text.slice(0, 300)}`);
  for (const message of heard.filter((one) => !isAnswer(one) && !isExpected(one)))
    problems.push(`the client hears ${JSON.stringify(message).slice(0, 300)}`);
  if ("hidden" in expect) return problems;
  const isFine =
    "messages" in expect
      ? isExpected(answered[0])
      : text.includes(TRUE_TEXT) ||
        /\[(?:UPSTREAM ERROR|POLICY DENIED)\]/.test(text) ||
        isMadePlain(answer, answered[0], said);
  return isFine ? problems : [...problems, `the client hears ${JSON.stringify(answered[0])?.slice(0, 300)}`];
}

/**
 * True where the ambiguous, or what came before the answer, is gone on stdio: a line of its own that is no message is
 * left out, and a message that gets another id is written anew, from what was judged.
 */
function isMadePlain({ id, events }: Answer, answered: unknown, said: Buffer): boolean {
  if (id !== "one-name-twice" && events === undefined) return false;
  const last = said.toString("utf8").split("\n").at(-1) ?? "";
  return JSON.stringify(withoutId(JSON.parse(last))) === JSON.stringify(answered);
}

/** The gateway's own ids stand in what a child asks. */
function withoutAnyId(message: unknown): unknown {
  return { ...(message as object), id: undefined };
}
