import { Writable } from "node:stream";

/** Everything a command takes from its surroundings, so that it runs in a test as it runs in a terminal. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: { readonly [name: string]: string | undefined };
  /** Absolute. */
  readonly cwd: string;
  /**
   * Aborted when the user or the system asks to stop, or nobody reads standard output any more; until it is called, a
   * signal ends the program as usual.
   */
  stopSignal(): AbortSignal;
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
}

export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * The Io of this process. Where nobody reads an output any more, what is written to it is dropped, and the command ends
 * with its own exit code; one that would go on for ever is asked to stop when its standard output is gone.
 */
export function processIo(): Io {
  const stopping = new AbortController();
  onUnread(process.stdout, () => stopping.abort());
  onUnread(process.stderr, () => {});
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    stopSignal: onceStopSignal(stopping),
    nowMs: () => Date.now(),
  };
}

/** A stream that failed drops by itself what is written to it. */
function onUnread(output: Writable, told: () => void): void {
  output.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") throw cause;
    told();
  });
}

function onceStopSignal(stopping: AbortController): () => AbortSignal {
  let isListening = false;
  return () => {
    if (!isListening) {
      isListening = true;
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());
    }
    return stopping.signal;
  };
}

/** The stream itself where there is one, so that its back-pressure is felt. */
export function toWritable(output: TextOutput): Writable {
  if (output instanceof Writable) return output;
  return new Writable({
    write(chunk, _encoding, done) {
      output.write(String(chunk));
      done();
    },
  });
}
