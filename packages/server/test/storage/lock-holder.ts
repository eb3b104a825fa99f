/** Takes the data folder that is its argument, collects garbage, says so, and holds it until it is killed. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { lockDataFolder } from "../../src/storage/data-folder.ts";

function hold(path: string): void {
  const lock = lockDataFolder({ path });
  if (!lock.ok) throw new Error(lock.error);
  lock.value.announce({ pid: process.pid, url: "http://127.0.0.1:1", adminUrl: "http://127.0.0.1:2" });
}

hold(process.argv[2] ?? "");
setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
setImmediate(() => {
  if (typeof collect === "function") collect();
  process.stdout.write("held\n");
});
setInterval(() => {}, 60_000);
