import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly verb: string;
  readonly headers: IncomingHttpHeaders;
  /** The bytes as they came. */
  readonly text: string;
  readonly message: { readonly [name: string]: unknown };
}

/** What the script answers with. */
export interface Answering {
  readonly received: Received;
  /** A JSON-RPC result to the request's id. */
  result(result: object, headers?: Record<string, string>): void;
  error(code: number, message: string, status?: number): void;
  status(status: number): void;
  /** Opens an event stream; `send` writes one message as an event. */
  stream(headers?: Record<string, string>): { send(message: object, id?: string): void; end(): void };
  /** Resolves when the gateway closed the connection before the answer was complete. */
  readonly closed: Promise<void>;
}

export interface ScriptedUpstream extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
}

/** An MCP server that does what the test says, and remembers what it saw. */
export async function startUpstream(script: (answering: Answering) => void): Promise<ScriptedUpstream> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const message = (text === "" ? {} : JSON.parse(text)) as { [name: string]: unknown };
      const seen: Received = { verb: request.method ?? "", headers: request.headers, text, message };
      received.push(seen);
      script(answering(seen, request, response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answering(received: Received, _request: IncomingMessage, response: ServerResponse): Answering {
  const { id } = received.message;
  const json = (status: number, value: object, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
  return {
    received,
    result: (result, headers) => json(200, { jsonrpc: "2.0", id, result }, headers),
    error: (code, message, status = 200) => json(status, { jsonrpc: "2.0", id, error: { code, message } }),
    status: (status) => response.writeHead(status).end(),
    stream: (headers = {}) => {
      response.writeHead(200, { "content-type": "text/event-stream", ...headers });
      response.flushHeaders();
      return {
        send: (message, eventId) => {
          response.write(
            `${eventId === undefined ? "" : `id: ${eventId}\n`}data: ${JSON.stringify(message)}\n\n`,
          );
        },
        end: () => response.end(),
      };
    },
    closed: new Promise((resolve) => {
      response.on("close", () => {
        if (!response.writableFinished) resolve();
      });
    }),
  };
}

export const TOOL = (name: string, extra: object = {}): object => ({
  name,
  description: `The tool ${name}.`,
  inputSchema: { type: "object" },
  ...extra,
});
