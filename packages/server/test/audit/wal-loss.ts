import { DiskSync } from "../../src/storage/disk-sync.ts";
import { startWalCheckpoints } from "../../src/storage/wal-checkpoints.ts";
import { intentOf, openTestLedger } from "./fixtures.ts";

/** Run under a tracer that fails the syncs of the thread: prints what the writer's own next sync says. */
const [file = ""] = process.argv.slice(2);
const disk = new DiskSync(`${file}-wal`);
const ledger = openTestLedger(file);
const stop = startWalCheckpoints(file, { disk, onFailure: (reason) => console.log(reason) });
for (let count = 0; count < 600; count += 1) await ledger.intend(intentOf({ message: "x".repeat(2_000) }));
const timer = setInterval(() => {
  const failure = disk.now();
  if (failure === undefined) return;
  console.log(JSON.stringify(failure));
  clearInterval(timer);
  ledger.close();
  void stop[Symbol.asyncDispose]();
}, 50);
