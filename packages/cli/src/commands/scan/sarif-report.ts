import { hash } from "node:crypto";
import { relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Risk } from "@portcullis/catalogue";
import { isInside } from "../../clients/places.ts";
import { toPrintable } from "../../printable.ts";
import { FINDING_RULES } from "./findings.ts";
import type { ScanReport, ScanResult } from "./scan-report.ts";
import type { ServerPlace } from "./scanned-server.ts";

const LEVELS: { readonly [R in Risk]: "error" | "warning" | "note" } = {
  critical: "error",
  high: "warning",
  medium: "note",
  low: "note",
};

/** What GitHub sorts by: CVSS-like, as text. */
const SECURITY_SEVERITY: { readonly [R in Risk]: string } = {
  critical: "9.0",
  high: "7.5",
  medium: "5.0",
  low: "1.0",
};

const TOOL_RULES = {
  "critical-tool": {
    risk: "critical",
    title: "Tool that destroys or pays",
    help: "Hide it or let a person approve each call.",
  },
  "high-tool": {
    risk: "high",
    title: "Tool that executes",
    help: "Limit how often it may be called, and with what.",
  },
  "unknown-tools": {
    risk: "medium",
    title: "Server whose tools are not known",
    help: "Scan with --start.",
  },
  "toxic-combination": {
    risk: "high",
    title: "Tools that are dangerous together",
    help: "Give them to different agents, or control one of them.",
  },
} as const;

interface SarifRule {
  readonly risk: Risk;
  readonly title: string;
  readonly help: string;
}

const RULES: readonly (readonly [string, SarifRule])[] = [
  ...Object.entries(TOOL_RULES),
  ...Object.entries(FINDING_RULES),
];

interface SarifInput {
  readonly rule: string;
  readonly message: string;
  readonly server: string;
  readonly subject: string;
  readonly place: ServerPlace | undefined;
}

/** SARIF 2.1.0, for code scanning: each result points at the server's entry in its file. */
export function toSarif(report: ScanReport, folder: string, version: string): object {
  const results = [...report.results.flatMap(ofServer), ...ofCombinations(report)];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Portcullis", version, rules: RULES.map(toRule) } },
        results: results.map((input) => toResult(input, folder)),
        columnKind: "utf16CodeUnits",
      },
    ],
  };
}

function ofServer({ server, learned, findings, recommendation }: ScanResult): readonly SarifInput[] {
  const [place] = server.places;
  const at = { server: server.name, place };
  const tools = (recommendation?.tools ?? []).filter(
    ({ verdict }) => verdict.risk === "critical" || verdict.risk === "high",
  );
  return [
    ...tools.map(({ tool, verdict, effect }) => ({
      ...at,
      rule: `${verdict.risk}-tool`,
      subject: tool.name,
      message: `${server.name}: ${tool.name} is ${verdict.risk} (${verdict.category}). Under the recommended policy: ${effect}`,
    })),
    ...findings.map(({ rule, message }) => ({
      ...at,
      rule,
      subject: message,
      message: `${server.name}: ${message}`,
    })),
    ...(learned.how === "unknown"
      ? [
          {
            ...at,
            rule: "unknown-tools",
            subject: "",
            message: `${server.name}: its tools are not known: ${learned.reason}`,
          },
        ]
      : []),
  ];
}

function ofCombinations({ stack, results }: ScanReport): readonly SarifInput[] {
  return stack.combinations.map(({ id, title, why, change, parts }) => {
    const name = parts[0]?.tools[0]?.server ?? "";
    const place = results.find(({ server }) => server.name === name)?.server.places[0];
    return {
      rule: "toxic-combination",
      server: name,
      place,
      subject: id,
      message: `${title}. ${why} ${change}`,
    };
  });
}

function toRule([id, { title, help, risk }]: readonly [string, SarifRule]): object {
  return {
    id,
    name: id.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    help: { text: help },
    defaultConfiguration: { level: LEVELS[risk] },
    properties: { "security-severity": SECURITY_SEVERITY[risk], tags: ["security", "mcp"] },
  };
}

function toResult({ rule, message, server, subject, place }: SarifInput, folder: string): object {
  const index = RULES.findIndex(([id]) => id === rule);
  const risk = RULES[index]?.[1].risk ?? "medium";
  return {
    ruleId: rule,
    ruleIndex: index,
    level: LEVELS[risk],
    message: { text: toPrintable(message) },
    locations: [toLocation(place, server, folder)],
    partialFingerprints: { "portcullis/v1": hash("sha256", JSON.stringify([rule, server, subject]), "hex") },
  };
}

function toLocation(place: ServerPlace | undefined, server: string, folder: string): object {
  const logicalLocations = [{ name: toPrintable(server), kind: "resource" }];
  if (place === undefined) return { logicalLocations };
  const uri = isInside(folder, place.path)
    ? relative(folder, place.path).split(sep).map(encodeURIComponent).join("/")
    : pathToFileURL(place.path).href;
  return {
    physicalLocation: { artifactLocation: { uri }, region: { startLine: place.line } },
    logicalLocations,
  };
}
