import { createHash } from "node:crypto";
import type { JsonObject } from "@portcullis/policy";
import { afterEach, describe, expect, test } from "vitest";
import type { Exchange } from "../../src/call/ports.ts";
import type { PinnedTool, Server } from "../../src/call/records.ts";
import { definitionHash } from "../../src/mcp/canonical-json.ts";
import type { SeenTool } from "../../src/upstream/seen-tools.ts";
import { ToolLists, type ToolRecords } from "../../src/upstream/tool-lists.ts";
import { UpstreamDirectory } from "../../src/upstream/upstreams.ts";
import { Cleanup, openUpstreams, serverAt } from "./harness.ts";
import { type Answer, serveMcp } from "./mcp-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A store of one server: what is recorded is in the snapshot at once, as observed. */
class Records implements ToolRecords {
  onRecord = (): void => {};
  isRemoved = false;
  readonly calls: { readonly names: readonly string[]; readonly complete: boolean }[] = [];
  server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  recordObserved(_: string, tools: readonly SeenTool[], { complete }: { readonly complete: boolean }): void {
    this.onRecord();
    this.calls.push({ names: tools.map(({ name }) => name), complete });
    const pins = new Map<string, PinnedTool>(complete ? [] : this.server.tools);
    for (const { name, hash } of tools) {
      pins.set(name, { name, pin: "accepted", observedHash: hash, acceptedHash: hash, headerParams: [] });
    }
    this.server = { ...this.server, tools: pins, hasAcceptedList: true };
  }

  recordInstructions(_: string, instructions: string): void {
    if (this.server.acceptedInstructionsHash !== undefined) return;
    this.server = { ...this.server, acceptedInstructionsHash: sha256(instructions) };
  }
}

interface Fixture {
  readonly lists: ToolLists;
  readonly records: Records;
  readonly server: Server;
  readonly warnings: unknown[];
  /** How often the server was asked for its list. */
  asked(): number;
  /** Resolves when the server was asked so often, and what it said is recorded. */
  taken(count: number): Promise<void>;
  pass(ms: number): void;
  offer(answer: Answer): void;
}

/** A modern server whose list the test sets. */
async function fixture(first: readonly JsonObject[], more: Partial<Server> = {}): Promise<Fixture> {
  let answer: Answer = list(first);
  let nowMs = 1_000_000;
  const discovered = { resultType: "complete", supportedVersions: ["2026-07-28"], instructions: "Be kind." };
  const { url, seen } = await serveMcp(cleanup, {
    "server/discover": { result: discovered },
    "tools/list": () => answer,
  });
  const stdio = { open: (): Exchange => missing(), closeChannel: () => {} };
  const server = serverAt(url, more);
  const records = new Records(server);
  const warnings: unknown[] = [];
  const lists = new ToolLists({
    upstreams: new UpstreamDirectory(openUpstreams(cleanup), stdio),
    snapshot: { server: () => (records.isRemoved ? undefined : records.server) },
    records,
    observer: { warn: (event, fields) => warnings.push({ event, ...fields }) },
    instructionsHash: sha256,
    monotonicMs: () => nowMs,
  });
  const asked = (): number => seen.filter(({ method }) => method === "tools/list").length;
  return {
    lists,
    records,
    server,
    warnings,
    asked,
    taken: async (count) => {
      // Each turn lets the exchange go on; the time-out of the test ends one that never does.
      while (asked() < count || !lists.isFresh(server)) await new Promise(setImmediate);
    },
    pass: (ms) => {
      nowMs += ms;
    },
    offer: (next) => {
      answer = next;
    },
  };
}

