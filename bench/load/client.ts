/**
 * A closed-loop client where wrk is missing: the same templates, the same result. It costs more CPU than wrk, so it
 * saturates fewer contestants. Arguments: URL, file of templates, first id, connections, seconds, longest pause in ms.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { quantile } from "../figures.ts";

const [target = "", file = "", firstId = "", connections = "", seconds = "", pause = ""] =
  process.argv.slice(2);
const { hostname, port } = new URL(target);
const templates = readFileSync(file, "latin1")
  .split("%%%%")
  .filter((text) => text !== "")
  .map((text) => text.split("@@@@@@@@@"));
const latenciesMs: number[] = [];
let id = Number(firstId);
let failed = 0;
let bytes = 0;
let isOver = false;

/** One connection: asks, waits for the whole answer, rests, asks again. */
function ask(socket: Socket): void {
  const sentMs = performance.now();
  id += 1;
  const [head = "", tail = ""] = templates[id % templates.length] ?? [];
  socket.write(head + id + tail, "latin1");
  let answer = "";
  const read = (chunk: Buffer) => {
    answer += chunk.toString("latin1");
    if (!isWhole(answer)) return;
    socket.off("data", read);
    if (isOver) return;
    latenciesMs.push(performance.now() - sentMs);
    bytes += answer.length;
    if (!answer.startsWith("HTTP/1.1 200")) failed += 1;
    const restMs = Math.random() * Number(pause);
    if (restMs > 0) setTimeout(ask, restMs, socket);
    else ask(socket);
  };
  socket.on("data", read);
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1];
  if (length !== undefined) return answer.length >= end + 4 + Number(length);
  return answer.endsWith("0\r\n\r\n");
}

const started = performance.now();
const sockets = Array.from({ length: Number(connections) }, () => {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => ask(socket));
  socket.on("error", () => {
    failed += 1;
  });
  return socket;
});
setTimeout(() => {
  isOver = true;
  const elapsed = (performance.now() - started) / 1000;
  const sorted = latenciesMs.sort((a, b) => a - b);
  const [p50Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  console.log(JSON.stringify({ calls: sorted.length, seconds: elapsed, p50Ms, p99Ms, failed, bytes }));
  for (const socket of sockets) socket.destroy();
}, Number(seconds) * 1000);
