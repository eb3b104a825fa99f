import { createGrant, type NewServer } from "@portcullis/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { INITIALIZE, LEGACY, type LegacySending, request, sendLegacy } from "./legacy-client.ts";
import {
  type Answering,
  type Received,
  type ScriptedUpstream,
  startUpstream,
  TOOL,
} from "./scripted-upstream.ts";

const INITIALIZED = { protocolVersion: LEGACY, capabilities: {}, serverInfo: { name: "s", version: "1" } };
const DONE = { content: [{ type: "text", text: "done" }] };
const POLICY = { version: "1", default: "deny", tools: { run: {} } };

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;
let issuesSessions: boolean;
let sessions: number;
let onMessage: (answering: Answering) => void;

beforeEach(async () => {
  rig = await startRig();
  issuesSessions = true;
  sessions = 0;
  onMessage = ({ result }) => result(DONE);
  upstream = await startUpstream((answering) => {
    const { verb, message, headers } = answering.received;
    // The gateway takes the list of tools in a session of its own.
    if (headers["mcp-session-id"] === "own") answerGateway(answering);
    else if (message["method"] === "initialize") answering.result(INITIALIZED, issued(message));
    else if (verb === "POST" && message["id"] === undefined) answering.status(202);
    else onMessage(answering);
  });
  registered = rig.add("legacy", target(), POLICY, { era: "legacy" });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function target(): NewServer["target"] {
  return { kind: "http", url: upstream.url, headers: [] };
}

function issued(message: Received["message"]): Record<string, string> {
  const { clientInfo } = message["params"] as { clientInfo: { name: string } };
  if (clientInfo.name === "portcullis") return { "mcp-session-id": "own" };
  if (!issuesSessions) return {};
  sessions += 1;
  return { "mcp-session-id": `upstream-${sessions}` };
}

function answerGateway({ received, result, status }: Answering): void {
  if (received.message["method"] === "tools/list") result({ tools: [TOOL("run"), TOOL("other")] });
  else status(received.verb === "DELETE" ? 200 : 202);
}

/** What reached the server in sessions of clients. */
function seen(): readonly Received[] {
  return upstream.received.filter(({ headers }) => String(headers["mcp-session-id"]).startsWith("upstream-"));
}

function send(
  message: object | undefined,
  { to = registered, ...sending }: LegacySending & { readonly to?: Registered } = {},
): Promise<Response> {
  return sendLegacy(to, message, sending);
}

async function initialize(to = registered): Promise<string | undefined> {
  const response = await send(INITIALIZE, { to });
  expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 0, result: INITIALIZED });
  return response.headers.get("mcp-session-id") ?? undefined;
}

const RUN = request("tools/call", { name: "run", arguments: {} });

async function answerOf(sent: Promise<Response>): Promise<[number, unknown]> {
  const response = await sent;
  const text = await response.text();
  return [response.status, text === "" ? undefined : JSON.parse(text)];
}

/** A second grant on the first server. */
function anotherGrant(label = "somebody-else"): Registered {
  const grant = {
    label,
    server: "legacy",
    policy: "test",
    mode: "enforce",
    expiresAtMs: Date.now() + 60_000,
  } as const;
  const { token } = unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now()));
  return { ...registered, token };
}

const UNKNOWN_SESSION = [
  404,
  {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32000, message: "Session not found; send `initialize` again." },
  },
];

