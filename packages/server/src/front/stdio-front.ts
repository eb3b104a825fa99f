import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import type { Access, Arrival, ClientHeaders, StdioSessionSlot, Verb } from "../call/call.ts";
import { handleMessage, handleVerb, type Line } from "../call/handle-call.ts";
import type { Session } from "../call/sessions.ts";
import { LineOutput, LineReply, type StreamEnd } from "./line-reply.ts";
import { LineSplitter } from "./line-splitter.ts";
import { StreamFollower } from "./stream-follower.ts";

/** A client on stdio has no headers. */
const NO_HEADERS: ClientHeaders = {
  raw: [],
  accept: undefined,
  protocolVersion: undefined,
  sessionId: undefined,
  lastEventId: undefined,
  traceparent: undefined,
};

/** How many streams in a row may bring nothing to a call before it is told lost. */
const CALL_PATIENCE = 3;

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
  const front = new StdioFront(output, access, line);
  const pending = new Set<Promise<void>>();
  const splitter = new LineSplitter(line.ports.config.maxBodyBytes, (text) => {
    const handled = front.take(text).finally(() => pending.delete(handled));
    pending.add(handled);
  });
  await readAll(input, (chunk) => splitter.push(chunk));
  await Promise.allSettled(pending);
  front.close();
}

/** One client: its session, and what is open for it. */
class StdioFront {
  readonly #lines: LineOutput;
  readonly #access: () => Access;
  readonly #line: Line;
  readonly #slot: StdioSessionSlot = { current: undefined, inFlight: new Map() };
  readonly #open = new Set<LineReply>();
  readonly #follower = new StreamFollower((lastEventId, onEnd) => this.#listen(lastEventId, onEnd));
  /** The session whose own stream was asked for. */
  #heard: Session | undefined;

  constructor(output: Writable, access: () => Access, line: Line) {
    this.#lines = new LineOutput(output);
    this.#access = access;
    this.#line = line;
  }

  /** One line of the client. Resolves when its message was handled, which is before it is answered. */
  async take(body: Buffer | undefined): Promise<void> {
    const arrival = this.#arrive("POST", NO_HEADERS, (end) => {
      const { lose, lastEventId } = end;
      const isWanted = (): boolean => !arrival.reply.closed;
      if (lose === undefined || lastEventId === undefined) lose?.();
      else this.#follower.follow(end, { isWanted, patience: CALL_PATIENCE, lose });
    });
    // A line past the bound is no message: it is refused like a body that is no JSON.
    await handleMessage(arrival, body ?? Buffer.alloc(0), this.#line);
    const session = this.#slot.current;
    if (session !== undefined && session !== this.#heard) this.#hear(session);
    for (const reply of this.#open) if (reply.closed) this.#open.delete(reply);
  }

  close(): void {
    this.#follower.close();
    for (const reply of this.#open) reply.close();
  }

  /** A legacy server speaks on its own stream, which a client over HTTP would GET. */
  #hear(session: Session): void {
    this.#heard = session;
    const isWanted = (): boolean => this.#slot.current === session;
    this.#listen(undefined, (end) => {
      // A process has one stream, which lives as long as it does.
      if (this.#access().server.target.kind !== "http") return;
      this.#follower.follow(end, { isWanted, patience: Number.POSITIVE_INFINITY, lose: () => {} });
    });
  }

  #listen(lastEventId: string | undefined, onEnd: (end: StreamEnd) => void): void {
    void handleVerb(this.#arrive("GET", { ...NO_HEADERS, lastEventId }, onEnd), this.#line);
  }

  #arrive(verb: Verb, headers: ClientHeaders, onStreamEnd: (end: StreamEnd) => void): Arrival {
    const reply = new LineReply(this.#lines, verb, onStreamEnd);
    this.#open.add(reply);
    return {
      requestId: randomBytes(12).toString("base64url"),
      verb,
      access: this.#access(),
      headers,
      reply,
      mirrored: false,
      stdioSession: this.#slot,
      startedMs: this.#line.ports.clock.monotonicMs(),
    };
  }
}

function readAll(input: Readable, onChunk: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    input.on("data", onChunk);
    input.on("end", resolve);
    input.on("error", () => resolve());
  });
}
