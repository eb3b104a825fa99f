import { connect } from "node:net";
import { revokeGrant, setGrant } from "@portcullis/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unwrap } from "../e2e/harness.ts";
import { openWorld, type World } from "./cells.ts";
import { compose } from "./compose.ts";
import { openPlace, read, say } from "./conversation.ts";
import { LineClient } from "./line-client.ts";
import { sendRaw } from "./raw-client.ts";
import { jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";

const ALLOW = { version: "1", default: "allow" };

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: "object" }, ...more });
const isCall = ({ message }: Seen): boolean => message?.["method"] === "tools/call";
const newest = () => world.rig.rows().at(-1);

/** A head that opens an answer which never comes. */
const SILENCE: RawReply = {
  pieces: [
    Buffer.from("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: wait\n\n"),
  ],
};

describe("lists over time (threats 33, 38)", () => {
  test("a tool that was gone and comes back as another one waits for somebody", async () => {
    let offered: object[] = [tool("a"), tool("ok")];
    const place = await openPlace(world, "modern", ALLOW, ({ message }) =>
      message?.["method"] === "tools/list" ? { tools: offered } : undefined,
    );
    const list = async () => {
      const said = read(await say(world, place.one, { method: "tools/list", params: '"x":1' }));
      const tools = said.result?.["tools"] as readonly { name: string }[];
      return tools.map(({ name }) => name);
    };
    const call = async () => (await say(world, place.one, { tool: "a" })).body.toString("utf8");
    expect(await list()).toEqual(["a", "ok"]);
    offered = [tool("ok")];
    expect(await list()).toEqual(["ok"]);
    offered = [tool("a", { description: "evil" }), tool("ok")];
    expect(await list()).toEqual(["ok"]);
    expect(await call()).toContain("changed and waits for acceptance");
    offered = [tool("a"), tool("ok")];
    expect(await list()).toEqual(["a", "ok"]);
    expect(await call()).not.toContain("[POLICY DENIED]");
  });

  test("cursors that go round in a circle are noticed, and nothing of such a list is used", async () => {
    const pages: { readonly [cursor: string]: string } = { "": "A", A: "B", B: "A" };
    const place = await openPlace(world, "modern", ALLOW, ({ message }) => {
      const params = (message?.["params"] ?? {}) as { cursor?: string };
      const cursor = params.cursor ?? "";
      return message?.["method"] === "tools/list"
        ? { tools: [tool(`t${cursor}`)], nextCursor: pages[cursor] }
        : undefined;
    });
    const before = world.upstream.seen.length;
    const said = read(await say(world, place.one, { tool: "t" }));
    expect(said.error?.code).toBe(-32603);
    const own = world.upstream.seen
      .slice(before)
      .filter(({ message }) => message?.["method"] === "tools/list");
    expect(own.length).toBeLessThanOrEqual(3);
  });
});

describe("a call in flight (threats 13, 52, 71)", () => {
  test("the same id a second time in a session is refused while the first one runs", async () => {
    const place = await openPlace(world, "session", ALLOW, (seen) => (isCall(seen) ? SILENCE : undefined));
    const body =
      '{"jsonrpc":"2.0","id":"twice","method":"tools/call","params":{"name":"any","arguments":{}}}';
    const first = connect(Number(new URL(world.rig.gateway.url).port), "127.0.0.1");
    const written = {
      family: "s",
      id: "s",
      name: "s",
      threats: [13],
      body,
      expect: { forwarded: true } as const,
    };
    first.write(compose(written, place.one).wire);
    await expect.poll(() => world.upstream.seen.filter(isCall).at(-1)?.message?.["id"]).toBe("twice");
    const second = await say(world, place.one, { body });
    expect([second.status, read(second).error?.code]).toEqual([400, -32600]);
    // Another session may well use it.
    const foreign = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"twice"}}';
    expect((await say(world, place.two, { body: foreign })).status).toBe(202);
    expect((await say(world, place.one, { body })).status).toBe(400);
    first.destroy();
  });

  test("a modern client that leaves cancels, and the row says so", async () => {
    const place = await openPlace(world, "modern", ALLOW, (seen) => (isCall(seen) ? SILENCE : undefined));
    const socket = connect(Number(new URL(world.rig.gateway.url).port), "127.0.0.1");
    const written = { family: "s", id: "s", name: "s", threats: [71], expect: { forwarded: true } as const };
    const before = world.upstream.seen.length;
    socket.write(compose(written, place.one).wire);
    await expect.poll(() => world.upstream.seen.slice(before).some(isCall)).toBe(true);
    socket.destroy();
    await expect.poll(newest).toMatchObject({ tool: "any", effect: "allow", status: "cancelled" });
  });

  test("a grant that ends ends what it has open", async () => {
    const place = await openPlace(world, "modern", ALLOW, (seen) => (isCall(seen) ? SILENCE : undefined));
    const before = world.upstream.seen.length;
    const waiting = say(world, place.two, {});
    await expect.poll(() => world.upstream.seen.slice(before).some(isCall)).toBe(true);
    unwrap(revokeGrant(world.rig.state, newest()?.grant ?? "", Date.now()));
    const cut = await waiting;
    expect(cut.body.toString("utf8")).not.toContain('"result"');
    expect((await say(world, place.two, {})).status).toBe(401);
    expect((await say(world, place.one, { method: "server/discover", params: '"x":1' })).status).toBe(200);
  });

  test("an answer before the request was whole does no harm", async () => {
    const early = jsonReply({ jsonrpc: "2.0", id: 1, result: {} });
    const place = await openPlace(world, "stateless", ALLOW, (seen) => (isCall(seen) ? early : undefined));
    const answer = await say(world, place.one, { arguments: `{"a":"${"x".repeat(1_000_000)}"}` });
    expect(answer.body.toString("utf8")).toContain("[UPSTREAM ERROR]");
    expect(
      (await sendRaw(world.rig.gateway.url, Buffer.from("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"))).status,
    ).toBe(404);
  });
});

