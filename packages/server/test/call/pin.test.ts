import { err, type JsonObject, ok } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Arrival, RoutedCall, Subject } from "../../src/call/call.ts";
import { findPin } from "../../src/call/pin.ts";
import type { Ports, UpstreamFailure } from "../../src/call/ports.ts";
import type { PinnedTool, Server } from "../../src/call/records.ts";
import { accessOf, pinned } from "./access.ts";

const ACCESS = accessOf({});
const AWAY: UpstreamFailure = { kind: "unreachable", sent: false };
const UNAVAILABLE = err({ kind: "list-unavailable", server: "notes", failure: AWAY });
const LIST: Subject = { kind: "list", of: "tools" };
const toolOf = (name: string, args?: JsonObject): Subject => ({ kind: "tool", name, args });

interface Knowledge {
  readonly isFresh: boolean;
  /** Tools of the list at hand. */
  readonly known?: readonly PinnedTool[];
  /** Tools of the list after it was taken anew; undefined when it cannot be. */
  readonly taken?: readonly PinnedTool[];
}

/** The pin that is found, and how often the server was asked for its list. */
async function find(subject: Subject, { isFresh, known = [], taken }: Knowledge) {
  const asked: string[] = [];
  const toServer = (tools: readonly PinnedTool[]): Server => ({
    ...ACCESS.server,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
  });
  let current = toServer(known);
  const take = (how: string) => {
    asked.push(how);
    if (taken !== undefined) current = toServer(taken);
    return taken === undefined ? err(AWAY) : ok(undefined);
  };
  const ports = {
    snapshot: { server: () => current },
    tools: {
      isFresh: () => isFresh,
      refresh: async () => take("refresh"),
      refreshForUnknown: async () => void take("refreshForUnknown"),
    },
  } as unknown as Ports;
  const arrival = { access: ACCESS } as Arrival;
  const found = await findPin({ arrival, era: "modern", subject } as RoutedCall, ports);
  return { found, asked };
}

const RUN = pinned("run", "accepted");
const GONE = pinned("run", "removed");

describe("the accepted tool of a call (policy-spec R4)", () => {
  test.each<[string, Subject, Knowledge, PinnedTool | undefined, readonly string[]]>([
    ["a fresh list that has it", toolOf("run"), { isFresh: true, known: [RUN] }, RUN, []],
    ["an old list", toolOf("run"), { isFresh: false, known: [RUN], taken: [RUN] }, RUN, ["refresh"]],
    [
      "a fresh list that has it not is taken once more",
      toolOf("run"),
      { isFresh: true, taken: [RUN] },
      RUN,
      ["refreshForUnknown"],
    ],
    [
      "one that was removed may be back",
      toolOf("run"),
      { isFresh: true, known: [GONE], taken: [RUN] },
      RUN,
      ["refreshForUnknown"],
    ],
    [
      "an old list that has it not, even anew",
      toolOf("run"),
      { isFresh: false, known: [RUN], taken: [] },
      undefined,
      ["refresh", "refreshForUnknown"],
    ],
    [
      "one that is removed",
      toolOf("run"),
      { isFresh: false, known: [RUN], taken: [GONE] },
      GONE,
      ["refresh", "refreshForUnknown"],
    ],
    [
      "a name that no list has, of a server that does not answer",
      toolOf("run"),
      { isFresh: true },
      undefined,
      ["refreshForUnknown"],
    ],
    ["what is no tool call", { kind: "free" }, { isFresh: false }, undefined, []],
    ["another list", { kind: "list", of: "prompts" }, { isFresh: false }, undefined, []],
    ["a list of tools, fresh", LIST, { isFresh: true }, undefined, []],
    ["a list of tools, old", LIST, { isFresh: false, taken: [RUN] }, undefined, ["refresh"]],
  ])("%s", async (_, subject, knowledge, pin, asked) => {
    expect(await find(subject, knowledge)).toEqual({ found: ok(pin), asked });
  });

  test.each([
    ["a call", toolOf("run")],
    ["a list of tools", LIST],
  ])("without a list, %s goes nowhere", async (_, subject) => {
    const knowledge = { isFresh: false, known: [RUN] };
    expect(await find(subject, knowledge)).toEqual({ found: UNAVAILABLE, asked: ["refresh"] });
  });
});
