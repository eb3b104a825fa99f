/** A `portcullis run` of its own in front of the recording server, started as a client starts it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./cells.ts";
import { compose } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { JsonLines } from "./json-lines.ts";
import type { Seen } from "./raw-upstream.ts";
import { WatchedProcess } from "./watched-process.ts";

const TARGET = { era: "modern", front: "lines", path: "", host: "", token: "", session: undefined } as const;
const ASKED: Case = { family: "run", id: "ask", name: "ask", threats: [50], expect: { forwarded: true } };

export interface OwnRun extends AsyncDisposable {
  readonly process: WatchedProcess;
  readonly lines: JsonLines;
  /** Sends one request of the modern era; the line that answers it. What is not said is a call of `any`. */
  ask(more?: Partial<Case>): Promise<string>;
  /** How many calls the server got. */
  readonly calls: () => number;
}

/** Everything is allowed; `options` are those of `run`, and the server is found under `path`. */
export function startRun(
  options: readonly string[],
  path: string,
  { folder, upstream }: Pick<World, "folder" | "upstream">,
): OwnRun {
  const policy = join(mkdtempSync(join(folder, "own-run-")), "p.json");
  writeFileSync(policy, JSON.stringify({ version: "1", default: "allow" }));
  const url = `http://127.0.0.1:${upstream.port}${path}`;
  const process = new WatchedProcess(["run", "-c", policy, "--era", "modern", ...options, "--url", url]);
  const isCall = (seen: Seen) => seen.path === path && seen.message?.["method"] === "tools/call";
  const lines = new JsonLines(process.child.stdin, process.child.stdout);
  return {
    process,
    lines,
    ask: (more = {}) => lines.ask(compose({ ...ASKED, ...more }, TARGET)),
    calls: () => upstream.seen.filter(isCall).length,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
