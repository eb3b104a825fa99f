import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "./cells.ts";
import type { Target } from "./compose.ts";
import { type Kind, openPlace, type Place, read, say } from "./conversation.ts";

const ALLOW = { version: "1", default: "allow" };
const INPUT = {
  resultType: "input_required",
  requestState: "upstreams-own-state",
  inputRequests: { who: { method: "elicitation/create", params: { message: "Who?", requestedSchema: {} } } },
};
const ASKABLE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Every text that differs from `text` in one character, and some that differ in length. */
function neighbours(text: string): readonly string[] {
  const changed = [...text].map((letter, at) => {
    const other = letter === "A" ? "B" : "A";
    return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
  });
  return [
    ...changed,
    text.slice(1),
    text.slice(0, -1),
    `${text}A`,
    `A${text}`,
    `${text}=`,
    text.toLowerCase(),
    "",
    text + text,
  ];
}

describe("cursors (threat 52)", () => {
  let place: Place;
  let cursor: string;
  const lists = ["tools/list", "resources/list", "prompts/list", "resources/templates/list"];
  const page = (target: Target, method: string, sealed: string) =>
    say(world, target, { method, params: `"cursor":${JSON.stringify(sealed)}` });

  beforeAll(async () => {
    place = await openPlace(world, "stateless", ALLOW, ({ message }) =>
      lists.includes(String(message?.["method"]))
        ? { tools: [], resources: [], prompts: [], resourceTemplates: [], nextCursor: "upstreams-own-cursor" }
        : undefined,
    );
    const first = read(await say(world, place.one, { method: "resources/list", params: '"x":1' }));
    cursor = String(first.result?.["nextCursor"]);
  });

  test("the upstream's own is never seen, and never accepted", async () => {
    expect(cursor).not.toContain("upstreams-own");
    expect(read(await page(place.one, "resources/list", "upstreams-own-cursor")).error?.code).toBe(-32602);
  });

  test("it opens for the grant and the list that it was given for", async () => {
    const before = world.upstream.seen.length;
    expect(read(await page(place.one, "resources/list", cursor)).error).toBeUndefined();
    const asked = world.upstream.seen.slice(before).map(({ message }) => message?.["params"]);
    expect(asked).toEqual(
      [{ x: 1, cursor: "upstreams-own-cursor" }].map(({ cursor: own }) => ({ cursor: own })),
    );
  });

  test("it opens for no other grant, no other list, and in no other spelling", async () => {
    const before = world.upstream.seen.length;
    const tries = [
      ...lists
        .filter((method) => method !== "resources/list")
        .map((method) => page(place.one, method, cursor)),
      page(place.two, "resources/list", cursor),
      ...neighbours(cursor).map((text) => page(place.one, "resources/list", text)),
    ];
    const codes = (await Promise.all(tries)).map((answer) => [answer.status, read(answer).error?.code]);
    expect(new Set(codes.map(String))).toEqual(new Set(["400,-32602"]));
    expect(world.upstream.seen.length).toBe(before);
  });
});

describe("requestState (threat 53)", () => {
  let place: Place;
  const retry = (
    target: Target,
    state: string,
    more = '"name":"pay","arguments":{"amount":1}',
    method = "tools/call",
  ) =>
    say(world, target, {
      method,
      tool: /"name":"(\w+)"/.exec(more)?.[1] ?? "pay",
      body: `{"jsonrpc":"2.0","id":{{id}},"method":"${method}","params":{${ASKABLE},${more},"requestState":${JSON.stringify(state)}}}`,
      ...(method === "tools/call" ? {} : { headers: { "Mcp-Name": "pay" } }),
    });
  const ask = async (): Promise<string> => {
    const body = `{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{${ASKABLE},"name":"pay","arguments":{"amount":1}}}`;
    const said = read(await say(world, place.one, { tool: "pay", body }));
    return String(said.result?.["requestState"]);
  };

  beforeAll(async () => {
    place = await openPlace(world, "modern", ALLOW, ({ message }) => {
      const params = message?.["params"] as { requestState?: string } | undefined;
      if (message?.["method"] !== "tools/call") return undefined;
      return params?.requestState === undefined
        ? INPUT
        : { content: [{ type: "text", text: params.requestState }] };
    });
  });

  test("the upstream's own is wrapped, and comes back to it unwrapped", async () => {
    const state = await ask();
    expect(state).not.toContain("upstreams-own");
    const said = read(await retry(place.one, state));
    expect(said.result?.["content"]).toEqual([{ type: "text", text: "upstreams-own-state" }]);
  });

  test("it opens once", async () => {
    const state = await ask();
    const answers = await Promise.all(Array.from({ length: 20 }, () => retry(place.one, state)));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    expect(answers.filter(({ status }) => status === 400).length).toBe(19);
  });

  test("it opens for no other grant, request or spelling", async () => {
    const state = await ask();
    const before = world.upstream.seen.length;
    const tries = [
      retry(place.two, state),
      retry(place.one, "upstreams-own-state"),
      retry(place.one, state, '"name":"pay","arguments":{"amount":2}'),
      retry(place.one, state, '"name":"pay","arguments":{"amount":1,"more":1}'),
      retry(place.one, state, '"name":"pay"'),
      retry(place.one, state, '"name":"any","arguments":{"amount":1}'),
      retry(place.one, state, '"name":"pay","arguments":{"amount":1}', "prompts/get"),
      ...neighbours(state).map((text) => retry(place.one, text)),
    ];
    const codes = (await Promise.all(tries)).map((answer) => [answer.status, read(answer).error?.code]);
    expect(new Set(codes.map(String))).toEqual(new Set(["400,-32602"]));
    expect(world.upstream.seen.length).toBe(before);
  });
});

