import type { UpstreamFailure } from "../../call/ports.ts";

/**
 * Given back for `initialize`, so that the line opens a session; the wire itself is the session. No server over
 * HTTP can issue it: there a session id holds no space.
 */
export const CHANNEL_SESSION = "portcullis channel";

/** Servers print banners to standard output; so many lines in a row without any message are not a banner. */
export const MAX_STRAY_LINES = 100;

/**
 * What carries the messages of one session to a server and back: the pipes of a process, or an event stream with
 * the address that takes messages. A {@link Channel} speaks over it.
 */
export interface Wire {
  /** Begins to read; once, in the turn that opened it. */
  listen(listener: WireListener): void;
  /** False once it was asked to stop or has ended. */
  readonly isOpen: boolean;
  /** False when it takes no more for now: what was written before is still on its way. */
  readonly hasRoom: boolean;
  /**
   * Writes one message, a line with its end. `headers` (name, value, name, value) are the client's that travel with
   * it, where the wire has headers. False, with nothing written and nothing told, when it takes none any more.
   */
  write(line: string, receipt: Receipt, headers: readonly string[]): boolean;
  /** Reads on, or leaves what comes where it is. */
  setReading(isReading: boolean): void;
  /** Ends it politely. What still waits is told `stopFailure`. */
  stop(): void;
  readonly stopFailure: UpstreamFailure;
  /** Ends it at once. */
  kill(): void;
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>;
}

/** What becomes of one written message. Nothing is told after `onRefused` or `onFailed`. */
export interface Receipt {
  /** Its place is certain: what is written from now on arrives after it. */
  onTaken(): void;
  /** The server has it. */
  onRead(): void;
  /** The server answered with this HTTP status instead of taking it. */
  onRefused(status: number): void;
  onFailed(failure: UpstreamFailure): void;
}

/** What a wire brings, in order; nothing comes after `onEnd`. */
export interface WireListener {
  /** One message. A Buffer is valid only during the call. */
  onLine(line: Buffer | string): void;
  /** A message exceeded the cap and was skipped. */
  onOversizedLine(): void;
  /** A message exceeded the cap many times over and still goes on. */
  onEndlessLine(): void;
  /** A write was left unread for too long; the wire is being ended. */
  onStalled(): void;
  onEnd(end: WireEnd): void;
}

/** How a wire ended. */
export interface WireEnd {
  /** What requests in flight are told. */
  readonly failure: UpstreamFailure;
  /** The server ended it as it may; with nothing in flight that is no crash. */
  readonly isClean: boolean;
  /**
   * Something that was sent on it may have ended it. Else, unless the server answered before, no other channel
   * would fare better.
   */
  readonly mayBeOwnFault: boolean;
  /** Labels and numbers for a log line. */
  readonly details: { readonly [name: string]: string | number | undefined };
}
