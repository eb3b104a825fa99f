import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * While `work` goes on, SIGINT and SIGTERM end the program with 130 and 143 by way of its `exit` event, on which the
 * servers that it started are killed: they are in groups of their own, so that a signal does not reach them. Where
 * signals are handled already, they are left to that.
 */
export async function endOnSignal<T>(work: Promise<T>): Promise<T> {
  if (SIGNALS.some((signal) => process.listenerCount(signal) > 0)) return work;
  const end = (signal: (typeof SIGNALS)[number]): never => process.exit(128 + constants.signals[signal]);
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work;
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
  }
}
