import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import type { Access, Arrival, ClientHeaders, StdioSessionSlot, Verb } from "../call/call.ts";
import { handleMessage, handleVerb, type Line } from "../call/handle-call.ts";
import { LineOutput, LineReply } from "./line-reply.ts";
import { LineSplitter } from "./line-splitter.ts";

/** A client on stdio has no headers. */
const NO_HEADERS: ClientHeaders = {
  raw: [],
  accept: undefined,
  protocolVersion: undefined,
  sessionId: undefined,
  lastEventId: undefined,
  traceparent: undefined,
};

/**
 * Speaks MCP on a pair of streams, one message per line, with the same line behind it as HTTP has. `access` is
 * asked anew for every message, so that an edited policy governs the next one. Resolves when the client closed
 * its side and every message it had sent was handled.
 */
export async function serveStdio(
  input: Readable,
  output: Writable,
  access: () => Access,
  line: Line,
): Promise<void> {
  const slot: StdioSessionSlot = { current: undefined, inFlight: new Map() };
  const lines = new LineOutput(output);
  const open = new Set<LineReply>();
  const pending = new Set<Promise<void>>();

  const arrive = (verb: Verb): Arrival => {
    const reply = new LineReply(lines);
    open.add(reply);
    return {
      requestId: randomBytes(12).toString("base64url"),
      verb,
      access: access(),
      headers: NO_HEADERS,
      reply,
      mirrored: false,
      stdioSession: slot,
      startedMs: line.ports.clock.monotonicMs(),
    };
  };
  const onLine = async (body: Buffer | undefined): Promise<void> => {
    const before = slot.current;
    // A line past the bound is no message: it is refused like a body that is no JSON.
    await handleMessage(arrive("POST"), body ?? Buffer.alloc(0), line);
    const session = slot.current;
    // A legacy server speaks on its own stream, which a client over HTTP would GET.
    if (session !== undefined && session !== before) await handleVerb(arrive("GET"), line);
    for (const reply of open) if (reply.closed) open.delete(reply);
  };
  const splitter = new LineSplitter(line.ports.config.maxBodyBytes, (text) => {
    const handled = onLine(text).finally(() => pending.delete(handled));
    pending.add(handled);
  });
  await readAll(input, (chunk) => splitter.push(chunk));
  await Promise.allSettled(pending);
  for (const reply of open) reply.close();
}

function readAll(input: Readable, onChunk: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    input.on("data", onChunk);
    input.on("end", resolve);
    input.on("error", () => resolve());
  });
}
