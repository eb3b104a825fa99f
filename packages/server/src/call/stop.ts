import type { JudgedCall, Stop } from "./call.ts";
import type { Refusal } from "./refusal.ts";
import { NO_APPROVALS_YET } from "./wire.ts";

/** Stage hold, and what else the verdict stops: what a client is told when the verdict stops its call. */
export function refusalOf(judged: JudgedCall, stop: Stop): Refusal {
  const { subject } = judged.call;
  switch (stop) {
    case "unknown-tool":
      return { kind: "unknown-tool", name: subject.kind === "tool" ? subject.name : "" };
    case "held":
      // Without approvals a hold is refused; the row keeps the holding rule.
      return { kind: "held", message: NO_APPROVALS_YET };
    case "denied":
      return { kind: "denied", message: judged.decision.message };
    default:
      return unreachable(stop);
  }
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled stop ${String(value)}`);
}
