/**
 * The line of `packages/server` with nothing behind it that keeps anything: no audit, counters in memory. What is
 * left is HTTP, token, strict reading, policy. Its argument is a data folder. A composition root for the bench only.
 */
import { MemoryCounters } from "../../packages/server/src/counters/memory-counters.ts";
import { createAgentServer, listen } from "../../packages/server/src/front/http-server.ts";
import { openDataFolder, openState } from "../../packages/server/src/index.ts";
import { assembleLine, SYSTEM_CLOCK } from "../../packages/server/src/line-parts.ts";
import { boundHeap } from "../../packages/server/src/observe/bounded-heap.ts";
import { LiveObserver } from "../../packages/server/src/observe/observer.ts";
import { unwrap } from "./data-folder.ts";

// As the gateway has it: with more memory the same line is cheaper.
boundHeap();
const folder = unwrap(openDataFolder(process.argv[2] ?? ""));
let rows = 0;
const hosts = new Set<string>();
const { line } = assembleLine({
  state: unwrap(openState(folder.stateFile)),
  keys: folder.keys,
  audit: {
    intend: () => {
      rows += 1;
      return Promise.resolve(rows);
    },
    record: () => {},
  },
  counters: new MemoryCounters(SYSTEM_CLOCK),
  observer: new LiveObserver("warn", process.stderr),
  config: { maxBodyBytes: 4 * 1024 * 1024, allowedHosts: hosts, allowedOrigins: new Set() },
  clock: SYSTEM_CLOCK,
});
const port = await listen(createAgentServer(line), "127.0.0.1", 0);
hosts.add(`127.0.0.1:${port}`);
console.log(JSON.stringify({ event: "ready", url: `http://127.0.0.1:${port}` }));
