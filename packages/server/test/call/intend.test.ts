import { describe, expect, test } from "vitest";
import type { AllowedCall, Arrival, Decision, RoutedCall, Subject } from "../../src/call/call.ts";
import { intend, recordRefused, recordStopped } from "../../src/call/intend.ts";
import type { IntentEntry, Ports } from "../../src/call/ports.ts";
import { KEYS, NOW_MS } from "../storage/fixtures.ts";
import { accessOf, pinned } from "./access.ts";

const ACCESS = accessOf({});
const ALLOW: Decision = { effect: "allow", rule: "", message: "", reservations: [] };
const PRINCIPAL = {
  time: NOW_MS,
  requestId: "r-1",
  grant: ACCESS.grant.id,
  grantLabel: "agent",
  server: ACCESS.server.id,
  serverName: "notes",
  policy: ACCESS.policy?.id,
  policyName: "test",
  policyVersion: 1,
  mode: "enforce",
};

/** Ports with a log that keeps its entries, and answers with this number. */
function openLog(seq: number | undefined = 7) {
  const entries: IntentEntry[] = [];
  const intended = async (entry: IntentEntry) => {
    entries.push(entry);
    return seq;
  };
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  return { entries, ports: { keys: KEYS, clock, audit: { intend: intended } } as unknown as Ports };
}

function routed(subject: Subject, access = ACCESS): RoutedCall {
  const arrival = { access, requestId: "r-1" } as Arrival;
  return { arrival, method: "tools/call", subject } as RoutedCall;
}

/** The row of an allowed call. */
async function rowOf(subject: Subject, decision = ALLOW): Promise<IntentEntry | undefined> {
  const { entries, ports } = openLog();
  const call = { call: routed(subject), decision, tool: pinned("run", "accepted"), charges: [] };
  await intend(call as unknown as AllowedCall, ports);
  return entries[0];
}

describe("the row of a call", () => {
  test("names arguments, and never tells their values", async () => {
    const args = { b: "canary é", a: { c: "canary" } };
    const row = await rowOf({ kind: "tool", name: "run", args });
    expect(row).toEqual({
      ...PRINCIPAL,
      method: "tools/call",
      tool: "run",
      toolHash: "o",
      argumentKeys: ["a", "b"],
      argumentsHmac: KEYS.argumentsHmac(JSON.stringify(args)),
      argumentsBytes: 36,
      effect: "allow",
      rule: "",
      message: "",
      fate: "sent",
    });
    expect(JSON.stringify(row)).not.toContain("canary");
  });

  test.each<[string, Subject, object]>([
    ["a tool without arguments", { kind: "tool", name: "run", args: undefined }, { tool: "run" }],
    ["a task", { kind: "task", tool: "run", taskId: "t" }, { tool: "run" }],
    ["something else", { kind: "resource", uri: "docs://a" }, { tool: undefined }],
  ])("%s has no arguments", async (_, subject, tool) => {
    expect(await rowOf(subject)).toMatchObject({
      ...tool,
      argumentKeys: [],
      argumentsHmac: undefined,
      argumentsBytes: undefined,
    });
  });

  test("is bounded, whatever a stranger sends (threat 77)", async () => {
    const row = await rowOf(
      { kind: "tool", name: "n".repeat(300), args: { [`${"k".repeat(300)}`]: 1 } },
      { ...ALLOW, message: "m".repeat(1_001) },
    );
    expect(row).toMatchObject({
      tool: "n".repeat(256),
      argumentKeys: ["k".repeat(256)],
      message: "m".repeat(1_000),
    });
  });

  const named = (names: readonly string[]): Subject => ({
    kind: "tool",
    name: "run",
    args: Object.fromEntries(names.map((name) => [name, 1])),
  });

  test("keeps the first names of too many arguments, and says how many more there were", async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `key-${String(999 - at).padStart(3, "0")}`);
    const keys = (await rowOf(named(names)))?.argumentKeys;
    expect(keys).toEqual([...names.slice(0, 200).sort(), "(800 more)"]);
  });

  test("keeps the first names of too long ones", async () => {
    const names = Array.from({ length: 40 }, (_, at) => `${String(at).padStart(3, "0")}${"x".repeat(300)}`);
    const keys = (await rowOf(named(names)))?.argumentKeys;
    expect(keys).toEqual([...names.slice(0, 31).map((name) => name.slice(0, 256)), "(9 more)"]);
  });

  test("shows no secret that stands as a name", async () => {
    const keys = (await rowOf(named(["b", "sk_live_0123456789abcdef", "a"])))?.argumentKeys;
    expect(keys).toEqual(["[secret]", "a", "b"]);
  });

  test("does not tell the amount that was asked for (policy-spec L5)", async () => {
    const message = "Limit of 10 per day reached (asked 7.5, left 3); retry in 5 s.";
    expect(await rowOf({ kind: "free" }, { ...ALLOW, effect: "deny", rule: "/r", message })).toMatchObject({
      effect: "deny",
      rule: "/r",
      message: "Limit of 10 per day reached (asked …, left 3); retry in 5 s.",
    });
  });

  test.each([
    ["https://ada:pw@docs.example/a@b?key=1#x", "https://docs.example/a@b"],
    ["x+Y-1.z://token@host", "x+Y-1.z://host"],
    ["docs://a#canary", "docs://a"],
    ["docs://a?b\nc", "docs://a"],
    ["mailto:ada@example.com", "mailto:ada@example.com"],
    ["file:///a@b/c", "file:///a@b/c"],
    ["https://docs.example/@ada", "https://docs.example/@ada"],
  ])("tells the place of %j, and no user and no query", async (uri, place) => {
    const quoting = (text: string) => ({ ...ALLOW, message: `"${text}" and "${text}" are not permitted.` });
    const subjects: readonly Subject[] = [
      { kind: "resource", uri },
      { kind: "template", uriTemplate: uri },
      { kind: "listen", uris: ["other://a", uri], tasks: [] },
    ];
    for (const subject of subjects) {
      expect(await rowOf(subject, quoting(uri))).toMatchObject({ message: quoting(place).message });
    }
    // What is no URI of this request stands as it is: the words of a rule's author.
    expect(await rowOf({ kind: "free" }, quoting(uri))).toMatchObject({ message: quoting(uri).message });
  });
});

