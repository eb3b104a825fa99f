// A server on stdio whose every byte comes from the harness: `relay-child.mjs PORT PATH [deaf]`.
import { connect } from "node:net";

const [, , port, path, mood] = process.argv;

function open(stream) {
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  socket.on("error", () => process.exit(1));
  socket.write(`${JSON.stringify({ path, stream, pid: process.pid })}\n`);
  socket.on("data", (bytes) => process[stream].write(bytes));
  return socket;
}

open("stderr");
const socket = open("stdout");
// Pipes are written before `write` returns: nothing is lost.
socket.on("close", () => process.exit(0));
process.stdin.on("data", (bytes) => socket.write(bytes));
if (mood === "deaf") process.on("SIGTERM", () => {});
else process.stdin.on("end", () => socket.end());
