import { randomUUID } from "node:crypto";
import { err, isJsonObject, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import type { UpstreamFailure, UpstreamSink, Upstreams } from "../call/ports.ts";
import type { Era, Server } from "../call/records.ts";
import { isRequestId, type RequestId } from "../mcp/json-rpc.ts";
import {
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO_META,
  LEGACY_VERSIONS,
  MODERN_VERSION,
  PROTOCOL_VERSION_META,
  TASKS_EXTENSION,
} from "../mcp/revisions.ts";
import { readBoundedObject } from "../mcp/server-message.ts";

/** What the gateway asks a server on its own account; no client's message and no client's session. */
export interface Question {
  readonly server: Server;
  readonly era: Era;
  readonly method: string;
  readonly params: JsonObject;
  /** Legacy: what `initialize` agreed on; undefined before. */
  readonly protocolVersion: string | undefined;
  readonly session: string | undefined;
  readonly channel: string;
  readonly deadlineMs: number;
}

export interface Reply {
  readonly status: number;
  /** The JSON-RPC response to the question, or an error without an id; undefined where the server gave neither. */
  readonly message: JsonObject | undefined;
  readonly session: string | undefined;
  /** Bytes of the message. */
  readonly bytes: number;
}

/** How the gateway names itself to servers. */
export const CLIENT_INFO = { name: "portcullis", version: "0.1.0" } as const;

/**
 * Everything that policy can let a server ask of a client: servers offer some tools only to clients that declare
 * it, and a tool that the gateway never sees could never be accepted. What a server asks of the gateway itself is
 * refused.
 */
const CAPABILITIES: JsonObject = {
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  elicitation: { form: {}, url: {} },
};

/** The parameters of the gateway's own `initialize`. */
export const INITIALIZE_PARAMS: JsonObject = {
  protocolVersion: LEGACY_VERSIONS[0] ?? "2025-11-25",
  capabilities: {
    ...CAPABILITIES,
    tasks: {
      list: {},
      cancel: {},
      requests: { sampling: { createMessage: {} }, elicitation: { create: {} } },
    },
  },
  clientInfo: CLIENT_INFO,
};

/** A channel that no client has: its process, where there is one, serves nobody else. */
export function ownChannel(purpose: "probe" | "inspect"): string {
  return `${purpose}-${randomUUID()}`;
}

/** True for a channel of {@link ownChannel}; a client's is random base64url or a grant's id. */
export function isOwnChannel(channel: string): boolean {
  return /^(?:probe|inspect)-[0-9a-f]{8}-/.test(channel);
}

/**
 * Asks and waits for the answer, which may come as JSON or on a stream. Notifications on the way are dropped, and
 * requests of the server are refused.
 */
export function ask(
  upstreams: Pick<Upstreams, "open">,
  question: Question,
): Promise<Result<Reply, UpstreamFailure>> {
  const id = "portcullis-1";
  const params = question.era === "modern" ? withModernMeta(question.params) : question.params;
  const message = { kind: "request", id, method: question.method, params } as const;
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method: question.method, params }));
  const { promise, resolve } = Promise.withResolvers<Result<Reply, UpstreamFailure>>();
  let streamSession: string | undefined;
  let refused = 0;
  upstreams.open(requestOf(question, body, message), {
    onAnswer: (status, answer, session) => {
      const found = readBoundedObject(answer.toString("utf8"));
      const isOurs = found !== undefined && (isReplyTo(found, id) || isAnonymousError(found));
      resolve(ok({ status, message: isOurs ? found : undefined, session, bytes: answer.length }));
    },
    onStream: (session) => {
      streamSession = session;
    },
    onEvent: (event) => {
      const data = event.data ?? "";
      const found = readBoundedObject(data);
      const asked = found === undefined ? undefined : requestIdOf(found);
      if (asked !== undefined && question.era === "legacy" && refused < MAX_REFUSED) {
        refused += 1;
        refuse(upstreams, { ...question, session: question.session ?? streamSession }, asked);
      }
      if (found === undefined || !isReplyTo(found, id)) return;
      resolve(ok({ status: 200, message: found, session: streamSession, bytes: data.length }));
    },
    onEnd: () => resolve(err({ kind: "cut", sent: true, httpStatus: 200 })),
    onFail: (failure) => resolve(err(failure)),
  });
  return promise;
}

/** A server that keeps asking is not answered any more: each refusal is a request to it. */
const MAX_REFUSED = 16;
/** 2025-11-25 client/sampling: the code of a request that the user did not let through. */
const REFUSED = { code: -1, message: "The gateway lists tools on its own account and fulfils no requests." };

function requestIdOf(message: JsonObject): RequestId | undefined {
  const id = own(message, "id");
  return typeof own(message, "method") === "string" && isRequestId(id) ? id : undefined;
}

/** Refuses a request that the server makes of the gateway itself: nobody is there who could fulfil it. */
function refuse(upstreams: Pick<Upstreams, "open">, question: Question, id: RequestId): void {
  const message = { kind: "response", id, result: undefined, error: REFUSED } as const;
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, error: REFUSED }));
  upstreams.open(requestOf(question, body, message), IGNORE);
}

const IGNORE: UpstreamSink = { onAnswer() {}, onStream() {}, onEvent() {}, onEnd() {}, onFail() {} };

/** Tells the server something; resolves when it was taken or could not be. */
export function tell(upstreams: Pick<Upstreams, "open">, question: Question): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const message = { kind: "notification", method: question.method, params: undefined } as const;
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: question.method }));
  upstreams.open(requestOf(question, body, message), {
    onAnswer: () => resolve(),
    onStream: () => resolve(),
    onEvent: () => {},
    onEnd: () => resolve(),
    onFail: () => resolve(),
  });
  return promise;
}

type Sent = Parameters<Upstreams["open"]>[0];

function requestOf(question: Question, body: Buffer, message: Sent["message"]): Sent {
  const { server, era, channel, session, deadlineMs } = question;
  const headers = headersOf(question);
  return {
    server,
    verb: "POST",
    body,
    message,
    era,
    headers,
    channel,
    grant: undefined,
    upstreamSession: session,
    deadlineMs,
  };
}

function headersOf(question: Question): string[] {
  const headers = ["accept", "application/json, text/event-stream", "content-type", "application/json"];
  if (question.era === "modern") {
    // 2026-07-28 streamable-http "Request Metadata"
    headers.push("mcp-protocol-version", MODERN_VERSION, "mcp-method", question.method);
    return headers;
  }
  if (question.protocolVersion !== undefined) headers.push("mcp-protocol-version", question.protocolVersion);
  if (question.session !== undefined) headers.push("mcp-session-id", question.session);
  return headers;
}

function withModernMeta(params: JsonObject): JsonObject {
  const meta = {
    [PROTOCOL_VERSION_META]: MODERN_VERSION,
    [CLIENT_INFO_META]: CLIENT_INFO,
    [CLIENT_CAPABILITIES_META]: { ...CAPABILITIES, extensions: { [TASKS_EXTENSION]: {} } },
  };
  return { ...params, _meta: meta };
}

function isReplyTo(message: JsonObject, id: string): boolean {
  return own(message, "id") === id && Object.hasOwn(message, "result") !== Object.hasOwn(message, "error");
}

/** 2026-07-28 streamable-http: an error answer to what could not be read may have no id. */
function isAnonymousError(message: JsonObject): boolean {
  const id = own(message, "id");
  return (id === undefined || id === null) && isJsonObject(own(message, "error"));
}
