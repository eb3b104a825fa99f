import { Writable } from "node:stream";

/** Everything a command takes from its surroundings, so that it runs in a test as it runs in a terminal. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: { readonly [name: string]: string | undefined };
  /** Absolute. */
  readonly cwd: string;
  /** Aborted when the user or the system asks to stop; until it is called, a signal ends the program as usual. */
  stopSignal(): AbortSignal;
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
}

export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The Io of this process. A reader of standard output that went away ends the program quietly. */
export function processIo(): Io {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE") process.exit(0);
    throw cause;
  });
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    stopSignal: onceStopSignal(),
    nowMs: () => Date.now(),
  };
}

function onceStopSignal(): () => AbortSignal {
  let stopping: AbortController | undefined;
  return () => {
    if (stopping !== undefined) return stopping.signal;
    const controller = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
    stopping = controller;
    return controller.signal;
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