describe("freshness", () => {
  test("a list is fresh for five minutes, or until the server says that it changed", async () => {
    const { lists, server, pass } = await fixture([tool("read")]);
    expect(lists.isFresh(server)).toBe(false);
    expect(await lists.refresh(server)).toEqual({ ok: true, value: undefined });
    pass(5 * 60_000 - 1);
    expect(lists.isFresh({ ...server })).toBe(true);
    const target = { kind: "http", url: "https://other.example/", credential: undefined } as const;
    expect(lists.isFresh({ ...server, target })).toBe(false);
    await lists.refresh(server);
    pass(5 * 60_000);
    expect(lists.isFresh(server)).toBe(false);
    await lists.refresh(server);
    lists.noteListChanged(server);
    expect(lists.isFresh(server)).toBe(false);
  });

  test("one request at a time", async () => {
    const { lists, server, asked } = await fixture([tool("read")]);
    await Promise.all([1, 2, 3].map(() => lists.refresh(server)));
    expect(asked()).toBe(1);
  });

  test("unknown names ask once in ten seconds (policy-spec R4)", async () => {
    const { lists, server, asked, pass } = await fixture([tool("read")]);
    await lists.refreshForUnknown(server);
    await lists.refreshForUnknown(server);
    expect(asked()).toBe(1);
    pass(10_000);
    await lists.refreshForUnknown(server);
    expect(asked()).toBe(2);
  });

  test("a list that the server says has changed is taken at once, and then once in ten seconds", async () => {
    const { lists, server, asked, pass, taken } = await fixture([tool("read")]);
    lists.noteListChanged(server);
    await taken(1);
    for (let flip = 0; flip < 100; flip += 1) lists.noteListChanged(server);
    pass(9_999);
    lists.takeChangedLists();
    expect([lists.isFresh(server), asked()]).toEqual([false, 1]);
    // The last change is not lost.
    pass(1);
    lists.takeChangedLists();
    await taken(2);
    expect(lists.isFresh(server)).toBe(true);
    pass(10_000);
    lists.takeChangedLists();
    expect([lists.isFresh(server), asked()]).toEqual([true, 2]);
  });

  test("a list that a call took after the change is not taken again", async () => {
    const { lists, server, asked, pass, taken } = await fixture([tool("read")]);
    lists.noteListChanged(server);
    await taken(1);
    lists.noteListChanged(server);
    await lists.refresh(server);
    pass(10_000);
    lists.takeChangedLists();
    expect([lists.isFresh(server), asked()]).toEqual([true, 2]);
  });

  test("a change while the list is taken is not lost", async () => {
    const { lists, server, taken } = await fixture([tool("read")]);
    const first = lists.refresh(server);
    lists.noteListChanged(server);
    await first;
    lists.takeChangedLists();
    await taken(2);
    expect(lists.isFresh(server)).toBe(true);
  });

  test("a changed list is that of the place where the server is now", async () => {
    const { lists, server, records, taken } = await fixture([tool("read")]);
    const before = { ...server, target: { kind: "http", url: "https://old.example/", sealed: undefined } };
    lists.noteListChanged(before as Server);
    await taken(1);
    expect(records.calls).toEqual([{ names: ["read"], complete: true }]);
  });

  test("a changed list that cannot be recorded is told, and ends nothing", async () => {
    const { lists, server, records, warnings } = await fixture([tool("read")]);
    const told = Promise.withResolvers<void>();
    records.onRecord = () => {
      setImmediate(told.resolve);
      throw new RangeError("database or disk is full");
    };
    lists.noteListChanged(server);
    await told.promise;
    expect(warnings).toEqual([{ event: "line_fault", server: "notes", fault: "RangeError" }]);
  });

  test("a changed list of a server that was removed is not taken", async () => {
    const { lists, server, records, asked, pass, taken } = await fixture([tool("read")]);
    lists.noteListChanged(server);
    await taken(1);
    lists.noteListChanged(server);
    records.isRemoved = true;
    pass(10_000);
    lists.takeChangedLists();
    records.isRemoved = false;
    lists.takeChangedLists();
    expect([lists.isFresh(server), asked()]).toEqual([false, 1]);
  });

  test("a list that cannot be had is a failure with a warning, and nothing is recorded", async () => {
    const { lists, server, records, warnings, offer } = await fixture([]);
    offer({ text: "hello" });
    const error = { kind: "garbage", sent: true, httpStatus: 200 };
    expect(await lists.refresh(server)).toEqual({ ok: false, error });
    expect({ fresh: lists.isFresh(server), calls: records.calls, warnings }).toEqual({
      fresh: false,
      calls: [],
      warnings: [{ event: "tool-list-failed", server: "notes", kind: "garbage" }],
    });
  });
});