describe("sessions (threat 52)", () => {
  test("the gateway mints the id; the server gets its own back", async () => {
    const session = await initialize();
    expect(session).toMatch(/^[\w-]{32}$/);
    expect(await answerOf(send(RUN, { session }))).toEqual([200, { jsonrpc: "2.0", id: 1, result: DONE }]);
    expect(seen().map(({ headers }) => headers["mcp-session-id"])).toEqual(["upstream-1"]);
    expect(seen()[0]?.headers["mcp-protocol-version"]).toBe(LEGACY);
  });

  const STRANGE: readonly {
    name: string;
    session: () => Promise<string | undefined>;
  }[] = [
    { name: "an unknown id", session: async () => "A".repeat(32) },
    {
      name: "the server's own id",
      session: async () => {
        await initialize();
        return "upstream-1";
      },
    },
    { name: "the id of another grant", session: () => initialize(anotherGrant()) },
    {
      name: "the id of another server",
      session: () => initialize(rig.add("second", target(), POLICY, { era: "legacy" })),
    },
  ];
  for (const { name, session } of STRANGE) {
    test(`${name} is 404 on every verb and reaches nobody`, async () => {
      const id = await session();
      expect(await answerOf(send(RUN, { session: id }))).toEqual(UNKNOWN_SESSION);
      expect((await send(undefined, { session: id })).status).toBe(404);
      expect((await send(undefined, { session: id, verb: "DELETE" })).status).toBe(404);
      expect(seen()).toEqual([]);
    });
  }

  test("a missing id is 400 where the server issues them", async () => {
    await initialize();
    const [status, body] = await answerOf(send(RUN));
    expect([status, (body as { error: { code: number } }).error.code]).toEqual([400, -32000]);
    expect((await send(undefined)).status).toBe(400);
    expect((await send(undefined, { verb: "DELETE" })).status).toBe(400);
    expect(seen()).toEqual([]);
  });

  test("a server without sessions needs none, and a made-up one is 404", async () => {
    issuesSessions = false;
    expect(await initialize()).toBeUndefined();
    expect(await answerOf(send(RUN))).toEqual([200, { jsonrpc: "2.0", id: 1, result: DONE }]);
    expect(upstream.received.at(-1)?.headers).not.toHaveProperty("mcp-session-id");
    expect(await answerOf(send(RUN, { session: "made-up" }))).toEqual(UNKNOWN_SESSION);
  });

  test("a server that issues no sessions any more needs none once a client initialised", async () => {
    const session = await initialize();
    issuesSessions = false;
    expect((await send(RUN)).status).toBe(400);
    expect(await initialize()).toBeUndefined();
    expect(await answerOf(send(RUN))).toEqual([200, { jsonrpc: "2.0", id: 1, result: DONE }]);
    expect((await send(RUN, { session })).status).toBe(200);
  });

  test("a session that the server lost is 404, and the client initialises again", async () => {
    const lost = await initialize();
    onMessage = ({ received, status, result }) =>
      received.headers["mcp-session-id"] === "upstream-1" ? status(404) : result(DONE);
    expect(await answerOf(send(RUN, { session: lost }))).toEqual(UNKNOWN_SESSION);
    const forwarded = seen().length;
    expect(await answerOf(send(RUN, { session: lost }))).toEqual(UNKNOWN_SESSION);
    expect(seen()).toHaveLength(forwarded);
    const session = await initialize();
    expect(session).not.toBe(lost);
    expect((await answerOf(send(RUN, { session })))[0]).toBe(200);
  });

  test("a server that lost the session says so on GET as well", async () => {
    const session = await initialize();
    onMessage = ({ status }) => status(404);
    expect((await send(undefined, { session })).status).toBe(404);
  });

  test("DELETE passes through once and ends the session", async () => {
    const session = await initialize();
    onMessage = ({ status }) => status(200);
    expect((await send(undefined, { session, verb: "DELETE" })).status).toBe(200);
    expect(await answerOf(send(RUN, { session }))).toEqual(UNKNOWN_SESSION);
    expect(seen().map(({ verb }) => verb)).toEqual(["DELETE"]);
  });

  test("a server that ends no session on request says 405, and the session lives on", async () => {
    const session = await initialize();
    onMessage = ({ received, status, result }) => (received.verb === "DELETE" ? status(405) : result(DONE));
    expect((await send(undefined, { session, verb: "DELETE" })).status).toBe(405);
    expect((await answerOf(send(RUN, { session })))[0]).toBe(200);
  });
});

