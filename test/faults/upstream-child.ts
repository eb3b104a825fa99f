/**
 * An MCP server as a process of its own. What it really ran is appended to a file, and on the disk before the answer
 * leaves: `node upstream-child.ts FILE`. Prints its port. The tool's name says how it behaves.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CallArguments, TOOLS, VERSION } from "./protocol.ts";

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly name: string; readonly arguments: CallArguments };
}

const file = openSync(process.argv[2] ?? "", "a");
let ran: { readonly line: string; readonly done: () => void }[] = [];

/** All that runs in one turn waits for the disk once. */
function run(line: string, done: () => void): void {
  ran.push({ line, done });
  if (ran.length > 1) return;
  setImmediate(() => {
    const batch = ran;
    ran = [];
    writeSync(file, batch.map((one) => `${one.line}\n`).join(""));
    fdatasyncSync(file);
    for (const one of batch) one.done();
  });
}

function answer(response: ServerResponse, id: number, result: object): void {
  const body = JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", ...result } });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function call({ id, params }: Request, response: ServerResponse): void {
  const { name, arguments: args } = params;
  const say = (text: string) => answer(response, id, { content: [{ type: "text", text }] });
  const ms = args.ms ?? 0;
  if (args.killFirst !== undefined) {
    process.kill(args.killFirst, "SIGKILL");
    return;
  }
  run(`${args.n} ${name}`, () => {
    if (args.killAfter !== undefined) process.kill(args.killAfter, "SIGKILL");
    if (name === "odd_hang") return;
    if (name === "odd_big") say("x".repeat(args.bytes ?? 0));
    else if (name === "odd_flood") flood(response);
    else if (ms > 0) setTimeout(() => say(`ran ${args.n}.`), ms);
    else say(`ran ${args.n}.`);
  });
}

/** Events as fast as they are taken. */
function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const params = { level: "info", data: "y".repeat(60_000) };
  const event = `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params })}\n\n`;
  const pump = () => {
    while (!response.destroyed && response.write(event));
  };
  response.on("drain", pump);
  pump();
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Request;
    if (message.method === "tools/call") call(message, response);
    else if (message.method === "tools/list") answer(response, message.id, { tools: TOOLS, ttlMs: 600_000 });
    else answer(response, message.id, { supportedVersions: [VERSION], capabilities: {} });
  });
});
server.listen(0, "127.0.0.1", () =>
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })),
);
process.on("SIGTERM", () => {
  closeSync(file);
  process.exit(0);
});
