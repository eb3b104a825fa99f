import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Registered, type Rig, startRig } from "./harness.ts";
import { META, MODERN, type ModernSending, sendModern } from "./modern-client.ts";
import { type Answering, type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

const ELICITING = {
  ...META,
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
};
const DONE = { resultType: "complete", content: [{ type: "text", text: "done" }] };
const ASKS = {
  resultType: "input_required",
  requestState: "the server's own state",
  inputRequests: { who: { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } } },
};

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;
let onCall: (answering: Answering) => void;

const POLICY = {
  version: "1",
  default: "deny",
  hide: ["hidden"],
  tools: {
    run: { limits: [{ counter: "runs", window: "day", max: 2 }] },
    ask: { limits: [{ counter: "asks", window: "day", max: 1 }] },
    mirrored: {},
  },
  resources: { allow: ["docs://**"] },
  server_requests: { elicitation: "allow" },
};

const TOOLS = [
  TOOL("run"),
  TOOL("ask"),
  TOOL("hidden"),
  TOOL("other"),
  TOOL("mirrored", {
    inputSchema: { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } },
  }),
];

beforeEach(async () => {
  rig = await startRig();
  onCall = ({ result }) => result(DONE);
  upstream = await startUpstream((answering) => {
    const { method } = answering.received.message;
    if (method === "server/discover") {
      answering.result({ resultType: "complete", supportedVersions: [MODERN], capabilities: { tools: {} } });
    } else if (method === "tools/list") {
      answering.result({ resultType: "complete", tools: TOOLS, ttlMs: 60_000, cacheScope: "public" });
    } else onCall(answering);
  });
  registered = rig.add(
    "modern",
    { kind: "http", url: upstream.url, headers: [["x-api-key", "k-1"]] },
    POLICY,
  );
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function send(method: string, params: object, sending: ModernSending = {}): Promise<Response> {
  return sendModern(registered, method, params, { meta: ELICITING, ...sending });
}

async function answerOf(sent: Promise<Response>): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await sent;
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** How often a tool really ran. */
function runs(name: string): number {
  return upstream.received.filter(
    ({ message }) =>
      message["method"] === "tools/call" && (message["params"] as { name: string }).name === name,
  ).length;
}

describe("a modern call", () => {
  test("reaches the server byte for byte, with mirrors made anew and our credential, not the client's", async () => {
    const answer = await answerOf(
      send("tools/call", { name: "run", arguments: { n: 0.1 } }, { headers: { cookie: "c=1" } }),
    );
    expect(answer).toEqual({ status: 200, body: { jsonrpc: "2.0", id: 1, result: DONE } });
    const seen = upstream.received.at(-1);
    expect(seen?.text).toBe(
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "run", arguments: { n: 0.1 }, _meta: ELICITING },
      }),
    );
    expect(seen?.headers).toMatchObject({
      "mcp-protocol-version": MODERN,
      "mcp-method": "tools/call",
      "mcp-name": "run",
      "x-api-key": "k-1",
    });
    expect(seen?.headers).not.toHaveProperty("authorization");
    expect(seen?.headers).not.toHaveProperty("cookie");
  });

  test("lists are filtered and private, whatever the server says (policy-spec R6, threat 39)", async () => {
    const { body } = await answerOf(send("tools/list", {}));
    const result = body["result"] as { tools: { name: string }[]; cacheScope: string };
    expect(result.tools.map(({ name }) => name)).toEqual(["run", "ask", "mirrored"]);
    expect(result.cacheScope).toBe("private");
  });

  test("hidden and unknown answer alike, without asking the server (policy-spec R4)", async () => {
    const unknown = await answerOf(send("tools/call", { name: "nosuch", arguments: {} }));
    const before = upstream.received.length;
    const hidden = await answerOf(send("tools/call", { name: "hidden", arguments: {} }));
    expect(upstream.received).toHaveLength(before);
    const said = (name: string) => ({ code: -32602, message: `Unknown tool: ${name}` });
    expect(hidden).toEqual({ status: 200, body: { jsonrpc: "2.0", id: 1, error: said("hidden") } });
    expect(unknown).toEqual({ status: 200, body: { jsonrpc: "2.0", id: 1, error: said("nosuch") } });
  });
});

const MISMATCHES: readonly {
  name: string;
  headers: Record<string, string | undefined>;
  status: number;
  code: number;
}[] = [
  { name: "no version header", headers: { "mcp-protocol-version": undefined }, status: 400, code: -32020 },
  {
    name: "an earlier version header",
    headers: { "mcp-protocol-version": "2025-11-25" },
    status: 400,
    code: -32020,
  },
  {
    name: "a version nobody speaks",
    headers: { "mcp-protocol-version": "1900-01-01" },
    status: 400,
    code: -32022,
  },
  { name: "no method header", headers: { "mcp-method": undefined }, status: 400, code: -32020 },
  { name: "another method", headers: { "mcp-method": "tools/list" }, status: 400, code: -32020 },
  { name: "no name header", headers: { "mcp-name": undefined }, status: 400, code: -32020 },
  { name: "another name", headers: { "mcp-name": "other" }, status: 400, code: -32020 },
  { name: "a name in another case", headers: { "mcp-name": "RUN" }, status: 400, code: -32020 },
];

