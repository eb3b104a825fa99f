import type { IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "@portcullis/policy";
import { type Cleanup, serveHttp } from "./harness.ts";

/** One request that reached the fixture. */
export interface Seen {
  readonly verb: string;
  readonly method: string | undefined;
  readonly headers: { readonly [name: string]: string };
  readonly params: JsonObject | undefined;
}

/** What the fixture answers to one JSON-RPC method; a function sees the parameters. */
export interface Answer {
  readonly status?: number;
  readonly result?: JsonObject;
  readonly error?: JsonObject;
  /** A body that is no JSON-RPC response. */
  readonly text?: string;
  readonly session?: string;
  /** Sends the response as an event stream, after a notification. */
  readonly stream?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
}

export type Script = { readonly [method: string]: Answer | ((params: JsonObject) => Answer) };

/** A scripted MCP server. Unknown methods get 400 without a JSON-RPC error, as many legacy servers do. */
export async function serveMcp(cleanup: Cleanup, script: Script): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const url = await serveHttp(cleanup, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => respond(script, seen, request, response, Buffer.concat(chunks).toString()));
  });
  return { url, seen };
}

function respond(
  script: Script,
  seen: Seen[],
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): void {
  const message =
    body === "" ? {} : (JSON.parse(body) as { id?: string; method?: string; params?: JsonObject });
  const headers: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith("mcp-")) headers[name] = String(value);
  }
  seen.push({ verb: request.method ?? "", method: message.method, headers, params: message.params });
  if (request.method === "DELETE") {
    response.writeHead(200).end();
    return;
  }
  const found = script[message.method ?? ""];
  const answer = typeof found === "function" ? found(message.params ?? {}) : found;
  if (answer?.silent !== true) send(response, message.id, answer ?? { status: 400, text: "Bad Request" });
}

function send(response: ServerResponse, id: string | undefined, answer: Answer): void {
  const session = answer.session === undefined ? {} : { "mcp-session-id": answer.session };
  if (id === undefined) {
    response.writeHead(202, session).end();
    return;
  }
  const { result, error } = answer;
  const message = JSON.stringify({
    jsonrpc: "2.0",
    id,
    ...(result ? { result } : {}),
    ...(error ? { error } : {}),
  });
  if (answer.stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream", ...session });
    response.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n');
    response.end(`data: ${message}\n\n`);
    return;
  }
  const type = answer.text === undefined ? "application/json" : "text/plain";
  response.writeHead(answer.status ?? 200, { "content-type": type, ...session });
  response.end(answer.text ?? message);
}
