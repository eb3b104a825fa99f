import { join } from "node:path";
import { createGrant } from "@portcullis/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { connectSdk1, endpointOf } from "./sdk-clients.ts";

/** Processes of one server. */
const PLACES = 8;
const MIRROR = [process.execPath, join(import.meta.dirname, "fixtures/mirror.mjs")];
const SHOW = { name: "show", arguments: {} };

let rig: Rig;
let first: Registered;
let second: Registered;

beforeEach(async () => {
  rig = await startRig();
  first = rig.add("mirror", { kind: "stdio", command: MIRROR }, { version: "1", default: "allow" });
  const expiresAtMs = Date.now() + 60_000;
  const grant = { label: "second", server: "mirror", policy: "test", mode: "enforce", expiresAtMs } as const;
  second = { ...first, token: unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now())).token };
});
afterEach(() => rig[Symbol.asyncDispose]());

test("a grant with every session open does not keep another out", async () => {
  const held = [];
  // One after the other, so that the first is idle for longest. Each holds its GET stream open, as SDKs do.
  for (let count = 0; count < PLACES; count += 1) {
    const client = await connectSdk1(endpointOf(first));
    await client.callTool(SHOW);
    held.push(client);
  }
  const newcomer = await connectSdk1(endpointOf(second));
  expect(await newcomer.callTool(SHOW)).toMatchObject({ content: [{ type: "text" }] });
  const calls = await Promise.allSettled(held.map((client) => client.callTool(SHOW)));
  expect(calls.map(({ status }) => status)).toEqual(["rejected", ...Array(PLACES - 1).fill("fulfilled")]);
  // Who lost a session begins another.
  await held[0]?.close();
  const again = await connectSdk1(endpointOf(first));
  expect(await again.callTool(SHOW)).toMatchObject({ content: [{ type: "text" }] });
  for (const client of [...held.slice(1), newcomer, again]) await client.close();
});