describe("mirrored headers must agree with the body (threat 17)", () => {
  for (const { name, headers, status, code } of MISMATCHES) {
    test(name, async () => {
      const answer = await answerOf(send("tools/call", { name: "run", arguments: {} }, { headers }));
      expect([answer.status, (answer.body["error"] as { code: number }).code]).toEqual([status, code]);
      expect(runs("run")).toBe(0);
    });
  }

  const SPOKEN: readonly { era: "auto" | "legacy" | "modern"; supported: readonly string[] }[] = [
    { era: "auto", supported: [MODERN] },
    { era: "modern", supported: [MODERN] },
    { era: "legacy", supported: ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] },
  ];
  for (const { era, supported } of SPOKEN) {
    test(`a version nobody speaks is answered with what the server speaks (--era ${era})`, async () => {
      registered = rig.add(`one-${era}`, { kind: "http", url: upstream.url, headers: [] }, POLICY, { era });
      const asked = { headers: { "mcp-protocol-version": "1900-01-01" } };
      const { status, body } = await answerOf(send("server/discover", {}, asked));
      expect([status, body["error"]]).toEqual([
        400,
        {
          code: -32022,
          message: "Unsupported protocol version",
          data: { supported, requested: "1900-01-01" },
        },
      ]);
    });
  }

  test("an argument that the tool mirrors", async () => {
    const call = { name: "mirrored", arguments: { region: "eu" } };
    const right = await answerOf(send("tools/call", call, { headers: { "mcp-param-region": "eu" } }));
    expect(right.body["result"]).toEqual(DONE);
    expect(upstream.received.at(-1)?.headers).toMatchObject({ "mcp-param-region": "eu" });
    const wrong = await answerOf(send("tools/call", call, { headers: { "mcp-param-region": "us" } }));
    const missing = await answerOf(send("tools/call", call));
    expect([wrong.status, missing.status]).toEqual([400, 400]);
    expect(runs("mirrored")).toBe(1);
  });

  test("a request without client capabilities is invalid", async () => {
    const meta = { "io.modelcontextprotocol/protocolVersion": MODERN };
    const answer = await answerOf(send("tools/call", { name: "run", arguments: {} }, { meta }));
    expect([answer.status, (answer.body["error"] as { code: number }).code]).toEqual([400, -32602]);
  });

  test("GET and DELETE are 405, an unknown method 404 with -32601", async () => {
    const headers = { authorization: `Bearer ${registered.token}`, "mcp-protocol-version": MODERN };
    expect((await fetch(registered.url, { headers })).status).toBe(405);
    expect((await fetch(registered.url, { method: "DELETE", headers })).status).toBe(405);
    const answer = await answerOf(send("tools/erase", {}));
    expect([answer.status, (answer.body["error"] as { code: number }).code]).toEqual([404, -32601]);
  });
});

