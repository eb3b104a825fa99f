import { checkHeaderParams } from "../mcp/header-params.ts";
import type { PermittedCall } from "./call.ts";

/**
 * Stage mirror: what is wrong with the `Mcp-Param-*` headers of a call (2026-07-28), or undefined: they must say what
 * the body says, and the body decides (threat 17). Asked of permitted calls alone, because a tool's own headers tell
 * that there is such a tool, and what its arguments are called (policy-spec R4).
 */
export function mirrorProblem({ call, tool }: PermittedCall): string | undefined {
  const { subject, era, arrival } = call;
  if (tool === undefined || tool.headerParams.length === 0) return undefined;
  if (era !== "modern" || !arrival.mirrored || subject.kind !== "tool") return undefined;
  return checkHeaderParams(arrival.headers.raw, tool.headerParams, subject.args ?? {});
}
