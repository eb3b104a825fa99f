import { describe, expect, test } from "vitest";
import { compare, type Finding, judge, tally } from "./comparison.ts";
import type { ExpectedFailure } from "./expected-failures.ts";
import type { Check } from "./official-suite.ts";
import type { Pair, Place } from "./pair.ts";

type Status = Check["status"];

function check(id: string, status: Status, name = id): Check {
  return { id, name, status };
}

function pairOf(direct: readonly Check[], gateway: readonly Check[], extra: Partial<Pair> = {}): Pair {
  return {
    place: "before the server",
    revision: "2025-11-25",
    required: new Set(["ping"]),
    direct: new Map([["ping", direct]]),
    gateway: new Map([["ping", gateway]]),
    ...extra,
  };
}

function finding(name: string, direct: Status | undefined, gateway: Status | undefined): Finding {
  return { scenario: "ping", check: name, direct, gateway, message: undefined };
}

const GREEN = [check("a", "SUCCESS"), check("b", "INFO"), check("c", "SKIPPED")];
const BEHIND: Partial<Pair> = { place: "behind the client" satisfies Place };
const OPTIONAL: Partial<Pair> = { required: new Set() };

const CASES: readonly {
  readonly name: string;
  readonly pair: Pair;
  readonly findings: readonly Finding[];
}[] = [
  { name: "the same and green", pair: pairOf(GREEN, GREEN), findings: [] },
  {
    name: "worse through the gateway",
    pair: pairOf(GREEN, [check("a", "WARNING"), ...GREEN.slice(1)]),
    findings: [finding("a", "SUCCESS", "WARNING")],
  },
  {
    name: "better through the gateway is a difference too",
    pair: pairOf([check("a", "FAILURE")], [check("a", "SUCCESS")], OPTIONAL),
    findings: [finding("a", "FAILURE", "SUCCESS")],
  },
  {
    name: "no failure, but not what it was",
    pair: pairOf([check("a", "SUCCESS")], [check("a", "SKIPPED")]),
    findings: [finding("a", "SUCCESS", "SKIPPED")],
  },
  {
    name: "a check that is not made through the gateway",
    pair: pairOf(GREEN, GREEN.slice(1)),
    findings: [finding("a", "SUCCESS", undefined)],
  },
  {
    name: "a check that is only made through the gateway",
    pair: pairOf(GREEN.slice(1), GREEN),
    findings: [finding("a", undefined, "SUCCESS")],
  },
  {
    name: "the second of two with one id",
    pair: pairOf(
      [check("a", "SUCCESS"), check("a", "SUCCESS")],
      [check("a", "SUCCESS"), check("a", "FAILURE")],
    ),
    findings: [finding("a #2", "SUCCESS", "FAILURE")],
  },
  {
    name: "two with one id and two names",
    pair: pairOf(
      [check("a", "SUCCESS", "X"), check("a", "SUCCESS", "Y")],
      [check("a", "SUCCESS", "Y"), check("a", "FAILURE", "X")],
    ),
    findings: [finding("a (X)", "SUCCESS", "FAILURE")],
  },
  {
    name: "required and failing on both ways",
    pair: pairOf([check("a", "FAILURE")], [check("a", "FAILURE")]),
    findings: [finding("a", "FAILURE", "FAILURE")],
  },
  {
    name: "not required and failing on both ways",
    pair: pairOf([check("a", "FAILURE")], [check("a", "FAILURE")], OPTIONAL),
    findings: [],
  },
  {
    name: "a required scenario that was not run",
    pair: pairOf(GREEN, GREEN, { gateway: new Map() }),
    findings: [{ ...finding("", undefined, undefined), message: "the scenario is required and was not run" }],
  },
  {
    name: "a client's check that repeats",
    pair: pairOf([check("a", "SUCCESS")], [check("a", "SUCCESS"), check("a", "SUCCESS")], BEHIND),
    findings: [],
  },
  {
    name: "a client's check that fails once of two times",
    pair: pairOf([check("a", "SUCCESS")], [check("a", "FAILURE"), check("a", "SUCCESS")], BEHIND),
    findings: [finding("a", "SUCCESS", "FAILURE")],
  },
];

describe("what the gate finds", () => {
  for (const { name, pair, findings } of CASES) {
    test(name, () => expect(compare(pair)).toEqual(findings));
  }

  test("passed, of all that could fail", () => {
    const checks = [...GREEN, check("d", "FAILURE"), check("e", "WARNING")];
    const outcome = new Map([
      ["ping", GREEN],
      ["tasks", checks],
    ]);
    expect(tally(outcome, new Set(["ping"]))).toEqual({ required: "1 of 1", others: "1 of 3" });
    expect(tally(new Map([["ping", GREEN]]), new Set(["ping"]))).toEqual({ required: "1 of 1", others: "" });
  });
});

describe("expected failures", () => {
  const pair = pairOf(GREEN, GREEN);
  const compared = [{ pair, findings: [finding("a", "SUCCESS", "FAILURE")] }];
  const entry: ExpectedFailure = {
    place: "before the server",
    revision: "2025-11-25",
    scenario: "ping",
    check: "a",
    reason: "a test",
  };
  const UNEXPECTED = "before the server, 2025-11-25: ping a: SUCCESS direct, FAILURE through the gateway";

  const LISTS: readonly {
    readonly name: string;
    readonly entries: readonly ExpectedFailure[];
    readonly judged: ReturnType<typeof judge>;
  }[] = [
    { name: "an empty list", entries: [], judged: { unexpected: [UNEXPECTED], stale: [] } },
    { name: "an entry that says so", entries: [entry], judged: { unexpected: [], stale: [] } },
    {
      name: "an entry that is not needed any more",
      entries: [entry, { ...entry, check: "b" }],
      judged: { unexpected: [], stale: ["before the server, 2025-11-25: ping b passes now"] },
    },
    {
      name: "an entry for another place, which was not looked at",
      entries: [{ ...entry, place: "behind the client" }],
      judged: { unexpected: [UNEXPECTED], stale: [] },
    },
  ];
  for (const { name, entries, judged } of LISTS) {
    test(name, () => expect(judge(compared, entries)).toEqual(judged));
  }
});
