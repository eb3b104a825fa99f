import { err, isJsonObject, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import type { UpstreamFailure, Upstreams } from "../call/ports.ts";
import type { Era, Server } from "../call/records.ts";
import { METHOD_NOT_FOUND, SERVER_INFO_META } from "../mcp/revisions.ts";
import { ask, INITIALIZE_PARAMS, ownChannel, type Question, tell } from "./ask.ts";

/** What a server says about itself and its tools. Everything in it is the server's word. */
export interface Inspection {
  readonly era: Era;
  /** Every tool object of every page, in the server's order, as it was sent. */
  readonly tools: readonly JsonObject[];
  readonly instructions: string | undefined;
  readonly serverInfo: JsonObject | undefined;
}

/** Bounds of one list (threat 38). */
export const LIST_LIMITS = {
  pages: 200,
  tools: 20_000,
  totalMs: 20_000,
  totalBytes: 64 * 1024 * 1024,
} as const;

type Opener = Pick<Upstreams, "open" | "closeSession">;
type Listed = Result<Inspection, UpstreamFailure>;

/** What every later question of one inspection shares. */
interface Conversation {
  readonly upstreams: Opener;
  readonly opening: Question;
  readonly endsAtMs: number;
}

/**
 * Takes the whole tool list of a server, as a client of its own: `initialize` or `server/discover` first, then
 * every page. A session that is opened for it is closed again. A server without tools has an empty list.
 */
export async function listTools(upstreams: Opener, server: Server, era: Era): Promise<Listed> {
  const channel = ownChannel("inspect");
  const conversation: Conversation = {
    upstreams,
    endsAtMs: performance.now() + LIST_LIMITS.totalMs,
    opening: {
      server,
      era,
      channel,
      method: era === "modern" ? "server/discover" : "initialize",
      params: era === "modern" ? {} : INITIALIZE_PARAMS,
      protocolVersion: undefined,
      session: undefined,
      deadlineMs: LIST_LIMITS.totalMs,
    },
  };
  const opened = await ask(upstreams, conversation.opening);
  if (!opened.ok) {
    upstreams.closeSession(server, channel, undefined);
    return opened;
  }
  const { session } = opened.value;
  try {
    const greeting = resultOf(opened.value.message);
    if (greeting === undefined) return garbage(opened.value.status);
    return era === "modern"
      ? await listModern(conversation, greeting)
      : await listLegacy(conversation, greeting, session);
  } finally {
    upstreams.closeSession(server, channel, session);
  }
}

async function listModern(conversation: Conversation, discovered: JsonObject): Promise<Listed> {
  const meta = own(discovered, "_meta");
  const info = isJsonObject(meta) ? own(meta, SERVER_INFO_META) : undefined;
  return inspectionOf("modern", discovered, info, await listPages(conversation, conversation.opening));
}

async function listLegacy(
  conversation: Conversation,
  initialized: JsonObject,
  session: string | undefined,
): Promise<Listed> {
  const protocolVersion = own(initialized, "protocolVersion");
  // A version travels in a header, so only what looks like one is taken (2025-11-25 lifecycle).
  if (typeof protocolVersion !== "string" || !/^[\w.-]{1,32}$/.test(protocolVersion)) return garbage(200);
  const question = { ...conversation.opening, session, protocolVersion, params: {} };
  await tell(conversation.upstreams, { ...question, method: "notifications/initialized" });
  const listed = await listPages(conversation, question);
  return inspectionOf("legacy", initialized, own(initialized, "serverInfo"), listed);
}

async function listPages(
  conversation: Conversation,
  base: Question,
): Promise<Result<readonly JsonObject[], UpstreamFailure>> {
  const tools: JsonObject[] = [];
  const cursors = new Set<string>();
  let bytes = 0;
  let params: JsonObject = {};
  for (let page = 0; page < LIST_LIMITS.pages; page += 1) {
    const deadlineMs = conversation.endsAtMs - performance.now();
    if (deadlineMs <= 0) return err({ kind: "deadline", sent: true });
    const reply = await ask(conversation.upstreams, { ...base, method: "tools/list", params, deadlineMs });
    if (!reply.ok) return reply;
    if (page === 0 && isUnknownMethod(reply.value.message)) return ok([]);
    const result = resultOf(reply.value.message);
    const items = result === undefined ? undefined : own(result, "tools");
    if (result === undefined || !Array.isArray(items)) return garbage(reply.value.status);
    for (const item of items) if (isJsonObject(item)) tools.push(item);
    bytes += reply.value.bytes;
    if (tools.length > LIST_LIMITS.tools || bytes > LIST_LIMITS.totalBytes) return tooLarge();
    const cursor = own(result, "nextCursor");
    if (cursor === undefined || cursor === null || cursor === "") return ok(tools);
    // Threat 38: a cursor that comes again never ends.
    if (typeof cursor !== "string" || cursors.has(cursor)) return garbage(reply.value.status);
    cursors.add(cursor);
    params = { cursor };
  }
  return tooLarge();
}

function inspectionOf(
  era: Era,
  greeting: JsonObject,
  info: unknown,
  listed: Result<readonly JsonObject[], UpstreamFailure>,
): Listed {
  if (!listed.ok) return listed;
  const instructions = own(greeting, "instructions");
  return ok({
    era,
    tools: listed.value,
    instructions: typeof instructions === "string" ? instructions : undefined,
    serverInfo: isJsonObject(info) ? info : undefined,
  });
}

function resultOf(message: JsonObject | undefined): JsonObject | undefined {
  const result = message === undefined ? undefined : own(message, "result");
  return isJsonObject(result) ? result : undefined;
}

/** A server without the capability `tools` knows no such method. */
function isUnknownMethod(message: JsonObject | undefined): boolean {
  const error = message === undefined ? undefined : own(message, "error");
  return isJsonObject(error) && own(error, "code") === METHOD_NOT_FOUND;
}

function garbage(httpStatus: number): Result<never, UpstreamFailure> {
  return err({ kind: "garbage", sent: true, httpStatus });
}

function tooLarge(): Result<never, UpstreamFailure> {
  return err({ kind: "too-large", sent: true });
}
