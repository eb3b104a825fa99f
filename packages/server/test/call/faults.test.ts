import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Ports } from "../../src/call/ports.ts";
import type { Era } from "../../src/call/records.ts";
import { serveStdio } from "../../src/front/stdio-front.ts";
import { type LineRig, MODERN, openLine } from "./line-rig.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: { limits: [{ counter: "calls", window: "day", max: 1 }] } },
};
const INTERNAL = { jsonrpc: "2.0", id: 1, error: { code: -32603 } };
const run = (rig: LineRig) => rig.send("tools/call", { name: "run", arguments: {} });

/** A port that breaks once, at a call of the tool. */
function failingOnce(what: "open" | "isCurrent"): (ports: Ports) => Ports {
  let isBroken = true;
  const fail = (isCall: boolean): void => {
    if (!isBroken || !isCall) return;
    isBroken = false;
    throw new RangeError("no");
  };
  return (ports) => ({
    ...ports,
    upstreams: {
      knownEra: (server) => ports.upstreams.knownEra(server),
      detectEra: (server) => ports.upstreams.detectEra(server),
      closeSession: (...args) => ports.upstreams.closeSession(...args),
      open: (request, sink) => {
        fail(
          what === "open" && request.message?.kind === "request" && request.message.method === "tools/call",
        );
        return ports.upstreams.open(request, sink);
      },
    },
    snapshot: {
      grantByDigest: (digest) => ports.snapshot.grantByDigest(digest),
      server: (id) => ports.snapshot.server(id),
      policy: (id) => ports.snapshot.policy(id),
      onChange: (listener) => ports.snapshot.onChange(listener),
      isCurrent: (grant, digest) => {
        fail(what === "isCurrent");
        return ports.snapshot.isCurrent(grant, digest);
      },
    },
  });
}

describe("a fault where a call would be sent (threat 65)", () => {
  test.each<[Era, "open" | "isCurrent"]>([
    ["modern", "open"],
    ["legacy", "open"],
    ["modern", "isCurrent"],
  ])("%s, %s: ends the call, which did not run", async (era, what) => {
    await using rig = await openLine({ era, policy: POLICY, distort: failingOnce(what) });
    expect(await run(rig)).toMatchObject({ status: 500, body: INTERNAL });
    expect(rig.line.open.size).toBe(0);
    expect(rig.warned).toMatchObject([["line_fault", { fault: "RangeError" }]]);
    // Charged, or with its id still taken, the second one would be refused.
    expect(await run(rig)).toMatchObject({ status: 200, body: { result: { content: [{ text: "ran" }] } } });
    const calls = rig.rows.filter(({ tool }) => tool === "run").map(({ seq }) => seq);
    expect(calls.length).toBe(2);
    expect(calls.map((seq) => rig.rows.find(({ of }) => of === seq)?.["status"])).toEqual([
      "upstream_error",
      "ok",
    ]);
  });
});

describe("a fault after the row leaves one row", () => {
  test("where the answer cannot be given", async () => {
    let isBroken = true;
    const refused = (): void => {
      if (!isBroken) return;
      isBroken = false;
      throw new RangeError("no");
    };
    const distort = (ports: Ports): Ports => ({ ...ports, observer: { ...ports.observer, refused } });
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    const { status } = await rig.send("tools/call", { name: "other", arguments: {} });
    expect([status, rig.rows.length]).toEqual([500, 1]);
  });

  test.each(["run", "other"])("where the log fails when it has the row: %s", async (name) => {
    const distort = (ports: Ports): Ports => ({
      ...ports,
      audit: {
        intend: async (entry) => {
          await ports.audit.intend(entry);
          throw new RangeError("no");
        },
        record: (entry) => ports.audit.record(entry),
      },
    });
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    expect(await rig.send("tools/call", { name, arguments: {} })).toMatchObject({
      status: 500,
      body: INTERNAL,
    });
    expect([rig.rows.length, rig.ran()]).toEqual([1, []]);
  });
});

describe("what happens while the row is written", () => {
  test("a log that takes no row ends the call, which is not charged (promise P1)", async () => {
    let isFull = true;
    const distort = (ports: Ports): Ports => ({
      ...ports,
      audit: {
        intend: async (entry) => {
          const takes = !isFull || entry.method !== "tools/call";
          return takes ? await ports.audit.intend(entry) : undefined;
        },
        record: (entry) => ports.audit.record(entry),
      },
    });
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    expect((await run(rig)).status).toBe(503);
    expect(rig.ran()).toEqual([]);
    isFull = false;
    expect((await run(rig)).status).toBe(200);
  });

  test("a grant that ends meanwhile sends nothing (promise P4)", async () => {
    const distort = (ports: Ports): Ports => {
      const { snapshot } = ports;
      return {
        ...ports,
        snapshot: {
          grantByDigest: (digest) => snapshot.grantByDigest(digest),
          server: (id) => snapshot.server(id),
          policy: (id) => snapshot.policy(id),
          onChange: (listener) => snapshot.onChange(listener),
          isCurrent: () => false,
        },
      };
    };
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    expect((await run(rig)).status).toBe(401);
    expect([rig.ran(), rig.rows.at(-1)?.["status"]]).toEqual([[], "cancelled"]);
  });
});

describe("a fault before a call is judged", () => {
  // Long enough not to stand in a random id.
  const WORDS = "the words of a fault";
  const distort = (ports: Ports): Ports => ({
    ...ports,
    tools: {
      ...ports.tools,
      isFresh: () => {
        throw new RangeError(WORDS);
      },
    },
  });

  test("is answered under the id of its request, and is on record", async () => {
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    expect(await run(rig)).toMatchObject({ status: 500, body: INTERNAL });
    expect(rig.rows).toMatchObject([
      { method: "tools/call", effect: "deny", rule: "(internal)", status: "refused" },
    ]);
    expect(JSON.stringify(rig.rows)).not.toContain(WORDS);
  });

  test("is answered on stdio, where nothing but the id says to whom", async () => {
    await using rig = await openLine({ era: "modern", policy: POLICY, distort });
    const [input, output] = [new PassThrough(), new PassThrough()];
    const served = serveStdio(input, output, () => rig.access(), rig.line);
    const meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { name: "run", arguments: {}, _meta: meta };
    input.end(`${JSON.stringify({ jsonrpc: "2.0", id: "mine", method: "tools/call", params })}\n`);
    await served;
    expect(JSON.parse(String(output.read()))).toMatchObject({ ...INTERNAL, id: "mine" });
  });

  test.each<[string, () => Promise<number | undefined>]>([
    ["never answers", () => new Promise(() => {})],
    ["fails", () => Promise.reject(new Error("no"))],
    [
      "fails at once",
      () => {
        throw new Error("no");
      },
    ],
  ])("is answered although the log %s", async (_, intend) => {
    const audit = { intend, record: () => {} };
    await using rig = await openLine({ era: "modern", policy: POLICY, distort, audit });
    expect(await run(rig)).toMatchObject({ status: 500, body: INTERNAL });
  });
});
