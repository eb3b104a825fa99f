/** A gateway whose parts fail where they are told to, with a recording server behind it. */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { startRig } from "../e2e/harness.ts";
import { Canaries } from "./canaries.ts";
import { CREDENTIAL, registrar, type World } from "./cells.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { startRawUpstream } from "./raw-upstream.ts";
import { startRelay } from "./relay.ts";
import { WatchedProcess } from "./watched-process.ts";
import { answerAsWorld } from "./world-server.ts";

/** What was called since the last time, and what of it failed. */
export interface Passed {
  readonly calls: number;
  readonly failed?: string;
}

/** Which call of the line to a port fails, counted from 1; 0 is none. Late: after the port has done its work. */
export interface Failing {
  readonly failAt: number;
  readonly isLate: boolean;
}

export interface FaultyWorld
  extends Pick<World, "rig" | "upstream" | "relay" | "register" | "canaries" | "ledger" | "process">,
    AsyncDisposable {
  fail(failing: Failing): Promise<Passed>;
}

const COMMAND = [
  process.execPath,
  "--conditions=portcullis-source",
  join(import.meta.dirname, "faulty-gateway.ts"),
];

export async function openFaultyWorld(): Promise<FaultyWorld> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRawUpstream(answerAsWorld));
  const relay = stack.use(await startRelay(upstream));
  const starting = Promise.withResolvers<{ readonly process: WatchedProcess; readonly lines: Lines }>();
  const rig = stack.use(
    await startRig({}, async (dataDir) => {
      const process = new WatchedProcess([dataDir], {}, COMMAND);
      const lines = new Lines(process);
      const { url } = JSON.parse(await lines.next()) as { url: string };
      starting.resolve({ process, lines });
      const close = () => process[Symbol.asyncDispose]();
      return { gateway: { url, adminUrl: "", close }, logged: () => process.logged };
    }),
  );
  const { process: serving, lines } = await starting.promise;
  const canaries = new Canaries();
  canaries.add("credential", CREDENTIAL);
  canaries.add("inside of a fault", "the-inside-of-a-fault-canary");
  const ledger = stack.use(new LedgerReader(rig.folder));
  const register = registrar({ rig, upstream, canaries });
  const open = stack.move();
  return {
    rig,
    upstream,
    relay,
    register,
    canaries,
    ledger,
    process: serving,
    fail: async (failing) => {
      serving.child.stdin.write(`${JSON.stringify(failing)}\n`);
      return JSON.parse(await lines.next()) as Passed;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The lines of a process, one by one. */
class Lines {
  readonly #process: WatchedProcess;
  readonly #lines: string[] = [];
  #waiting: (() => void) | undefined;

  constructor(process: WatchedProcess) {
    this.#process = process;
    createInterface({ input: process.child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#waiting?.();
    });
    process.child.once("exit", () => this.#waiting?.());
  }

  /** Rejects when the process is gone. */
  async next(): Promise<string> {
    if (this.#lines.length === 0 && this.#process.child.exitCode === null)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    const line = this.#lines.shift();
    if (line === undefined) throw new Error(`the gateway has ended: ${this.#process.logged.slice(-500)}`);
    return line;
  }
}
