/** Hostile answers: what a server may say to a call, and what of it the client hears. `answers/*.yaml` has the data. */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Cell, World } from "./cells.ts";
import { compose } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { headerOf, type RawAnswer, sendRaw } from "./raw-client.ts";
import type { RawReply, Seen } from "./raw-upstream.ts";
import { readReply, wellFormedness } from "./reply.ts";
import { toBytes, type Values, vary } from "./template.ts";
import { answerAsWorld, isOwnTraffic } from "./world-server.ts";

const ANSWER = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  threats: z.array(z.int().min(1).max(104)).min(1),
  note: z.string().optional(),
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Cells of the web, by tags. Default: all three. */
  on: z.array(z.string()).optional(),
  /** The call that is answered. Default: the tool `any`. */
  body: z.string().optional(),
  /** The answer: a whole JSON body, the bytes of an event stream, or everything. */
  json: z.string().optional(),
  events: z.string().optional(),
  raw: z.string().optional(),
  status: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** In pieces of one byte. */
  chopped: z.boolean().optional(),
  ends: z.enum(["close", "reset"]).optional(),
  expect: z.union([
    // the client is told that the server's answer is of no use
    z.strictObject({ invalid: z.literal(true), told: z.int().optional() }),
    // the client is told that policy does not allow what the server asks
    z.strictObject({ stopped: z.literal(true) }),
    // the client hears something, without what the oracle of all cases forbids
    z.strictObject({ hidden: z.literal(true) }),
    // the client reads exactly these messages; `told`: messages that the server gets in answer
    z.strictObject({ messages: z.array(z.string()), told: z.int().optional() }),
  ]),
});

export type Answer = Omit<z.infer<typeof ANSWER>, "vary"> & { readonly name: string };

const FOLDER = new URL("./answers/", import.meta.url);

/** Every answer, once per product of its forms. */
export function readAnswers(): readonly Answer[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => {
      const shape = z.strictObject({ about: z.string(), answers: z.array(ANSWER).min(1) });
      const read = shape.safeParse(parse(readFileSync(new URL(name, FOLDER), "utf8")));
      if (!read.success) throw new Error(`${name}: ${z.prettifyError(read.error)}`);
      return read.data.answers.flatMap(expand);
    });
}

function expand({ vary: parts = {}, ...rest }: z.infer<typeof ANSWER>): readonly Answer[] {
  let forms = [{ label: "", text: JSON.stringify(rest) }];
  for (const [part, choices] of Object.entries(parts)) {
    forms = forms.flatMap(({ label, text }) =>
      Object.entries(choices).map(([name, form]) => ({
        label: `${label}[${name}]`,
        text: vary(text, { [part]: JSON.stringify(form).slice(1, -1) }, true),
      })),
    );
  }
  return forms.map(({ label, text }) => ({
    ...(JSON.parse(text) as typeof rest),
    name: `${rest.id}${label}`,
  }));
}

/** Tries every answer where HTTP leads to HTTP; failures are lines `name on cell: what is wrong`. */
export async function runAnswers(
  answers: readonly Answer[],
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let cells = 0;
  for (const answer of answers) {
    const wanted = answer.on ?? ["web"];
    for (const cell of world.cells.filter(
      ({ tags }) => tags.has("web") && wanted.some((tag) => tags.has(tag)),
    )) {
      cells += 1;
      const problems = await tryWatched(answer, cell, world).catch((error: unknown) => [String(error)]);
      failures.push(...problems.map((problem) => `${answer.name} on ${cell.name}: ${problem}`));
    }
  }
  return { cells, failures };
}

async function tryWatched(answer: Answer, cell: Cell, world: World): Promise<readonly string[]> {
  const { length } = bytesOf(answer, valuesFor("1", "", cell.target.era));
  const held = await cell.process.notHeldUp(length, () => tryAnswer(answer, cell, world));
  return [...held.value, ...held.problems];
}

/** What is wrong; empty when the client heard what it should, and the oracle of all cases holds. */
async function tryAnswer(answer: Answer, cell: Cell, world: World): Promise<readonly string[]> {
  const written: Case = {
    family: "answers",
    id: answer.id,
    name: answer.name,
    threats: answer.threats,
    expect: { forwarded: true },
    ...(answer.body === undefined ? {} : { body: answer.body }),
  };
  const sent = compose(written, cell.target);
  world.upstream.script = (seen) =>
    isCall(seen) && !isOwnTraffic(seen) ? replyOf(answer, seen, cell.target.era) : answerAsWorld(seen);
  const raw = await sendRaw(world.rig.gateway.url, sent.wire).finally(() => {
    world.upstream.script = answerAsWorld;
  });
  const rows = cell.rows.fresh();
  const told = "told" in answer.expect ? (answer.expect.told ?? 0) : 0;
  const received = await receivedOf(cell, 1 + told);
  const problems = checkHeard(answer, raw.body.toString("utf8"), messagesIn(raw));
  if ("hidden" in answer.expect && raw.status !== 200) problems.push(`HTTP ${raw.status}`);
  if (rows.length !== 1) problems.push(`${rows.length} rows instead of 1`);
  if (received.length !== 1 + told) problems.push(`the upstream heard ${received.length} messages`);
  const leaked = world.canaries.find(raw.wire.toString("utf8")) ?? world.canaries.find(JSON.stringify(rows));
  if (leaked !== undefined) problems.push(`the ${leaked} came out`);
  const isOwn = "invalid" in answer.expect || "stopped" in answer.expect;
  const isStream = headerOf(raw.headers, "content-type") === "text/event-stream";
  if (isOwn && !isStream) problems.push(...wellFormedness(readReply(raw), cell.target.era, sent.id));
  return problems;
}

