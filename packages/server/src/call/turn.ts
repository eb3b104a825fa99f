/**
 * The order of work in one turn of the event loop. First come the bytes of all connections; what they complete is then
 * taken up kind by kind: answers of servers, messages of agents, commits. Under load that keeps the code of one kind
 * and its data near the processor, and wakes whoever waits for many bytes once instead of many times (ADR 20).
 */

/** Runs in the turn in which it was added, or in the next one when its kind had its time already. Must not throw. */
export type Task = () => void;

/** Tasks of one kind, in the order in which they came. */
class Batch {
  #tasks: Task[] = [];

  get isEmpty(): boolean {
    return this.#tasks.length === 0;
  }

  add(task: Task): void {
    this.#tasks.push(task);
    schedule();
  }

  run(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}

/** What this turn still has to do. */
export const turn = {
  /** Answers of servers that are complete. */
  answers: new Batch(),
  /** Messages of agents that are complete. */
  messages: new Batch(),
  /** What has to be on the disk before anything is sent. */
  commits: new Batch(),
} as const;

let isScheduled = false;

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  // One for each, so that what a kind resolves goes on before the next kind begins.
  setImmediate(() => turn.answers.run());
  setImmediate(() => turn.messages.run());
  setImmediate(() => {
    isScheduled = false;
    turn.commits.run();
    if (!turn.answers.isEmpty || !turn.messages.isEmpty) schedule();
  });
}

let writes: Task[] = [];

/** Writes together with everything that this step of the turn writes, at the end of the step. Must not throw. */
export function writeTogether(write: Task): void {
  if (writes.length === 0) process.nextTick(runWrites);
  writes.push(write);
}

function runWrites(): void {
  const now = writes;
  writes = [];
  for (const write of now) write();
}
