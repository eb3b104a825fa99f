import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { IndexKeeper } from "../../src/catalogue/pages/index-keeper.ts";
import { addServer } from "../../src/storage/server-rows.ts";
import { openState, type State } from "../../src/storage/state.ts";
import { recordObserved } from "../../src/storage/tool-rows.ts";
import { openIndex, openSite } from "./site-fixture.ts";

function openTwice(): readonly [State, State] {
  const folder = mkdtempSync(join(tmpdir(), "keeper-"));
  const [here, there] = [openState(join(folder, "state.db")), openState(join(folder, "state.db"))];
  if (!here.ok || !there.ok) expect.fail("no state");
  onTestFinished(() => {
    here.value.db.close();
    there.value.db.close();
    rmSync(folder, { recursive: true });
  });
  return [here.value, there.value];
}

test("a server that the command line adds meanwhile is shown, judged by our rules", async () => {
  const [mine, theirs] = openTwice();
  const index = openIndex([]);
  const clock = { nowMs: 1_000 };
  const keeper = new IndexKeeper({
    catalogue: index,
    state: mine,
    nowMs: () => clock.nowMs,
    onSkipped: expect.fail,
  });
  keeper.open();
  const site = openSite(index.reader);
  const path = "/catalogue/tools/local%2Fmail/delete_all_messages";
  expect((await site.get(path)).status).toBe(404);

  const added = addServer(
    theirs,
    Buffer.alloc(32),
    {
      name: "mail",
      target: { kind: "stdio", command: ["npx", "-y", "@acme/mail"] },
      era: "auto",
      deadlineMs: 1_000,
      onChange: "block",
    },
    1,
  );
  if (!added.ok) expect.fail(added.error);
  const definition = { name: "delete_all_messages", description: "Deletes every message for good." };
  const tools = [{ name: definition.name, hash: "hash", definition }];
  recordObserved(theirs, added.value.id, tools, { complete: true }, 1);

  keeper.refresh();
  expect((await site.get(path)).status, "not looked for every time").toBe(404);
  clock.nowMs += 2_000;
  keeper.refresh();
  const page = await site.get(path);
  expect(page.status).toBe(200);
  expect(page.text).toContain("Critical risk");
  expect(page.text).toContain("Done: it is registered here as <code>mail</code>.");
  expect(page.text).toContain("portcullis policy publish --server mail --name recommended policy.json");
  expect(page.text).not.toContain("portcullis server add");
});
