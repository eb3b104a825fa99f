/**
 * Many a `portcullis run` in one process, since a process for each of hundreds of lists takes too long: `node
 * run-host.ts` prints its port; each connection says in its first line what is run, and is then the client's standard
 * input and output. Rows go to a file.
 */
import { createWriteStream } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { validatePolicy } from "@portcullis/policy";
import { runStdio } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import { HOSTED, type HostedRun } from "./hosted-run.ts";

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const DEADLINE_MS = 20_000;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.once("data", (first: Buffer) => {
    // Nobody says more before `run` is heard of.
    const hosted = JSON.parse(first.toString("utf8")) as HostedRun;
    serve(socket, hosted).then(
      () => socket.end(),
      (cause: unknown) => socket.end(`${JSON.stringify({ fault: String(cause) })}\n`),
    );
    socket.write(`${JSON.stringify({ id: HOSTED })}\n`);
  });
});

async function serve(socket: Socket, { policy, target, era, rows }: HostedRun): Promise<void> {
  const input = new PassThrough();
  socket.pipe(input);
  const file = createWriteStream(rows, { flags: "a" });
  const ended = await runStdio({
    policy: unwrap(validatePolicy(policy)),
    policyName: "policy",
    target,
    era,
    deadlineMs: DEADLINE_MS,
    onChange: "block",
    data: undefined,
    maxBodyBytes: MAX_BODY_BYTES,
    logLevel: "warn",
    input,
    output: socket,
    rows: file,
    log: process.stderr,
  });
  file.end();
  unwrap(ended);
}

server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.stdin.on("end", () => process.exit(0)).resume();
