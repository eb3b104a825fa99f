/**
 * What carries a call, and nothing that judges it: the gateway's HTTP in front, its connections behind. The rest of a
 * governed call is governance. Its argument is the URL that every request goes to: of such an upstream only, which is
 * trusted and never slow.
 */
import type { AgentRequest } from "../../packages/server/src/call/agent-request.ts";
import { readBody } from "../../packages/server/src/call/body.ts";
import type { Reply } from "../../packages/server/src/call/call.ts";
import { createHttpServer, listen } from "../../packages/server/src/front/http-server.ts";
import { connectTo } from "../../packages/server/src/upstream/http1/connect.ts";
import type { ResponseHandler } from "../../packages/server/src/upstream/http1/connection.ts";
import { ConnectionPool } from "../../packages/server/src/upstream/http1/connection-pool.ts";
import { Watchdog } from "../../packages/server/src/upstream/watchdog.ts";

const target = new URL(process.argv[2] ?? "");
const connect = connectTo(target, {
  lookup: (_host, _options, done) => done(new Error("the upstream has an address"), []),
  timeoutMs: 5_000,
  ca: undefined,
});
const pool = new ConnectionPool(target, connect, new Watchdog());
const MIRRORED = ["accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name"];

async function carry(request: AgentRequest, reply: Reply): Promise<void> {
  const body = await readBody(request, { maxBodyBytes: 4 * 1024 * 1024 });
  if (!body.ok) return reply.whole(400, [], body.error.kind);
  const headers = MIRRORED.flatMap((name) => [name, String(request.headers[name] ?? "")]);
  const wire = { method: "POST", path: target.pathname, headers, body: body.value } as const;
  pool.dispatch(wire, answering(reply));
}

function answering(reply: Reply): ResponseHandler {
  const pieces: Buffer[] = [];
  let status = 502;
  return {
    onSend: () => true,
    onHead: (said) => {
      status = said;
      return true;
    },
    onBody: (bytes) => {
      pieces.push(bytes);
      return true;
    },
    onEnd: () => reply.whole(status, ["content-type", "application/json"], Buffer.concat(pieces)),
    onError: (error) => reply.whole(502, [], error.message),
  };
}

const port = await listen(
  createHttpServer((request, reply) => void carry(request, reply)),
  "127.0.0.1",
  0,
);
console.log(JSON.stringify({ event: "ready", url: `http://127.0.0.1:${port}` }));
