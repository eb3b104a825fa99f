import { afterEach, expect, test } from "vitest";
import type { Exchange } from "../../../src/call/ports.ts";
import { listTools } from "../../../src/upstream/inspect.ts";
import { UpstreamDirectory } from "../../../src/upstream/upstreams.ts";
import { Cleanup } from "../harness.ts";
import { fixture, openStdio, stdioServer } from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const NO_HTTP = {
  open: (): Exchange => {
    throw new Error("no HTTP here");
  },
};

test("what a process asks of the gateway itself is refused while its tools are listed", async () => {
  const upstreams = new UpstreamDirectory(NO_HTTP, openStdio(cleanup));
  const listed = await listTools(upstreams, stdioServer(fixture("asking")), "legacy");
  expect(listed.ok && listed.value.tools).toEqual([{ name: "refused" }]);
});
