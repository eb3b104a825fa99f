import { acceptTools, setGrant } from "@portcullis/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Registered, type Rig, startRig, unwrap } from "./harness.ts";
import { MODERN, sendModern } from "./modern-client.ts";
import { type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;
let tools: object[];

beforeEach(async () => {
  tools = [TOOL("read"), TOOL("write"), TOOL("secret")];
  rig = await startRig();
  upstream = await startUpstream(({ received, result }) => {
    const { method } = received.message;
    if (method === "server/discover")
      result({ resultType: "complete", supportedVersions: [MODERN], capabilities: {} });
    else if (method === "tools/list") result({ resultType: "complete", tools });
    else result({ resultType: "complete", content: [{ type: "text", text: "ran" }] });
  });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function register(onChange: "block" | "hold" | "allow"): void {
  registered = rig.add(
    "files",
    { kind: "http", url: upstream.url, headers: [] },
    {
      version: "1",
      default: "deny",
      hide: ["secret"],
      tools: {
        read: {},
        added: {},
        write: { limits: [{ counter: "w", window: "day", max: 1 }] },
        later: { action: "require_approval" },
      },
    },
    { onChange, era: "modern" },
  );
}

async function send(method: string, params: object): Promise<string> {
  return (await sendModern(registered, method, params)).text();
}

const call = (name: string) => send("tools/call", { name, arguments: {} });

async function listed(): Promise<string[]> {
  const { result } = JSON.parse(await send("tools/list", {})) as { result: { tools: { name: string }[] } };
  return result.tools.map(({ name }) => name);
}

/** The server changes one tool and adds another. */
function change(): void {
  tools = [TOOL("read", { description: "Now it does more." }), TOOL("write"), TOOL("secret"), TOOL("added")];
}

describe("pins (threats 31 to 33)", () => {
  test("a changed tool waits, a new one is unknown, until both are accepted", async () => {
    register("block");
    expect(await listed()).toEqual(["read", "write"]);
    expect(await call("read")).toContain("ran");
    change();
    expect(await listed()).toEqual(["write"]);
    expect(await call("read")).toContain(
      "[POLICY DENIED] The definition of `read` changed and waits for acceptance.",
    );
    expect(await call("added")).toContain("Unknown tool: added");
    acceptTools(rig.state, registered.id, undefined, Date.now());
    expect(await listed()).toEqual(["read", "write", "added"]);
    expect(await call("read")).toContain("ran");
    expect(await call("added")).toContain("ran");
    expect(
      rig
        .rows()
        .filter(({ effect }) => effect === "deny")
        .map(({ rule }) => rule),
    ).toEqual(["(tool changed)", "(unknown tool)"]);
  });

  test("`--on-change hold` lists it and holds its calls; `allow` lets both pass", async () => {
    register("hold");
    await listed();
    change();
    expect(await listed()).toEqual(["read", "write", "added"]);
    expect(await call("read")).toContain(
      "This call needs a person's approval, and this gateway has no approvals yet.",
    );
    expect(rig.rows().at(-1)).toMatchObject({ effect: "hold", rule: "(tool changed)", status: null });
  });

  test("`--on-change allow` lets changed and new tools pass", async () => {
    register("allow");
    await listed();
    change();
    expect(await listed()).toEqual(["read", "write", "added"]);
    expect(await call("read")).toContain("ran");
    expect(await call("added")).toContain("ran");
  });

  test("a list that did not change moves no pin", async () => {
    register("block");
    for (let round = 0; round < 10; round += 1) expect(await listed()).toEqual(["read", "write"]);
  });
});

describe("shadow mode (policy-spec A1)", () => {
  beforeEach(async () => {
    tools.push(TOOL("later"));
    register("block");
    unwrap(setGrant(rig.state, "agent-1", { mode: "shadow" }));
    await listed();
  });

  test("calls go through with the effect that enforcement would have had; lists stay filtered", async () => {
    for (const name of ["read", "secret", "later", "write", "write"])
      expect(await call(name)).toContain("ran");
    expect(await listed()).toEqual(["read", "write", "later"]);
    const rows = () => rig.rows().filter(({ method }) => method === "tools/call");
    await expect
      .poll(() => rows().map(({ tool, effect, rule, mode, status }) => [tool, effect, rule, mode, status]))
      .toEqual([
        ["read", "allow", "", "shadow", "ok"],
        ["secret", "deny", "(hidden)", "shadow", "ok"],
        ["later", "hold", "/tools/later/action", "shadow", "ok"],
        ["write", "allow", "", "shadow", "ok"],
        ["write", "deny", "/tools/write/limits/0", "shadow", "ok"],
      ]);
  });

  test("its counters are apart: enforcement starts with the whole quota (policy-spec A1)", async () => {
    await call("write");
    unwrap(setGrant(rig.state, "agent-1", { mode: "enforce" }));
    expect(await call("write")).toContain("ran");
    expect(await call("write")).toContain("Rate limit of 1 per day reached");
  });

  test("pins are not relaxed", async () => {
    change();
    await listed();
    expect(await call("read")).toContain("changed and waits for acceptance");
    expect(await call("added")).toContain("Unknown tool: added");
  });
});
