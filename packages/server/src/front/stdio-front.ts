import type { Readable, Writable } from "node:stream";
import type { Access, Arrival, ClientHeaders, StdioSessionSlot, Verb } from "../call/call.ts";
import { handleMessage, handleVerb, type Line } from "../call/handle-call.ts";
import { InFlightCalls } from "../call/in-flight.ts";
import { refuse } from "../call/refuse.ts";
import { warnOfFault } from "../call/refuse-on-record.ts";
import { newRequestId } from "../call/request-id.ts";
import type { Session } from "../call/sessions.ts";
import { type RequestId, readMessage } from "../mcp/json-rpc.ts";
import { readStrict } from "../mcp/strict-reading.ts";
import { LineOutput, LineReply, type StreamEnd, type StreamListener } from "./line-reply.ts";
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

/** A server that opens its own stream later than this is called without it. */
const HEAR_WITHIN_MS = 1_000;
/** Where the gateway itself could not ask for a stream. */
const INTERNAL_STATUS = 500;
/** How many streams in a row may bring nothing to a call before it is told lost. */
const CALL_PATIENCE = 3;

/**
 * Speaks MCP on a pair of streams, one message per line, with the same line behind it as HTTP has. `access` is
 * asked anew for every message, so that what is known of the server by then governs it. Resolves when the client
 * closed its side and every message it had sent was handled.
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
  readonly #slot: StdioSessionSlot = { current: undefined, inFlight: new InFlightCalls() };
  readonly #open = new Set<LineReply>();
  readonly #follower = new StreamFollower((lastEventId, onEnd) => this.#listen(lastEventId, { onEnd }));
  /** The session whose own stream was asked for. */
  #heard: Session | undefined;
  /** Until that stream is open. */
  #hearing: Promise<void> | undefined;

  constructor(output: Writable, access: () => Access, line: Line) {
    this.#lines = new LineOutput(output);
    this.#access = access;
    this.#line = line;
  }

  /** One line of the client. Resolves when its message was handled, which is before it is answered. */
  async take(body: Buffer | undefined): Promise<void> {
    const session = this.#slot.current;
    if (session === undefined || session === this.#heard) {
      await this.#hearing;
      return this.#handle(body);
    }
    // The first message of the session says that the client is initialised; what it asks for comes after.
    this.#heard = session;
    const handled = this.#handle(body);
    this.#hearing = handled.then(() => this.#hear(session));
    return handled;
  }

  close(): void {
    this.#follower.close();
    for (const reply of this.#open) reply.close();
  }

  async #handle(body: Buffer | undefined): Promise<void> {
    const onEnd = (end: StreamEnd): void => {
      const { lose, lastEventId } = end;
      const isWanted = (): boolean => !arrival.reply.closed;
      if (lose === undefined || lastEventId === undefined) lose?.();
      else this.#follower.follow(end, { isWanted, patience: CALL_PATIENCE, lose });
    };
    const access = this.#readAccess();
    if (access === undefined) return this.#refuseFault(body);
    const arrival = this.#arrive("POST", access, NO_HEADERS, { onEnd });
    // A line past the bound is no message: it is refused like a body that is no JSON.
    await handleMessage(arrival, body ?? Buffer.alloc(0), this.#line);
    for (const reply of this.#open) if (reply.closed) this.#open.delete(reply);
  }

  /**
   * A legacy server speaks on its own stream, which a client over HTTP would GET. Some say what they have to say
   * there only while it is open, so it is opened before the first call; a server that does not answer at once keeps
   * nobody waiting long.
   */
  #hear(session: Session): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, HEAR_WITHIN_MS);
    const isWanted = (): boolean => this.#slot.current === session;
    const kind = this.#readAccess()?.server.target.kind;
    this.#listen(undefined, {
      onHead: resolve,
      onEnd: (end) => {
        // A process has one stream, which lives as long as it does.
        if (kind !== "http") return;
        this.#follower.follow(end, { isWanted, patience: Number.POSITIVE_INFINITY, lose: () => {} });
      },
    });
    return promise.finally(() => clearTimeout(timer));
  }

  #listen(lastEventId: string | undefined, listener: StreamListener): void {
    const access = this.#readAccess();
    if (access !== undefined) {
      const arrival = this.#arrive("GET", access, { ...NO_HEADERS, lastEventId }, listener);
      void handleVerb(arrival, this.#line);
      return;
    }
    listener.onHead?.();
    const nothing = { carried: false, lastEventId: undefined, retryMs: undefined, lose: undefined };
    listener.onEnd({ status: INTERNAL_STATUS, ...nothing });
  }

  /** Undefined while the state cannot be read: nobody knows then what governs. The next message asks anew. */
  #readAccess(): Access | undefined {
    try {
      return this.#access();
    } catch (fault) {
      warnOfFault(newRequestId(), fault, this.#line);
      this.#line.ports.observer.refused("internal");
      return undefined;
    }
  }

  #refuseFault(body: Buffer | undefined): void {
    const id = requestIdOf(body);
    if (id === undefined) return;
    const reply = new LineReply(this.#lines, "POST", { onEnd: () => {} });
    refuse(reply, { kind: "internal" }, { id, era: "legacy", isToolCall: false });
  }

  #arrive(verb: Verb, access: Access, headers: ClientHeaders, listener: StreamListener): Arrival {
    const reply = new LineReply(this.#lines, verb, listener);
    this.#open.add(reply);
    return {
      requestId: newRequestId(),
      verb,
      access,
      headers,
      reply,
      mirrored: false,
      stdioSession: this.#slot,
      startedMs: this.#line.ports.clock.monotonicMs(),
    };
  }
}

/** Of a message that is a request; whoever sent anything else waits for no answer. */
function requestIdOf(body: Buffer | undefined): RequestId | undefined {
  const strict = readStrict(body ?? Buffer.alloc(0));
  const message = strict.ok ? readMessage(strict.value) : strict;
  return message.ok && message.value.kind === "request" ? message.value.id : undefined;
}

function readAll(input: Readable, onChunk: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    input.on("data", onChunk);
    input.on("end", resolve);
    input.on("error", () => resolve());
  });
}
