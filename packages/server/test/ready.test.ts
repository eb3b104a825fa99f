import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { resolveConfig } from "../src/config.ts";
import { startGateway } from "../src/main.ts";
import { makeFolder } from "./audit/fixtures.ts";
import { addTestServer, openTestState } from "./storage/fixtures.ts";

test("a gateway whose state cannot be read says that it is not ready", async () => {
  const folder = makeFolder();
  const flags = { port: 0, adminPort: 0, demo: false, catalogue: "off", logLevel: "silent" };
  const resolved = await resolveConfig({ flags, env: {}, dataDir: folder.path });
  if (!resolved.ok) throw new Error(resolved.error.join());
  const log = new Writable({ write: (_piece, _encoding, done) => done() });
  const started = await startGateway({ dataDir: folder.path, config: resolved.value.config, log });
  if (!started.ok) throw new Error(started.error);
  await using gateway = started.value;
  const ready = async () => (await fetch(`${gateway.adminUrl}/readyz`)).status;
  expect(await ready()).toBe(200);
  const file = join(folder.path, "state.db");
  const other = openTestState(file);
  addTestServer(other);
  other.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  other.db.close();
  for (const name of [file, `${file}-wal`]) {
    truncateSync(name, 0);
    writeFileSync(name, Buffer.alloc(100_000, 7));
  }
  expect(await ready()).toBe(503);
  folder.remove();
});