describe("what a grant may, from one message to the next (threats 37, 49, 63)", () => {
  test("another mode and no policy hold from the next message on", async () => {
    const deny = { version: "1", default: "deny" };
    const place = await openPlace(world, "modern", deny, () => undefined);
    const call = async () => (await say(world, place.two, {})).body.toString("utf8");
    expect(await call()).toContain("[POLICY DENIED]");
    unwrap(setGrant(world.rig.state, newest()?.grant ?? "", { mode: "shadow" }));
    expect(await call()).not.toContain("[POLICY DENIED]");
    await expect.poll(newest).toMatchObject({ mode: "shadow", effect: "deny", status: "ok" });
    unwrap(setGrant(world.rig.state, newest()?.grant ?? "", { mode: "enforce" }));
    expect(await call()).toContain("[POLICY DENIED]");
  });

  test("a listener hears of no resource that it may not read", async () => {
    const policy = { version: "1", default: "deny", resources: { allow: ["docs://public/**"] } };
    const place = await openPlace(world, "modern", policy, ({ message }) =>
      message?.["method"] === "subscriptions/listen" ? {} : undefined,
    );
    const before = world.upstream.seen.length;
    const uris = [
      "docs://public/a",
      "docs://secret/b",
      "docs://public/../secret/c",
      "file:///etc",
      7,
      null,
      ["docs://public/d"],
    ];
    const params = `"notifications":{"resourceSubscriptions":${JSON.stringify(uris)}}`;
    await say(world, place.one, { method: "subscriptions/listen", params });
    const heard = world.upstream.seen.slice(before).map(({ message }) => message?.["params"]);
    expect(heard).toMatchObject([{ notifications: { resourceSubscriptions: ["docs://public/a"] } }]);
  });
});

describe("strangers in numbers (threat 56)", () => {
  test.runIf(process.platform === "linux")("one address is throttled, and nobody else notices", async () => {
    const place = await openPlace(world, "modern", ALLOW, () => undefined);
    const guess = (token: string): Promise<number> =>
      new Promise((resolve) => {
        const { port } = new URL(world.rig.gateway.url);
        const socket = connect({ port: Number(port), host: "127.0.0.1", localAddress: "127.9.9.9" });
        const written = {
          family: "s",
          id: "s",
          name: "s",
          threats: [56],
          expect: { forwarded: true } as const,
        };
        socket.once("data", (data: Buffer) => {
          socket.destroy();
          resolve(Number(data.subarray(9, 12)));
        });
        socket.write(compose(written, { ...place.one, token }).wire);
      });
    const rows = world.rig.rows().length;
    const statuses = [];
    for (let times = 0; times < 70; times += 1) statuses.push(await guess(`pcl_g_${"0".repeat(38)}`));
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect(world.rig.rows().length).toBe(rows);
    expect(await guess(place.one.token)).toBe(200);
  });
});

describe("run, for clients on stdio", () => {
  test("what the server says on its own stream reaches the client, screened", async () => {
    const notices = [
      { jsonrpc: "2.0", method: "notifications/made-up" },
      { jsonrpc: "2.0", id: 5, method: "sampling/createMessage", params: {} },
      { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
    ];
    const events = notices.map((notice) => `data: ${JSON.stringify(notice)}\n\n`).join("");
    const previous = world.upstream.script;
    world.upstream.script = (seen) => {
      if (seen.path !== "/stateless/run" || seen.verb !== "GET") return previous(seen);
      const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
      return { pieces: [Buffer.from(`${head}${events}`)], ends: "close" };
    };
    const url = `http://127.0.0.1:${world.upstream.port}/stateless/run`;
    {
      const { folder } = world;
      const options = { folder, isKept: false, policy: ALLOW, era: "legacy" } as const;
      await using client = await LineClient.start({ ...options, server: { url } });
      await client.initialize();
      await expect.poll(() => client.lines.at(-1)).toBe(JSON.stringify(notices[2]));
      expect(client.lines.join("\n")).not.toMatch(/made-up|sampling/);
    }
    world.upstream.script = previous;
  });
});
