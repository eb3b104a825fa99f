import {
  type CompiledPolicy,
  type Decision,
  decidePrompt,
  decideResource,
  decideTask,
  evaluateCall,
  isTemplateListed,
} from "@portcullis/policy";
import type { Access, JudgedCall, RoutedCall, Stop } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { PinnedTool } from "./records.ts";

/** Stage decide: policy's answer, and whether it stops the call in this mode (policy-spec section 6, A1). */
export function decide(
  call: RoutedCall,
  tool: PinnedTool | undefined,
  ports: Pick<Ports, "clock">,
): JudgedCall {
  const { access } = call.arrival;
  const policy = access.policy?.compiled;
  // Step 1; a grant without a policy denies in shadow mode too.
  if (policy === undefined) return judgeWithoutPolicy(call);

  const { subject } = call;
  switch (subject.kind) {
    case "tool":
      return judgeTool(call, policy, subject.name, tool, ports.clock.nowMs());
    case "task":
      return relaxed(call, decideTask(policy, subject.tool), undefined);
    case "resource":
      return relaxed(call, decideResource(policy, subject.uri), undefined);
    case "prompt":
      return relaxed(call, decidePrompt(policy, subject.name), undefined);
    case "template":
      return relaxed(call, judgeTemplate(policy, subject.uriTemplate), undefined);
    case "listen":
    case "list":
    case "task-list":
    case "free":
      return { call, decision: ALLOWED, tool: undefined, stop: undefined };
    default:
      return unreachable(subject);
  }
}

const ALLOWED: Decision = { effect: "allow", rule: "", message: "", reservations: [] };

function denial(rule: string, message: string): Decision {
  return { effect: "deny", rule, message, reservations: [] };
}

function judgeWithoutPolicy(call: RoutedCall): JudgedCall {
  const { kind } = call.subject;
  const isOpen = kind === "free" || kind === "list" || kind === "task-list" || kind === "listen";
  if (isOpen) return { call, decision: ALLOWED, tool: undefined, stop: undefined };
  const decision = denial(
    "(no policy)",
    "This grant has no policy for this server, so everything is denied.",
  );
  return { call, decision, tool: undefined, stop: "denied" };
}

function judgeTool(
  call: RoutedCall,
  policy: CompiledPolicy,
  name: string,
  tool: PinnedTool | undefined,
  nowMs: number,
): JudgedCall {
  const { access } = call.arrival;
  const subject = call.subject.kind === "tool" ? call.subject : undefined;
  const decision = evaluateCall(policy, {
    tool: name,
    args: subject?.args,
    nowMs,
    grantLabel: access.grant.label,
  });
  const isHidden = decision.rule === "(hidden)";
  // Step 2 comes before pins, and hidden answers like unknown (R4); shadow mode lets hidden tools through (A1).
  if (isHidden && access.mode === "enforce") return { call, decision, tool, stop: "unknown-tool" };
  const pinned = judgePin(name, tool, access.server.onChange);
  if (pinned !== undefined) return { call, tool, ...pinned };
  return relaxed(call, decision, tool);
}

/** Pins are never relaxed, not even by shadow mode (A1); only the server's `on-change` setting relaxes them. */
function judgePin(
  name: string,
  tool: PinnedTool | undefined,
  onChange: "block" | "hold" | "allow",
): { decision: Decision; stop: Stop } | undefined {
  if (tool?.pin === "accepted") return undefined;
  const isKnown = tool?.pin === "changed" || (tool?.pin === "new" && onChange !== "block");
  if (!isKnown) return { decision: denial("(unknown tool)", `Unknown tool: ${name}`), stop: "unknown-tool" };
  if (onChange === "allow") return undefined;
  const message = `The definition of \`${name}\` changed and waits for acceptance.`;
  if (onChange === "block") return { decision: denial("(tool changed)", message), stop: "denied" };
  return { decision: { effect: "hold", rule: "(tool changed)", message, reservations: [] }, stop: "held" };
}

/** True when this grant may follow tasks of the tool; shadow mode relaxes R7 (A1). */
export function mayFollowTask({ policy, mode }: Access, tool: string): boolean {
  if (policy === undefined) return false;
  return mode === "shadow" || decideTask(policy.compiled, tool).effect === "allow";
}

/** Completion of a template's argument needs the template itself to be visible (R7). */
function judgeTemplate(policy: CompiledPolicy, uriTemplate: string): Decision {
  if (isTemplateListed(policy, uriTemplate)) return ALLOWED;
  return denial("(default deny)", "This resource template is not permitted by policy.");
}

/** Shadow mode relaxes the verdict on tool calls and R7, nothing else (A1). */
function relaxed(call: RoutedCall, decision: Decision, tool: PinnedTool | undefined): JudgedCall {
  if (decision.effect === "allow" || call.arrival.access.mode === "shadow") {
    return { call, decision, tool, stop: undefined };
  }
  return { call, decision, tool, stop: decision.effect === "hold" ? "held" : "denied" };
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled subject ${String(value)}`);
}
