import {
  type ClassifiedTool,
  createClassifier,
  type ToolDefinition,
  toToolDefinition,
} from "@portcullis/catalogue";
import { ok, type Result } from "@portcullis/policy";
import { type InspectedTarget, inspectTarget } from "@portcullis/server";
import { counted } from "../counted.ts";
import { endOnSignal } from "../end-on-signal.ts";
import type { Io } from "../io.ts";
import { toPrintable } from "../printable.ts";
import { withProgress } from "../progress.ts";
import type { Target } from "./server-target.ts";

/** A server's tools, seen and judged. */
export interface Look extends InspectedTarget {
  readonly classified: readonly ClassifiedTool[];
}

const DEADLINE_MS = 30_000;
/** Servers that are started for the first time fetch their packages meanwhile. */
const PATIENCE_MS = 90_000;
/** Started at one time: each is a whole program. */
const AT_ONCE = 4;

/** Starts a command, or asks a URL, for its tools. The error is one line. */
export async function lookAt(name: string, target: Target): Promise<Result<Look, string>> {
  const inspected = await inspectTarget(target, {
    deadlineMs: DEADLINE_MS,
    patienceMs: PATIENCE_MS,
  });
  if (!inspected.ok) return inspected;
  const definitions = inspected.value.tools.map(({ name: tool, definition }) =>
    toToolDefinition(tool, definition),
  );
  return ok({ ...inspected.value, classified: classifyAll(name, definitions) });
}

/** What we say of the tools of one server. */
export function classifyAll(server: string, tools: readonly ToolDefinition[]): readonly ClassifiedTool[] {
  const classify = createClassifier({ server, siblings: tools });
  return tools.map((tool) => ({ tool, verdict: classify(tool) }));
}

/** Looks at each server, a few at a time, results in order; says on standard error which are still waited for. */
export function lookAtEach<T, R>(
  io: Io,
  servers: readonly T[],
  nameOf: (server: T) => string,
  work: (server: T) => Promise<R>,
): Promise<readonly R[]> {
  const waiting = new Set(servers);
  const label = (): string => {
    const all = `listing the tools of ${counted(servers.length, "server")}`;
    const done = servers.length - waiting.size;
    if (done === 0) return all;
    return `${all}: ${done} done, waiting for ${[...waiting].map((each) => toPrintable(nameOf(each))).join(", ")}`;
  };
  const looks = inTurns(servers, (server) => work(server).finally(() => waiting.delete(server)));
  return withProgress(io, label, endOnSignal(looks));
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
