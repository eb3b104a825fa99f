import { describe, expect, test } from "vitest";
import type { Access, Arrival, JudgedCall, RoutedCall, Subject } from "../../src/call/call.ts";
import { decide } from "../../src/call/decide.ts";
import type { OnChange, PinState } from "../../src/call/records.ts";
import { refusalOf } from "../../src/call/stop.ts";
import { NO_APPROVALS_YET } from "../../src/call/wire.ts";
import { accessOf, pinned } from "./access.ts";

const ACCESS = accessOf({
  hide: ["secret"],
  tools: {
    run: { require: [{ conditions: [{ path: "grant.label", op: "eq", value: "agent" }] }] },
    never: { action: "deny", reason: "Never." },
    held: { action: "require_approval" },
    night: { require: [{ conditions: [{ path: "time.hour", op: "lt", value: 6 }] }] },
    picky: { deny_if: [{ conditions: [{ path: "args.n", op: "gt", value: 1 }], on_deny: "Too much." }] },
  },
  resources: { allow: ["docs://**"] },
  prompts: { allow: ["hello"] },
});
const NIGHT = { nowMs: () => Date.UTC(2026, 0, 1, 5), monotonicMs: () => 0 };

function routed(subject: Subject, access: Access): RoutedCall {
  const arrival = { access, requestId: "r", verb: "POST", startedMs: 0 } as Arrival;
  return {
    arrival,
    era: "modern",
    message: undefined,
    body: undefined,
    method: "tools/call",
    subject,
    session: undefined,
    channel: "c",
    once: undefined,
  };
}

const toolOf = (name: string, args?: { readonly n: number }): Subject => ({ kind: "tool", name, args });

/** What stops the call, the rule and the message. */
function judge(subject: Subject, access: Access = ACCESS, pin: PinState | undefined = "accepted") {
  const name = subject.kind === "tool" ? subject.name : "";
  const tool = pin === undefined ? undefined : pinned(name, pin);
  const judged: JudgedCall = decide(routed(subject, access), tool, { clock: NIGHT });
  const { effect, rule, message } = judged.decision;
  return { stop: judged.stop, effect, rule, message };
}

const ALLOWED = { stop: undefined, effect: "allow", rule: "", message: "" };
const denied = (rule: string, message: string, stop = "denied") => ({ stop, effect: "deny", rule, message });
const shadow: Access = { ...ACCESS, mode: "shadow" };

describe("what policy says, and whether it stops the call (policy-spec section 6)", () => {
  test.each<[string, Subject, object]>([
    ["an allowed tool, by the label of the grant (C3)", toolOf("run"), ALLOWED],
    ["by the clock of the gateway (C3)", toolOf("night"), ALLOWED],
    ["by its arguments", toolOf("picky", { n: 1 }), ALLOWED],
    ["against its arguments", toolOf("picky", { n: 2 }), denied("/tools/picky/deny_if/0", "Too much.")],
    ["a tool that is denied", toolOf("never"), denied("/tools/never/action", "Never.")],
    [
      "a tool that nothing names",
      toolOf("other"),
      denied("(default deny)", 'Tool "other" is not permitted by policy.'),
    ],
    [
      "a tool that is held",
      toolOf("held"),
      { stop: "held", effect: "hold", rule: "/tools/held/action", message: "Needs a person's approval." },
    ],
    [
      "a tool that is hidden (R4)",
      toolOf("secret"),
      denied("(hidden)", "Unknown tool: secret", "unknown-tool"),
    ],
    ["an allowed resource (R7)", { kind: "resource", uri: "docs://a" }, ALLOWED],
    [
      "another resource",
      { kind: "resource", uri: "x://a" },
      denied("(default deny)", 'Resource "x://a" is not permitted by policy.'),
    ],
    ["an allowed prompt (R7)", { kind: "prompt", name: "hello" }, ALLOWED],
    [
      "another prompt",
      { kind: "prompt", name: "bye" },
      denied("(default deny)", 'Prompt "bye" is not permitted by policy.'),
    ],
    ["an allowed template (R7)", { kind: "template", uriTemplate: "docs://{x}" }, ALLOWED],
    [
      "another template",
      { kind: "template", uriTemplate: "x://{x}" },
      denied("(default deny)", "This resource template is not permitted by policy."),
    ],
    ["a task of an allowed tool (R7)", { kind: "task", tool: "run", taskId: "t" }, ALLOWED],
    [
      "a task of a hidden tool",
      { kind: "task", tool: "secret", taskId: "t" },
      denied("(hidden)", "Unknown tool: secret"),
    ],
    ["a list", { kind: "list", of: "tools" }, ALLOWED],
    ["a list of tasks", { kind: "task-list" }, ALLOWED],
    ["a listener", { kind: "listen", uris: [], tasks: [] }, ALLOWED],
    ["what no policy judges", { kind: "free" }, ALLOWED],
  ])("%s", (_, subject, expected) => {
    expect(judge(subject)).toEqual(expected);
  });
});

