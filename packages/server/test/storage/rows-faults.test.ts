import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { revokeGrant, setGrant } from "../../src/storage/grant-rows.ts";
import { acceptTools, listTools, recordObserved } from "../../src/storage/tool-rows.ts";
import { makeFolder } from "../audit/fixtures.ts";
import { addTestServer, mintGrant, NOW_MS, openTestState, publish, toolOf } from "./fixtures.ts";

describe("state.db", () => {
  it("is private from its first byte", () => {
    const folder = makeFolder();
    const file = join(folder.path, "state.db");
    const state = openTestState(file);
    addTestServer(state);
    expect([file, `${file}-wal`].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
    state.db.close();
    folder.remove();
  });

  it("a revoked grant is not edited", () => {
    const state = openTestState();
    addTestServer(state);
    publish(state);
    mintGrant(state);
    revokeGrant(state, "ci-runner", NOW_MS);
    expect(setGrant(state, "ci-runner", { policy: "support" })).toEqual({
      ok: false,
      error: "grant `ci-runner` is revoked; make a new one with `grant create`",
    });
  });

  it("once somebody accepted tools by hand, the next list is compared and not taken on trust", () => {
    const state = openTestState();
    const { id } = addTestServer(state);
    recordObserved(state, id, [toolOf("a")], { complete: false }, NOW_MS);
    acceptTools(state, id, ["a"], NOW_MS);
    recordObserved(state, id, [toolOf("a", { x: 1 }), toolOf("b")], { complete: true }, NOW_MS);
    expect(listTools(state, id).map(({ name, pin }) => `${name} ${pin}`)).toEqual(["a changed", "b new"]);
  });
});