describe("input_required", () => {
  beforeEach(() => {
    onCall = ({ received, result }) => {
      const params = received.message["params"] as { requestState?: string; inputResponses?: object };
      if (params.inputResponses === undefined) result(ASKS);
      else result({ ...DONE, seen: params.requestState });
    };
  });

  const CALL = { name: "ask", arguments: { a: 1 } };
  const RESPONSES = { who: { action: "accept", content: {} } };

  async function askedState(): Promise<string> {
    const { body } = await answerOf(send("tools/call", CALL));
    const result = body["result"] as { resultType: string; requestState: string };
    expect(result.resultType).toBe("input_required");
    expect(result.requestState).not.toContain("own state");
    return result.requestState;
  }

  test("the retry is decided again and not charged again; the server gets its own state (policy-spec L6)", async () => {
    const requestState = await askedState();
    const retry = await answerOf(
      send("tools/call", { ...CALL, requestState, inputResponses: RESPONSES }, { id: 2 }),
    );
    expect(retry.body["result"]).toEqual({ ...DONE, seen: "the server's own state" });
    const third = await answerOf(send("tools/call", CALL, { id: 3 }));
    expect(JSON.stringify(third.body)).toContain("Rate limit of 1 per day reached");
  });

  const STOLEN: readonly { name: string; params: (state: string) => object }[] = [
    { name: "twice", params: (requestState) => ({ ...CALL, requestState, inputResponses: RESPONSES }) },
    {
      name: "for other arguments",
      params: (requestState) => ({ ...CALL, arguments: { a: 2 }, requestState, inputResponses: RESPONSES }),
    },
    {
      name: "for another tool",
      params: (requestState) => ({
        name: "run",
        arguments: { a: 1 },
        requestState,
        inputResponses: RESPONSES,
      }),
    },
    {
      name: "with one character changed",
      params: (requestState) => ({
        ...CALL,
        requestState: `${requestState.slice(0, -1)}${requestState.endsWith("A") ? "B" : "A"}`,
        inputResponses: RESPONSES,
      }),
    },
    { name: "made up", params: () => ({ ...CALL, requestState: "x", inputResponses: RESPONSES }) },
  ];
  for (const { name, params } of STOLEN) {
    test(`a state used ${name} is refused (threat 53)`, async () => {
      const state = await askedState();
      if (name === "twice") await answerOf(send("tools/call", params(state)));
      const before = upstream.received.length;
      const answer = await answerOf(send("tools/call", params(state)));
      expect([answer.status, (answer.body["error"] as { code: number }).code]).toEqual([400, -32602]);
      expect(upstream.received).toHaveLength(before);
    });
  }

  test("a kind of input that policy denies is not asked (policy-spec R7)", async () => {
    onCall = ({ result }) =>
      result({
        resultType: "input_required",
        inputRequests: { s: { method: "sampling/createMessage", params: {} } },
      });
    const meta = { ...ELICITING, "io.modelcontextprotocol/clientCapabilities": { sampling: {} } };
    const answer = await answerOf(send("tools/call", CALL, { meta }));
    expect(JSON.stringify(answer.body)).toContain("[POLICY DENIED] The server asked for sampling");
  });

  test("a capability that the client did not declare makes the answer invalid (threat 42)", async () => {
    const meta = { ...ELICITING, "io.modelcontextprotocol/clientCapabilities": {} };
    const answer = await answerOf(send("tools/call", CALL, { meta }));
    expect(JSON.stringify(answer.body)).toContain("[UPSTREAM ERROR] `modern` gave an invalid answer");
  });
});

describe("invalid answers of the server", () => {
  const INVALID: readonly { name: string; answer: (answering: Answering) => void }[] = [
    { name: "an unknown resultType", answer: ({ result }) => result({ resultType: "maybe" }) },
    {
      name: "a task that nobody asked for",
      answer: ({ result }) => result({ resultType: "task", task: {} }),
    },
    {
      name: "another id",
      answer: ({ stream }) => {
        const events = stream();
        events.send({ jsonrpc: "2.0", id: 99, result: DONE });
        events.end();
      },
    },
  ];
  for (const { name, answer } of INVALID) {
    test(name, async () => {
      onCall = answer;
      const response = await send("tools/call", { name: "run", arguments: {} });
      const text = await response.text();
      expect(text).toContain("[UPSTREAM ERROR] `modern`");
      expect(text).not.toContain("done");
    });
  }
});

describe("streams", () => {
  test("closing the stream cancels the call at the server, and the charge stays (threat 71)", async () => {
    const started = Promise.withResolvers<Answering>();
    onCall = (answering) => {
      answering.stream().send({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: 1, progress: 1 },
      });
      started.resolve(answering);
    };
    const abort = new AbortController();
    const response = await send("tools/call", { name: "run", arguments: {} }, { signal: abort.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    abort.abort();
    await (await started.promise).closed;
    onCall = ({ result }) => result(DONE);
    await answerOf(send("tools/call", { name: "run", arguments: {} }));
    const third = await answerOf(send("tools/call", { name: "run", arguments: {} }));
    expect(JSON.stringify(third.body)).toContain("Rate limit of 2 per day reached");
    const rows = () => rig.rows().filter(({ tool }) => tool === "run");
    await expect.poll(() => rows().map(({ status }) => status)).toEqual(["cancelled", "ok", null]);
  });

  test("a listener hears what it may, and is cut when its grant is revoked (promise P4)", async () => {
    const listening = Promise.withResolvers<ReturnType<Answering["stream"]>>();
    onCall = (answering) => {
      const params = answering.received.message["params"] as { notifications: object };
      expect(params.notifications).toEqual({ toolsListChanged: true, resourceSubscriptions: ["docs://a"] });
      listening.resolve(answering.stream());
    };
    const notifications = { toolsListChanged: true, resourceSubscriptions: ["docs://a", "secret://b"] };
    const response = await send("subscriptions/listen", { notifications });
    const events = await listening.promise;
    events.send({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "docs://a" } });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain("notifications/resources/updated");
    rig.revokeAll();
    let ended = false;
    while (!ended) ended = (await reader?.read())?.done ?? true;
    expect((await send("tools/list", {})).status).toBe(401);
  });
});