/** What the gateway tells the server on its own comes on another connection, after the client's answer at times. */
async function receivedOf(cell: Cell, expected: number): Promise<readonly unknown[]> {
  const received: unknown[] = [];
  const endMs = performance.now() + TOLD_WITHIN_MS;
  for (;;) {
    received.push(...cell.received());
    if (received.length >= expected || performance.now() > endMs) return received;
    await new Promise(setImmediate);
  }
}

const TOLD_WITHIN_MS = 2_000;

function isCall({ message }: Seen): boolean {
  return message?.["method"] !== undefined && message["id"] !== undefined;
}

/** What the server says to this call over HTTP. */
export function replyOf(answer: Answer, { message, headers }: Seen, era: Cell["target"]["era"]): RawReply {
  const credential = headerOf(headers, "x-api-key") ?? "";
  const bytes = bytesOf(answer, valuesFor(JSON.stringify(message?.["id"]), credential, era));
  const pieces = answer.chopped === true ? [...bytes].map((byte) => Buffer.from([byte])) : [bytes];
  // What has no length of its own ends with the connection.
  const ends = answer.ends ?? (answer.json === undefined ? "close" : undefined);
  return ends === undefined ? { pieces } : { pieces, ends };
}

/** What the marks of an answer stand for. */
export function valuesFor(id: string, credential: string, era: Cell["target"]["era"]): Values {
  const coded = (before: string): string => Buffer.from(`${before}${credential}\n`).toString("base64");
  return {
    id,
    credential,
    coded0: coded(""),
    coded1: coded(":"),
    coded2: coded(": "),
    codedUrl: Buffer.from(credential).toString("base64url"),
    codedHex: Buffer.from(credential).toString("hex"),
    codedHexUpper: Buffer.from(credential).toString("hex").toUpperCase(),
    type: era === "modern" ? '"resultType":"complete",' : "",
  };
}

/** Everything that the server sends. */
export function bytesOf({ json, events, raw, status = "200", headers = {} }: Answer, values: Values): Buffer {
  if (raw !== undefined) return toBytes(raw, values);
  const body = toBytes(json ?? events ?? "", values);
  const lines = [`HTTP/1.1 ${status} Said`];
  if (json === undefined) lines.push("Content-Type: text/event-stream", "Connection: close");
  else lines.push("Content-Type: application/json", `Content-Length: ${body.length}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.concat([toBytes(`${lines.join("\r\n")}\r\n\r\n`, values), body]);
}

/** What is wrong with what the client hears: the text of it all, and its messages. */
export function checkHeard(answer: Answer, text: string, messages: readonly unknown[]): string[] {
  if ("invalid" in answer.expect)
    return text.includes("[UPSTREAM ERROR]") ? [] : [`no error is told: ${text.slice(0, 200)}`];
  if ("stopped" in answer.expect)
    return text.includes("[POLICY DENIED]") ? [] : [`no denial is told: ${text.slice(0, 200)}`];
  if ("hidden" in answer.expect) return messages.length > 0 ? [] : ["the client hears nothing"];
  const heard = messages.map(withoutId);
  const expected = answer.expect.messages.map(expectedMessage);
  return JSON.stringify(heard) === JSON.stringify(expected)
    ? []
    : [
        `the client hears ${JSON.stringify(heard).slice(0, 400)} instead of ${JSON.stringify(expected).slice(0, 400)}`,
      ];
}

/** A message that a case expects, as {@link withoutId} leaves it. */
export function expectedMessage(text: string): unknown {
  return withoutId(JSON.parse(toBytes(text, { id: "0", type: "" }).toString("utf8")));
}

/** The messages of an answer: one as JSON, or those of a stream, by the rules of server-sent events. */
export function messagesIn({ headers, body }: RawAnswer): unknown[] {
  const text = body.toString("utf8");
  if (headerOf(headers, "content-type") !== "text/event-stream") return text === "" ? [] : [JSON.parse(text)];
  return text
    .split("\n\n")
    .map((event) => event.split("\n").filter((line) => line.startsWith("data:")))
    .filter((lines) => lines.some((line) => line.length > "data: ".length))
    .map((lines) => JSON.parse(lines.map((line) => line.slice(6)).join("\n")));
}

/** Ids differ from run to run, and so does the type that the modern era asks for. */
export function withoutId(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inside) =>
    key === "resultType" && inside === "complete" ? undefined : inside,
  );
  const message = JSON.parse(text) as { id?: unknown; method?: unknown };
  if (message.id !== undefined && message.method === undefined) message.id = 0;
  return message;
}
