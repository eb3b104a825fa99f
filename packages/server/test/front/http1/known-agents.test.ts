import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { describe, expect, test } from "vitest";
import type { Ports } from "../../../src/call/ports.ts";
import { makeToken } from "../../../src/storage/token.ts";
import { LEGACY, type LineRig, openLine } from "../../call/line-rig.ts";

const POLICY = { version: "1", default: "deny", tools: { run: {} } };
const BODY = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "run", arguments: {} },
});

/** Calls over one connection, as a proxy makes them for many agents; the status of each. */
function shareConnection(rig: LineRig) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let calls = 0;
  return {
    async call(token: string): Promise<number | undefined> {
      const sent = request(rig.url, {
        agent,
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "content-length": BODY.length,
          "mcp-protocol-version": LEGACY,
        },
      });
      sent.end(BODY);
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      expect(sent.reusedSocket).toBe(calls > 0);
      calls += 1;
      return response.statusCode;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

describe("who calls is asked in every request of a connection (threats 52, 63)", () => {
  test("a grant that ends between two requests with one head", async () => {
    let hasEnded = false;
    const distort = (ports: Ports): Ports => ({
      ...ports,
      snapshot: {
        server: (id) => ports.snapshot.server(id),
        policy: (id) => ports.snapshot.policy(id),
        isCurrent: (grant, digest) => ports.snapshot.isCurrent(grant, digest),
        onChange: (listener) => ports.snapshot.onChange(listener),
        grantByDigest: (digest) => (hasEnded ? undefined : ports.snapshot.grantByDigest(digest)),
      },
    });
    await using rig = await openLine({ era: "legacy", policy: POLICY, distort });
    using connection = shareConnection(rig);
    const before = [await connection.call(rig.token), await connection.call(rig.token)];
    hasEnded = true;
    const after = await connection.call(rig.token);
    hasEnded = false;
    expect([...before, after, await connection.call(rig.token)]).toEqual([200, 200, 401, 200]);
  });

  test("another agent behind the same proxy", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    using connection = shareConnection(rig);
    const stranger = makeToken("g");
    const statuses: (number | undefined)[] = [];
    for (const token of [rig.token, stranger, rig.token, rig.token, stranger, stranger, rig.token])
      statuses.push(await connection.call(token));
    expect(statuses).toEqual([200, 401, 200, 200, 401, 401, 200]);
  });
});