describe("tasks (threat 52)", () => {
  const methods = ["tasks/get", "tasks/result", "tasks/cancel"];
  test("a task's id serves the grant that made it, in one spelling", async () => {
    const place = await openPlace(world, "stateless", ALLOW, ({ message }) =>
      message?.["method"] === "tools/call"
        ? { task: { taskId: "upstreams-own-task", status: "working" } }
        : undefined,
    );
    const body =
      '{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"name":"any","arguments":{},"task":{"ttl":1000}}}';
    const made = read(await say(world, place.one, { body })).result?.["task"] as { taskId: string };
    expect(made.taskId).not.toContain("upstreams-own");
    const before = world.upstream.seen.length;
    const use = (target: Target, method: string, taskId: string) =>
      say(world, target, { method, params: `"taskId":${JSON.stringify(taskId)}` });
    const tries = methods.flatMap((method) => [
      use(place.two, method, made.taskId),
      use(place.one, method, "upstreams-own-task"),
      ...neighbours(made.taskId).map((text) => use(place.one, method, text)),
    ]);
    const statuses = new Set((await Promise.all(tries)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([404]));
    expect(world.upstream.seen.length).toBe(before);
    expect((await use(place.one, "tasks/get", made.taskId)).status).toBe(200);
  });
});

describe("sessions (threat 52)", () => {
  test("a session serves the grant that opened it, and nobody knows the server's own", async () => {
    const place = await openPlace(world, "session", ALLOW, () => undefined);
    const { one, two } = place;
    expect(one.session).toMatch(/^[\w-]{32}$/);
    expect(one.session).not.toBe(two.session);
    const before = world.upstream.seen.length;
    const foreign = [
      say(world, { ...two, session: one.session }, {}),
      say(world, { ...one, session: two.session }, {}),
      say(world, { ...one, session: "clients-session" }, {}),
      ...neighbours(one.session ?? "")
        .filter((text) => text !== "")
        .map((session) => say(world, { ...one, session }, {})),
      ...["GET", "DELETE"].map((verb) =>
        say(
          world,
          { ...two, session: one.session },
          { start: `${verb} {{path}} HTTP/1.1`, body: "", framing: "none" },
        ),
      ),
    ];
    const statuses = (await Promise.all(foreign)).map(({ status }) => status);
    // Two lines of one header would be 400; one that differs in case only is another session.
    expect(new Set(statuses)).toEqual(new Set([404]));
    expect(world.upstream.seen.length).toBe(before);
    expect((await say(world, one, {})).status).toBe(200);
    expect(
      (await say(world, one, { start: "DELETE {{path}} HTTP/1.1", body: "", framing: "none" })).status,
    ).toBe(200);
    expect((await say(world, one, {})).status).toBe(404);
    expect((await say(world, two, {})).status).toBe(200);
  });
});

describe("answers of many clients (threat 58)", () => {
  const kinds: readonly Kind[] = ["modern", "session", "stateless"];
  test.each(kinds)("500 requests with one id at a time each get their own answer (%s)", async (kind) => {
    const place = await openPlace(world, kind, ALLOW, ({ message }) => {
      const params = message?.["params"] as { arguments?: { n?: number } } | undefined;
      return message?.["method"] === "tools/call"
        ? { content: [{ type: "text", text: `n=${params?.arguments?.n}` }] }
        : undefined;
    });
    const targets = [place.one, place.two];
    const meta = kind === "modern" ? "{{meta}}," : "";
    const numbers = Array.from({ length: 500 }, (_, at) => at);
    const foreign: number[] = [];
    let own = 0;
    const lane = async (target: Target): Promise<void> => {
      for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) {
        const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${meta}"name":"any","arguments":{"n":${n}}}}`;
        const answer = await say(world, target, { body });
        // One session cannot have one id in flight twice.
        if (answer.status === 400 && kind === "session") numbers.push(n);
        else if (answer.body.toString("utf8").includes(`"n=${n}"`)) own += 1;
        else foreign.push(n);
      }
    };
    const perTarget = kind === "session" ? 1 : 25;
    await Promise.all(targets.flatMap((target) => Array.from({ length: perTarget }, () => lane(target))));
    expect({ foreign, own }).toEqual({ foreign: [], own: 500 });
  });
});