/** What the gateway sent on of one method, in sessions of clients. */
function forwarded(method: string): readonly unknown[] {
  return seen().flatMap(({ message }) => (message["method"] === method ? [message["params"]] : []));
}

describe("methods", () => {
  test("an unknown method is -32601 and reaches nobody", async () => {
    const session = await initialize();
    for (const method of ["tools/erase", "server/discover", "subscriptions/listen", "Tools/call"]) {
      expect(await answerOf(send(request(method), { session }))).toEqual([
        200,
        { jsonrpc: "2.0", id: 1, error: { code: -32601, message: `Method not found: ${method}` } },
      ]);
    }
    expect(seen()).toEqual([]);
  });

  test("a known notification passes; an unknown one is 202 and reaches nobody", async () => {
    const session = await initialize();
    for (const method of ["notifications/initialized", "notifications/erase"]) {
      expect(await answerOf(send({ jsonrpc: "2.0", method }, { session }))).toEqual([202, undefined]);
    }
    expect(seen().map(({ message }) => message["method"])).toEqual(["notifications/initialized"]);
  });

  test("a batch is refused (-32600), whatever is in it", async () => {
    const session = await initialize();
    for (const batch of [[], [RUN], [RUN, request("ping", {}, 2)]]) {
      const [status, body] = await answerOf(send(batch, { session }));
      expect([status, (body as { error: { code: number } }).error.code]).toEqual([400, -32600]);
    }
    expect(seen()).toEqual([]);
  });

  test("ping and logging/setLevel pass whatever the policy", async () => {
    const session = await initialize();
    onMessage = ({ result }) => result({});
    for (const method of ["ping", "logging/setLevel"]) {
      expect(await answerOf(send(request(method), { session }))).toEqual([
        200,
        { jsonrpc: "2.0", id: 1, result: {} },
      ]);
    }
  });
});

describe("resources, prompts and completion (policy-spec R7)", () => {
  const R7 = {
    version: "1",
    default: "deny",
    resources: { allow: ["docs://public/**"], deny: ["docs://public/secret/**"] },
    prompts: { allow: ["greet*"], deny: ["greet-boss"] },
  };
  beforeEach(() => {
    registered = rig.add("sections", target(), R7, { era: "legacy" });
  });

  const JUDGED: readonly { method: string; passes: object; stopped: readonly object[] }[] = [
    ...["resources/read", "resources/subscribe", "resources/unsubscribe"].map((method) => ({
      method,
      passes: { uri: "docs://public/a" },
      stopped: [
        { uri: "docs://public/secret/a" },
        { uri: "docs://private/a" },
        { uri: "docs://public/../private/a" },
        { uri: "docs://public/%2e%2e/private/a" },
      ],
    })),
    {
      method: "prompts/get",
      passes: { name: "greet" },
      stopped: [{ name: "greet-boss" }, { name: "other" }],
    },
    {
      method: "completion/complete",
      passes: { ref: { type: "ref/prompt", name: "greet" }, argument: { name: "a", value: "" } },
      stopped: [
        { ref: { type: "ref/prompt", name: "other" }, argument: { name: "a", value: "" } },
        { ref: { type: "ref/resource", uri: "docs://private/{id}" }, argument: { name: "id", value: "" } },
        { ref: { type: "ref/resource", uri: "docs://private/a" }, argument: { name: "id", value: "" } },
      ],
    },
    {
      method: "completion/complete",
      passes: {
        ref: { type: "ref/resource", uri: "docs://public/{id}" },
        argument: { name: "id", value: "" },
      },
      stopped: [],
    },
  ];
  for (const { method, passes, stopped } of JUDGED) {
    test(`${method} of ${JSON.stringify(passes)} passes, others are denied`, async () => {
      const session = await initialize();
      onMessage = ({ result }) => result({ contents: [] });
      for (const params of stopped) {
        const [status, body] = await answerOf(send(request(method, params), { session }));
        expect([status, body]).toMatchObject([200, { id: 1, error: { code: -32602 } }]);
        expect(JSON.stringify(body)).toContain("[POLICY DENIED]");
      }
      const [, body] = await answerOf(send(request(method, passes), { session }));
      expect(body).toEqual({ jsonrpc: "2.0", id: 1, result: { contents: [] } });
      expect(forwarded(method)).toEqual([passes]);
    });
  }

  const LISTS: readonly {
    method: string;
    member: string;
    items: readonly object[];
    shown: readonly number[];
  }[] = [
    {
      method: "resources/list",
      member: "resources",
      items: [
        { uri: "docs://public/a", name: "a", "x-unknown": [1] },
        { uri: "docs://public/secret/b", name: "b" },
        { uri: "docs://private/c", name: "c" },
        { name: "without a uri" },
      ],
      shown: [0],
    },
    {
      method: "resources/templates/list",
      member: "resourceTemplates",
      items: [
        { uriTemplate: "docs://public/{id}", name: "a" },
        { uriTemplate: "docs://private/{id}", name: "b" },
        { uriTemplate: "docs://public/secret/{id}", name: "c" },
      ],
      shown: [0],
    },
    {
      method: "prompts/list",
      member: "prompts",
      items: [{ name: "greet", title: "Greet" }, { name: "greet-boss" }, { name: "other" }],
      shown: [0],
    },
  ];
  for (const { method, member, items, shown } of LISTS) {
    test(`${method} shows what may be used, in the server's words`, async () => {
      const session = await initialize();
      onMessage = ({ result }) => result({ [member]: items, _meta: { kept: true } });
      expect(await answerOf(send(request(method), { session }))).toEqual([
        200,
        { jsonrpc: "2.0", id: 1, result: { [member]: shown.map((at) => items[at]), _meta: { kept: true } } },
      ]);
    });
  }
});

