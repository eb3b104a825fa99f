import { PassThrough, Writable } from "node:stream";
import { validatePolicy } from "@portcullis/policy";
import { type RunOptions, runStdio } from "@portcullis/server";
import { unwrap } from "./harness.ts";

const ALLOW_ALL = unwrap(validatePolicy({ version: "1", default: "allow" }));

/** `run` in this process before one server, with a policy that allows everything. */
export interface StdioRun {
  /** Sends one message of the client. */
  send(message: object): void;
  readonly output: PassThrough;
  /** Resolves when the gateway has ended; throws where it failed. */
  end(): Promise<void>;
}

/** `rows` gets the audit rows, one a line; without it they go nowhere. */
export function startStdioRun(
  { target, era }: Pick<RunOptions, "target" | "era">,
  rows: Writable = nowhere(),
): StdioRun {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = runStdio({
    policy: ALLOW_ALL,
    policyName: "test",
    target,
    era,
    deadlineMs: 20_000,
    onChange: "block",
    data: undefined,
    maxBodyBytes: 1_000_000,
    logLevel: "error",
    input,
    output,
    rows,
    log: nowhere(),
  });
  return {
    send: (message) => void input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    output,
    end: async () => {
      input.end();
      unwrap(await ended);
    },
  };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
