import { maskCommand, maskUrl } from "../../clients/hide-secrets.ts";
import { packageOf } from "../../clients/package-reference.ts";
import { type ScanReport, type ScanResult, worstOf } from "./scan-report.ts";
import type { ScannedServer } from "./scanned-server.ts";

/** The whole report as JSON: nothing in it is a secret. */
export function toJsonReport(report: ScanReport): object {
  const { counts, combinations } = report.stack;
  return {
    servers: report.results.map(toJsonServer),
    counts,
    combinations: combinations.map(({ id, title, why, change, isBroken, parts }) => ({
      id,
      title,
      why,
      change,
      isBroken,
      tools: parts.flatMap(({ tools }) => tools.map(({ server, tool }) => ({ server, tool }))),
    })),
    broken: report.broken,
    failOn: report.failOn ?? null,
    failures: report.failures,
  };
}

function toJsonServer(result: ScanResult): object {
  const { server, learned, findings, recommendation } = result;
  return {
    name: server.name,
    places: server.places,
    ...describeServer(server),
    learned: learned.how,
    reason: learned.how === "unknown" ? learned.reason : null,
    worst: "tools" in learned || findings.length > 0 ? worstOf(result) : null,
    tools: (recommendation?.tools ?? []).map(({ tool, verdict, kind, effect }) => ({
      name: tool.name,
      category: verdict.category,
      risk: verdict.risk,
      severity: verdict.severity,
      confidence: verdict.confidence,
      recommended: kind,
      effect,
    })),
    findings,
    warnings: "warnings" in learned ? learned.warnings : [],
    policy: recommendation?.document ?? null,
  };
}

function describeServer({ raw, target }: ScannedServer): object {
  const url = raw?.url ?? (target?.kind === "http" ? target.url : undefined);
  if (url !== undefined) return { transport: "http", target: maskUrl(url), package: null };
  const command =
    raw?.command === undefined
      ? target?.kind === "stdio"
        ? target.command
        : undefined
      : [raw.command, ...raw.args];
  if (command === undefined) return { transport: null, target: null, package: null };
  const reference = packageOf(command);
  return { transport: "stdio", target: maskCommand(command), package: reference ?? null };
}