describe("cursors are sealed to grant, server and list (threat 52)", () => {
  const CURSOR = "the server's own cursor";

  async function nextCursor(to = registered): Promise<string> {
    const session = await initialize(to);
    const [, body] = await answerOf(send(request("tools/list"), { to, session }));
    const { result } = body as { result: { tools: { name: string }[]; nextCursor: string } };
    expect(result.tools.map(({ name }) => name)).toEqual(["run"]);
    expect(result.nextCursor).not.toContain("cursor");
    return result.nextCursor;
  }
  beforeEach(() => {
    onMessage = ({ result }) => result({ tools: [TOOL("run"), TOOL("other")], nextCursor: CURSOR });
  });

  test("its owner gets the next page with the server's own cursor", async () => {
    const cursor = await nextCursor();
    const session = await initialize();
    expect((await answerOf(send(request("tools/list", { cursor }), { session })))[0]).toBe(200);
    expect(forwarded("tools/list").at(-1)).toEqual({ cursor: CURSOR });
  });

  const STOLEN: readonly {
    name: string;
    by: () => Registered;
    method?: string;
    change?: (cursor: string) => string;
  }[] = [
    { name: "another grant", by: () => anotherGrant() },
    { name: "another server", by: () => rig.add("second", target(), POLICY, { era: "legacy" }) },
    { name: "another list", by: () => registered, method: "prompts/list" },
    { name: "its owner, changed", by: () => registered, change: (cursor) => cursor.slice(1) },
    { name: "whoever guessed the server's own", by: () => registered, change: () => CURSOR },
  ];
  for (const { name, by, method = "tools/list", change = (cursor: string) => cursor } of STOLEN) {
    test(`used by ${name} it is refused and not sent`, async () => {
      const cursor = change(await nextCursor());
      const to = by();
      const session = await initialize(to);
      const before = seen().length;
      expect(await answerOf(send(request(method, { cursor }), { to, session }))).toEqual([
        400,
        { jsonrpc: "2.0", id: 1, error: { code: -32602, message: "Unknown or expired cursor." } },
      ]);
      expect(seen()).toHaveLength(before);
    });
  }
});
