import { describe, expect, test } from "vitest";
import type { Access } from "../../src/call/call.ts";
import {
  MAX_SPENT_STATES,
  REQUEST_STATE_TTL_MS,
  RequestStates,
  sealCursor,
  sealTask,
  TaskOwners,
  unsealCursor,
  unsealTask,
  withMembers,
  withOpenRelatedTask,
} from "../../src/call/handles.ts";
import { KEYS } from "../storage/fixtures.ts";
import { accessOf, atAnotherServer, ofAnotherGrant } from "./access.ts";

const ACCESS = accessOf();
const STRANGERS: readonly (readonly [string, Access])[] = [
  ["another grant", ofAnotherGrant(ACCESS)],
  ["another server", atAnotherServer(ACCESS)],
];
const TASK = { tool: "run", taskId: "t-1" };

describe("possession of a handle is no authority (threats 52 and 53)", () => {
  test("a cursor opens for its owner, on its list alone, and does not show what is inside", () => {
    const sealed = sealCursor(KEYS, ACCESS, "tools/list", "page-2");
    expect(sealed).not.toContain("page-2");
    expect([
      unsealCursor(KEYS, ACCESS, "tools/list", sealed),
      unsealCursor(KEYS, ACCESS, "prompts/list", sealed),
      unsealCursor(KEYS, ACCESS, "tools/list", "page-2"),
      ...STRANGERS.map(([, access]) => unsealCursor(KEYS, access, "tools/list", sealed)),
    ]).toEqual(["page-2", undefined, undefined, undefined, undefined]);
  });

  test("a task opens for its owner, and has one text", () => {
    const sealed = sealTask(KEYS, ACCESS, TASK);
    expect(sealTask(KEYS, ACCESS, { ...TASK })).toBe(sealed);
    expect([
      unsealTask(KEYS, ACCESS, sealed),
      unsealTask(KEYS, ACCESS, "t-1"),
      ...STRANGERS.map(([, access]) => unsealTask(KEYS, access, sealed)),
    ]).toEqual([TASK, undefined, undefined, undefined]);
  });

  test("what was sealed as a cursor is no task", () => {
    const owner = `${ACCESS.grant.id} ${ACCESS.server.id}`;
    const cursor = KEYS.seal("cursor", owner, JSON.stringify(["run", "t-1"]));
    expect(unsealTask(KEYS, ACCESS, cursor)).toBeUndefined();
  });

  test.each([
    ["no list", "{}"],
    ["no tool", '[1, "t-1"]'],
    ["no id", '["run"]'],
  ])("what was sealed as a task but is none: %s", (_, plain) => {
    const sealed = KEYS.seal("task", `${ACCESS.grant.id} ${ACCESS.server.id}`, plain);
    expect(unsealTask(KEYS, ACCESS, sealed)).toBeUndefined();
  });
});

describe("a result that belongs to a task", () => {
  const META = "io.modelcontextprotocol/related-task";
  const sealed = sealTask(KEYS, ACCESS, TASK);

  test("names it by the server's own id, and keeps the rest", () => {
    const result = { a: 1, _meta: { b: 2, [META]: { taskId: sealed, c: 3 } } };
    expect(withOpenRelatedTask(KEYS, ACCESS, result)).toEqual({
      a: 1,
      _meta: { b: 2, [META]: { taskId: "t-1", c: 3 } },
    });
  });

  test.each([
    ["nothing", {}],
    ["no object", { _meta: 1 }],
    ["no task", { _meta: {} }],
    ["no object as task", { _meta: { [META]: "x" } }],
    ["no id", { _meta: { [META]: {} } }],
    ["an id that is no text", { _meta: { [META]: { taskId: 1 } } }],
    ["an id that was not given out", { _meta: { [META]: { taskId: "t-1" } } }],
  ])("names none: %s", (_, result) => {
    expect(withOpenRelatedTask(KEYS, ACCESS, result)).toBeUndefined();
  });
});

describe("who made a task", () => {
  test("is remembered for its owner, newest first of a hundred thousand", () => {
    const owners = new TaskOwners();
    owners.note(ACCESS, TASK);
    owners.note(ACCESS, { tool: "other", taskId: "t-1" });
    expect([
      owners.toolOf(ACCESS, "t-1"),
      owners.toolOf(ACCESS, "t-2"),
      ...STRANGERS.map(([, access]) => owners.toolOf(access, "t-1")),
    ]).toEqual(["other", undefined, undefined, undefined]);
    for (let index = 0; index < 99_999; index += 1) owners.note(ACCESS, { tool: "x", taskId: `n-${index}` });
    owners.note(ACCESS, { tool: "other", taskId: "t-1" });
    owners.note(ACCESS, { tool: "x", taskId: "last" });
    expect(["t-1", "n-0", "n-1", "last"].map((id) => owners.toolOf(ACCESS, id))).toEqual([
      "other",
      undefined,
      "x",
      "x",
    ]);
  });
});