describe("no audit, no call (promise P1)", () => {
  const call = () =>
    ({ call: routed({ kind: "free" }), decision: ALLOW, charges: [] }) as unknown as AllowedCall;

  test("a call is intended with the number of its row, or not at all", async () => {
    expect(await intend(call(), openLog(7).ports)).toMatchObject({ seq: 7 });
    expect(await intend(call(), openLogThatFails())).toBeUndefined();
  });

  test("a call that goes nowhere is on record, or the caller knows that it is not", async () => {
    const { entries, ports } = openLog();
    const decision: Decision = { ...ALLOW, effect: "deny", rule: "/r", message: "No." };
    const recorded = await recordStopped(routed({ kind: "free" }, accessOf()), decision, undefined, ports);
    expect([recorded, entries]).toMatchObject([
      true,
      [{ fate: "stopped", rule: "/r", toolHash: undefined, policy: undefined, policyVersion: undefined }],
    ]);
    const failed = await recordStopped(routed({ kind: "free" }), decision, undefined, openLogThatFails());
    expect(failed).toBe(false);
  });

  test("so is a request that policy could not judge", async () => {
    const { entries, ports } = openLog();
    const { arrival } = routed({ kind: "free" });
    expect(await recordRefused(arrival, "x/y", "malformed", "Why.", ports)).toBe(true);
    expect(entries).toEqual([
      {
        ...PRINCIPAL,
        method: "x/y",
        tool: undefined,
        toolHash: undefined,
        argumentKeys: [],
        argumentsHmac: undefined,
        argumentsBytes: undefined,
        effect: "deny",
        rule: "(malformed)",
        message: "Why.",
        fate: "refused",
      },
    ]);
    expect(await recordRefused(arrival, "", "k", "", openLogThatFails())).toBe(false);
  });
});

function openLogThatFails(): Ports {
  return { ...openLog().ports, audit: { intend: async () => undefined, record: () => {} } };
}
