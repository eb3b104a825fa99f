import {
  type ClassifiedTool,
  RISKS,
  type Risk,
  recommendStack,
  type ServerRecommendation,
  type StackReport,
} from "@portcullis/catalogue";
import type { LookAlikes } from "../../clients/look-alikes.ts";
import { type Finding, findingsOf, lookAlikeFindings } from "./findings.ts";
import type { LearnedAll } from "./learn.ts";
import { commandOf, type ScannedServer, type ScanSubject } from "./scanned-server.ts";

/** How the tools of a server were learned. */
export type Learned =
  | {
      readonly how: "started" | "asked";
      readonly tools: readonly ClassifiedTool[];
      readonly warnings: readonly string[];
    }
  | {
      readonly how: "catalogue";
      readonly tools: readonly ClassifiedTool[];
      /** When somebody looked at this package, and which version it was. */
      readonly seenAtMs: number;
      readonly version: string | undefined;
      readonly warnings: readonly string[];
    }
  | { readonly how: "governed" }
  | { readonly how: "unknown"; readonly reason: string };

export interface ScanResult {
  readonly server: ScannedServer;
  readonly learned: Learned;
  readonly findings: readonly Finding[];
  /** Undefined where no tool is known. */
  readonly recommendation: ServerRecommendation | undefined;
}

export interface ScanReport {
  readonly results: readonly ScanResult[];
  readonly stack: StackReport;
  readonly broken: ScanSubject["broken"];
  /** Servers were started or asked, though maybe none of them answered. */
  readonly mayStart: boolean;
  /** Why `--fail-on` fails, one line each; empty when it does not. */
  readonly failures: readonly string[];
  readonly failOn: Risk | undefined;
}

export function makeReport(
  subject: ScanSubject,
  { servers, mayStart }: LearnedAll,
  failOn: Risk | undefined,
  lookAlikes: LookAlikes,
): ScanReport {
  const stack = recommendStack(
    servers.flatMap(([{ name }, each]) => ("tools" in each ? [{ server: name, tools: each.tools }] : [])),
  );
  const results = servers.map(
    ([server, each]): ScanResult => ({
      server,
      learned: each,
      findings: [
        ...lookAlikeFindings(commandOf(server), lookAlikes),
        ...(server.raw === undefined ? [] : findingsOf(server.raw)),
      ],
      recommendation:
        "tools" in each ? stack.servers.find((recommended) => recommended.server === server.name) : undefined,
    }),
  );
  const sorted = results.toSorted((a, b) => RISKS.indexOf(worstOf(b)) - RISKS.indexOf(worstOf(a)));
  const failures = failOn === undefined ? [] : failuresOf(sorted, subject, failOn);
  return { results: sorted, stack, broken: subject.broken, mayStart, failures, failOn };
}

/** The worst risk of a server's tools and of what was found in its entry. */
export function worstOf({ recommendation, findings }: ScanResult): Risk {
  const risks = [
    ...(recommendation?.tools ?? []).map(({ verdict }) => verdict.risk),
    ...findings.map(({ risk }) => risk),
  ];
  return RISKS.findLast((risk) => risks.includes(risk)) ?? "low";
}

/** INVARIANT: what could not be looked at fails too: a check that saw nothing has not passed. */
function failuresOf(results: readonly ScanResult[], subject: ScanSubject, failOn: Risk): readonly string[] {
  const isReached = (risk: Risk): boolean => RISKS.indexOf(risk) >= RISKS.indexOf(failOn);
  const ofServers = results.flatMap(({ server, learned, findings, recommendation }) => [
    ...(recommendation?.tools ?? [])
      .filter(({ verdict }) => isReached(verdict.risk))
      .map(({ tool, verdict }) => `${server.name}: ${tool.name} is ${verdict.risk} (${verdict.category})`),
    ...findings
      .filter(({ risk }) => isReached(risk))
      .map(({ message, risk }) => `${server.name}: ${message} (${risk})`),
    ...(learned.how === "unknown" ? [`${server.name}: its tools are not known: ${learned.reason}`] : []),
  ]);
  return [...ofServers, ...subject.broken.map(({ path, problem }) => `${path}: ${problem}`)];
}