describe("a request's state opens once, for the same request of the same owner (policy-spec L6)", () => {
  const seal = (states: RequestStates, nonce = "n") => states.seal(ACCESS, "digest", "inner", 0, nonce);

  const use = (states: RequestStates, sealed: string, nowMs = 1): boolean => {
    const opened = states.open(ACCESS, "digest", sealed, nowMs);
    return opened !== undefined && states.spend(opened, nowMs);
  };

  test("once", () => {
    const states = new RequestStates(KEYS);
    const sealed = seal(states);
    const opened = states.open(ACCESS, "digest", sealed, 1);
    expect(opened).toMatchObject({ inner: "inner", nonce: "n" });
    expect([use(states, sealed), states.open(ACCESS, "digest", sealed, 1)]).toEqual([true, undefined]);
    const empty = states.seal(ACCESS, "digest", undefined, 0, "m");
    expect(states.open(ACCESS, "digest", empty, 1)).toMatchObject({ inner: undefined, nonce: "m" });
  });

  test("for one of two that came at the same time, and for the next when nothing was sent", () => {
    const states = new RequestStates(KEYS);
    const sealed = seal(states);
    const opened = [1, 2].flatMap(() => states.open(ACCESS, "digest", sealed, 1) ?? []);
    expect(opened.map((one) => states.spend(one, 1))).toEqual([true, false]);
    for (const one of opened) states.giveBack(one);
    expect([use(states, sealed), use(states, sealed)]).toEqual([true, false]);
  });

  test("not when it expires while it is judged", () => {
    const states = new RequestStates(KEYS);
    const opened = states.open(ACCESS, "digest", seal(states), 1);
    expect(opened !== undefined && states.spend(opened, REQUEST_STATE_TTL_MS)).toBe(false);
  });

  test("so many are remembered for one owner that no more are spent, until the first expire", () => {
    const states = new RequestStates(KEYS);
    const spend = (nonce: string, owner: string, nowMs = 0, expiresMs = REQUEST_STATE_TTL_MS) =>
      states.spend({ inner: undefined, nonce, expiresMs, owner }, nowMs);
    for (let at = 0; at < MAX_SPENT_STATES; at += 1) if (!spend(`n-${at}`, "one")) throw new Error("full");
    expect([spend("more", "one"), spend("n-0", "one"), spend("more", "other")]).toEqual([false, false, true]);
    const later = REQUEST_STATE_TTL_MS;
    expect([spend("more", "one", later, 2 * later), spend("n-0", "one", later)]).toEqual([true, false]);
  });

  test.each<[string, Access, string, number]>([
    ["another request", ACCESS, "other", 0],
    ["too late", ACCESS, "digest", REQUEST_STATE_TTL_MS],
    ...STRANGERS.map(([who, access]): [string, Access, string, number] => [who, access, "digest", 0]),
  ])("not: %s", (_, access, digest, nowMs) => {
    const states = new RequestStates(KEYS);
    const sealed = seal(states);
    expect(states.open(access, digest, sealed, nowMs)).toBeUndefined();
    expect(states.open(ACCESS, "digest", sealed, REQUEST_STATE_TTL_MS - 1)).toMatchObject({
      inner: "inner",
      nonce: "n",
    });
  });

  test.each([
    ["no object", "1"],
    ["no nonce", '{"x":9e9}'],
    ["no end", '{"n":"n","x":"9"}'],
  ])("what was sealed as a state but is none: %s", (_, plain) => {
    const states = new RequestStates(KEYS, "process");
    const place = `${ACCESS.grant.id} ${ACCESS.server.id} digest process`;
    const sealed = KEYS.seal("request-state", place, plain);
    expect(states.open(ACCESS, "digest", sealed, 0)).toBeUndefined();
  });

  test("what is not ours opens nothing", () => {
    expect(new RequestStates(KEYS).open(ACCESS, "digest", "x", 0)).toBeUndefined();
  });

  test("not in another process, which does not know what is spent", () => {
    const sealed = seal(new RequestStates(KEYS));
    expect(new RequestStates(KEYS).open(ACCESS, "digest", sealed, 1)).toBeUndefined();
  });

  test("a spent state stays spent as long as it would have been good", () => {
    const states = new RequestStates(KEYS);
    const first = seal(states, "first");
    use(states, first, 0);
    use(states, states.seal(ACCESS, "digest", "x", 10, "second"), 10);
    expect(states.open(ACCESS, "digest", first, REQUEST_STATE_TTL_MS - 1)).toBeUndefined();
  });
});

test("a copy with members replaced and removed leaves the original as it was", () => {
  const params = { a: 1, b: 2, c: 3 };
  expect([withMembers(params, { a: undefined, b: 5, d: null }), params]).toEqual([
    { b: 5, c: 3, d: null },
    { a: 1, b: 2, c: 3 },
  ]);
});