describe("shadow mode relaxes the verdict, and nothing else (policy-spec A1)", () => {
  test.each<[string, Subject]>([
    ["a denied tool", toolOf("never")],
    ["a held tool", toolOf("held")],
    ["a hidden tool", toolOf("secret")],
    ["a resource", { kind: "resource", uri: "x://a" }],
    ["a prompt", { kind: "prompt", name: "bye" }],
    ["a template", { kind: "template", uriTemplate: "x://{x}" }],
    ["a task", { kind: "task", tool: "secret", taskId: "t" }],
  ])("%s goes through, and the row keeps what would have been", (_, subject) => {
    expect(judge(subject, shadow)).toEqual({ ...judge(subject), stop: undefined });
  });

  test("a pin stops the call all the same", () => {
    const changed = denied("(tool changed)", "The definition of `run` changed and waits for acceptance.");
    expect(judge(toolOf("run"), shadow, "changed")).toEqual(changed);
  });
});

describe("pins: a tool runs as it was accepted", () => {
  const changed = "The definition of `run` changed and waits for acceptance.";
  const unknown = denied("(unknown tool)", "Unknown tool: run", "unknown-tool");
  const blocked = denied("(tool changed)", changed);
  const held = { stop: "held", effect: "hold", rule: "(tool changed)", message: changed };
  test.each<[OnChange, PinState | undefined, object]>([
    ["block", "accepted", ALLOWED],
    ["block", "changed", blocked],
    ["block", "new", unknown],
    ["block", "removed", unknown],
    ["hold", "changed", held],
    ["hold", "new", held],
    ["hold", "removed", unknown],
    ["allow", "changed", ALLOWED],
    ["allow", "new", ALLOWED],
    ["allow", "removed", unknown],
  ])("under `%s`, one that is %s", (onChange, pin, expected) => {
    expect(judge(toolOf("run"), { ...ACCESS, server: { ...ACCESS.server, onChange } }, pin)).toEqual(
      expected,
    );
  });

  test("a name that no list has is unknown, whatever policy says", () => {
    const judged = decide(routed(toolOf("run"), ACCESS), undefined, { clock: NIGHT });
    expect([judged.stop, judged.decision.rule]).toEqual(["unknown-tool", "(unknown tool)"]);
  });

  test("hidden comes before the pin (R4)", () => {
    expect(judge(toolOf("secret"), ACCESS, "changed").rule).toBe("(hidden)");
  });
});

describe("a grant without a policy (policy-spec section 6, step 1)", () => {
  const nothing = denied("(no policy)", "This grant has no policy for this server, so everything is denied.");
  test.each<[Subject, object]>([
    [toolOf("run"), nothing],
    [{ kind: "resource", uri: "docs://a" }, nothing],
    [{ kind: "prompt", name: "hello" }, nothing],
    [{ kind: "template", uriTemplate: "docs://{x}" }, nothing],
    [{ kind: "task", tool: "run", taskId: "t" }, nothing],
    [{ kind: "free" }, ALLOWED],
    [{ kind: "list", of: "tools" }, ALLOWED],
    [{ kind: "task-list" }, ALLOWED],
    [{ kind: "listen", uris: [], tasks: [] }, ALLOWED],
  ])("%o", (subject, expected) => {
    expect(judge(subject, accessOf())).toEqual(expected);
    expect(judge(subject, { ...accessOf(), mode: "shadow" })).toEqual(expected);
  });
});

test("what a stopped call is told", () => {
  const judged = decide(routed(toolOf("never"), ACCESS), pinned("never", "accepted"), { clock: NIGHT });
  const free = decide(routed({ kind: "free" }, ACCESS), undefined, { clock: NIGHT });
  expect([
    refusalOf(judged, "denied"),
    refusalOf(judged, "held"),
    refusalOf(judged, "unknown-tool"),
    refusalOf(free, "unknown-tool"),
  ]).toEqual([
    { kind: "denied", message: "Never." },
    { kind: "held", message: NO_APPROVALS_YET },
    { kind: "unknown-tool", name: "never" },
    { kind: "unknown-tool", name: "" },
  ]);
});
