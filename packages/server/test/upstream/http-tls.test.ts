import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Cleanup, exchange, openUpstreams, postTo, serverAt } from "./harness.ts";
import { EXPIRED, MCP_EXAMPLE, OTHER_EXAMPLE, TEST_KEY } from "./tls-certificates.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function serveTls(cert: string): Promise<string> {
  const server = createServer({ key: TEST_KEY, cert }, (_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `https://mcp.example:${(server.address() as AddressInfo).port}/mcp`;
}

describe("TLS fails hard and clearly (F34)", () => {
  const resolve = async (): Promise<readonly string[]> => ["127.0.0.1"];
  const TLS = [{ fail: { kind: "tls", sent: false } }];

  test("a certificate of a known authority, for the right name", async () => {
    const upstreams = openUpstreams(cleanup, { resolve, ca: MCP_EXAMPLE });
    const told = await exchange(upstreams, postTo(serverAt(await serveTls(MCP_EXAMPLE))));
    expect(told).toEqual([{ answer: 200, body: "{}" }]);
  });

  test("nobody vouches for it, whatever the environment says", async () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const upstreams = openUpstreams(cleanup, { resolve });
      expect(await exchange(upstreams, postTo(serverAt(await serveTls(MCP_EXAMPLE))))).toEqual(TLS);
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
  });

  test.each([
    ["another name", OTHER_EXAMPLE],
    ["expired", EXPIRED],
  ] as const)("%s", async (_, cert) => {
    const upstreams = openUpstreams(cleanup, { resolve, ca: cert });
    const server = serverAt(await serveTls(cert));
    expect(await exchange(upstreams, postTo(server))).toEqual(TLS);
    expect(upstreams.load(server.id)).toEqual({ inFlight: 0, waiting: 0 });
  });
});