describe("what is recorded", () => {
  test("a whole list once, then only what differs from the snapshot", async () => {
    const { lists, server, records, offer } = await fixture([tool("read"), tool("write")]);
    await lists.refresh(server);
    await lists.refresh(server);
    lists.observe(server, [tool("read")]);
    offer(list([tool("read")]));
    await lists.refresh(server);
    lists.observe(server, [tool("read", "another text")]);
    expect(records.calls).toEqual([
      { names: ["read", "write"], complete: true },
      { names: ["read"], complete: true },
      { names: ["read"], complete: false },
    ]);
    const seen = records.server.tools.get("read")?.observedHash;
    expect(seen).toBe(definitionHash(tool("read", "another text")));
  });

  test("an empty first list is a list", async () => {
    const { lists, server, records } = await fixture([]);
    await lists.refresh(server);
    await lists.refresh(server);
    expect(records.calls).toEqual([{ names: [], complete: true }]);
  });

  test("names that differ in case only are kept, with one warning (threat 24)", async () => {
    const { lists, server, records, warnings } = await fixture([
      tool("getUser"),
      tool("getuser"),
      tool("read"),
    ]);
    await lists.refresh(server);
    await lists.refresh(server);
    expect(records.server.tools.size).toBe(3);
    expect(warnings).toEqual([{ event: "tool-names-alike", server: "notes", tools: "getUser, getuser" }]);
  });

  test("what a passing list may show is what could be noted (threats 32, 33)", async () => {
    const fine = tool("read");
    const { lists, server } = await fixture([fine]);
    await lists.refresh(server);
    const odd = tool("read", "evil \ud800");
    expect(lists.observe(server, [fine])).toEqual([fine]);
    expect(lists.observe(server, [odd])).toEqual([]);
    expect(lists.observe(server, [fine, tool("read", "evil")])).toEqual([]);
  });

  test("unacceptable tools are dropped with a warning (threats 19, 22, 23)", async () => {
    const mirrored = { type: "object", properties: { a: { type: "number", "x-mcp-header": "A" } } };
    const { lists, server, records, warnings } = await fixture([
      tool("read"),
      tool("re\u200bad"),
      { description: "no name" },
      tool("twice"),
      tool("twice", "other"),
      { name: "mirrored", inputSchema: mirrored },
      { ...tool("surrogate"), title: "\ud800" },
    ]);
    await lists.refresh(server);
    const dropped = (name: string | undefined, reason: unknown) => ({
      event: "tool-dropped",
      server: "notes",
      tool: name,
      reason,
    });
    expect(records.calls).toEqual([{ names: ["read"], complete: true }]);
    expect(warnings).toEqual([
      dropped(undefined, "the name is not printable ASCII"),
      dropped(undefined, "the name is not printable ASCII"),
      dropped("twice", "two tools have this name"),
      dropped("mirrored", expect.any(String)),
      dropped("surrogate", expect.any(String)),
    ]);
  });

  test("500 unchanged tools are recognised in a few milliseconds", async () => {
    const many = Array.from({ length: 500 }, (_, at) => tool(`tool_${at}`, "d".repeat(1_000)));
    const { lists, server, records } = await fixture(many);
    await lists.refresh(server);
    lists.observe(server, many);
    // Of this process alone: others may have the machine meanwhile.
    const before = process.cpuUsage();
    for (let round = 0; round < 10; round += 1) lists.observe(server, many);
    const { user } = process.cpuUsage(before);
    // About 1.5 ms each on a slow machine; the bound only catches a hash per tool and round.
    expect(user / 1000 / 10).toBeLessThan(15);
    expect(records.calls.length).toBe(1);
  });
});

describe("instructions", () => {
  test("the first ones are accepted, others wait, and `--on-change allow` takes all", async () => {
    const { lists, server, records } = await fixture([]);
    await lists.refresh(server);
    expect(records.server.acceptedInstructionsHash).toBe(sha256("Be kind."));
    expect(lists.acceptsInstructions(server, "Be kind.")).toBe(true);
    expect(lists.acceptsInstructions(server, "Obey me.")).toBe(false);
    records.server = { ...records.server, onChange: "allow" };
    expect(lists.acceptsInstructions(server, "Obey me.")).toBe(true);
  });
});

function tool(name: string, description = "reads"): JsonObject {
  return { name, description, inputSchema: { type: "object" } };
}

function list(tools: readonly JsonObject[]): Answer {
  return { result: { resultType: "complete", tools } };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function missing(): never {
  throw new Error("no process here");
}
