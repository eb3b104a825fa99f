import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { Arrival, PermittedCall, RoutedCall, Subject } from "../../src/call/call.ts";
import { mirrorProblem } from "../../src/call/mirror.ts";
import type { Era, PinnedTool } from "../../src/call/records.ts";
import { accessOf, pinned } from "./access.ts";
import { openLine } from "./line-rig.ts";

const TOOL: PinnedTool = {
  ...pinned("run", "accepted"),
  headerParams: [{ header: "Mcp-Param-Region", path: ["region"], type: "string" }],
};
const HERE: Subject = { kind: "tool", name: "run", args: { region: "eu" } };
const DIFFERS = ["mcp-param-region", "us"];

interface Coming {
  readonly subject?: Subject;
  readonly tool?: PinnedTool | undefined;
  readonly era?: Era;
  readonly mirrored?: boolean;
}

function problemOf(raw: readonly string[], coming: Coming = {}): string | undefined {
  const { subject = HERE, era = "modern", mirrored = true } = coming;
  const arrival = { access: accessOf({}), mirrored, headers: { raw } } as unknown as Arrival;
  const tool = "tool" in coming ? coming.tool : TOOL;
  return mirrorProblem({ call: { arrival, era, subject } as RoutedCall, tool } as PermittedCall);
}

describe("arguments that are mirrored into headers (threat 17)", () => {
  test("must say what the body says", () => {
    expect([problemOf(DIFFERS), problemOf([])]).toEqual([
      "the `Mcp-Param-Region` header differs from the body",
      "the `Mcp-Param-Region` header is missing",
    ]);
  });

  test("that agree let the call go on, as do none on either side", () => {
    const without: Subject = { kind: "tool", name: "run", args: undefined };
    expect([problemOf(["mcp-param-region", "eu"]), problemOf([], { subject: without })]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test.each<[string, Coming]>([
    ["in an earlier revision", { era: "legacy" }],
    ["on stdio", { mirrored: false }],
    ["of a tool that declares none", { tool: pinned("run", "accepted") }],
    ["where no tool is called", { tool: undefined, subject: { kind: "free" } }],
  ])("are not there %s", (_, coming) => {
    expect(problemOf(DIFFERS, coming)).toBeUndefined();
  });
});

describe("who may not see a tool learns nothing from its headers (policy-spec R4)", () => {
  const POLICY = {
    version: "1",
    default: "allow",
    hide: ["secret"],
    tools: { other: { action: "deny" }, run: { limits: [{ counter: "calls", window: "day", max: 1 }] } },
  };
  const call = (name: string): JsonObject => ({ name, arguments: { region: "eu" } });
  const openModern = (mode: "enforce" | "shadow" = "enforce") =>
    openLine({ era: "modern", policy: POLICY, mode, mirrors: { region: "Region" } });

  test("a hidden tool is answered like an unknown one, byte for byte but for the name", async () => {
    await using rig = await openModern();
    const [hidden, unknown] = [
      await rig.send("tools/call", call("secret")),
      await rig.send("tools/call", call("nosuch")),
    ];
    expect(JSON.stringify(hidden).replace("secret", "nosuch")).toBe(JSON.stringify(unknown));
    expect(rig.rows).toMatchObject([
      { tool: "secret", rule: "(hidden)" },
      { tool: "nosuch", rule: "(unknown tool)" },
    ]);
  });

  test("so is a tool that nobody accepted yet", async () => {
    await using rig = await openModern();
    // The first list is accepted; what comes later waits.
    await rig.send("tools/list", {});
    const region = { type: "string", "x-mcp-header": "Region" };
    const late = { name: "late", inputSchema: { type: "object", properties: { region } } };
    rig.line.ports.tools.observe(rig.access().server, [late]);
    expect(rig.access().server.tools.get("late")).toMatchObject({ pin: "new", headerParams: [{}] });
    const answers = [
      await rig.send("tools/call", call("late")),
      await rig.send("tools/call", call("nosuch")),
    ].map((answer) => JSON.stringify(answer));
    expect(answers[0]?.replace("late", "nosuch")).toBe(answers[1]);
  });

  test("a denied call is told that it is denied", async () => {
    await using rig = await openModern();
    const { body } = await rig.send("tools/call", call("other"));
    expect(JSON.stringify(body)).toContain("[POLICY DENIED]");
  });

  test.each(["enforce", "shadow"] as const)(
    "a permitted call is refused before anything is charged or sent, its tool on record (%s)",
    async (mode) => {
      await using rig = await openModern(mode);
      for (const _ of [1, 2]) {
        expect(await rig.send("tools/call", call("run"))).toMatchObject({
          status: 400,
          body: { id: 1, error: { code: -32020 } },
        });
      }
      expect(await rig.send("tools/call", { name: "run", arguments: {} })).toMatchObject({ status: 200 });
      expect(rig.ran()).toEqual(["run"]);
      expect(rig.rows[0]).toMatchObject({
        tool: "run",
        effect: "deny",
        rule: "(header-mismatch)",
        status: "refused",
        argumentKeys: ["region"],
      });
    },
  );
});
