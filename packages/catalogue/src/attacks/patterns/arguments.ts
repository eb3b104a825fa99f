import type { AttackPattern } from "../attack-pattern.ts";
import { ARGUMENT_RULES, COMMANDS, HIDING, LIMITS, LOG, OUTBOUND_GUARD, outside } from "../defences.ts";
import { BEST_PRACTICES, OWASP_MCP } from "../sources.ts";

/** What an argument does to the server that believes it. */
export const ARGUMENTS: readonly AttackPattern[] = [
  {
    slug: "ssrf-through-fetch",
    title: "SSRF through a fetch tool",
    summary:
      "A tool fetches an address that the agent chooses, from a place that reaches more than the agent: the internal network, or a cloud's metadata service.",
    steps: [
      "A server offers to fetch a page.",
      "A text that the agent reads names an internal address.",
      "The server fetches it, from inside the network.",
      "The agent gets the answer: an internal page, or credentials of the cloud.",
    ],
    cases: [
      {
        what: "The package mcp-markdownify-server fetched whatever address it was given, internal ones too (CVE-2025-5276).",
        when: "2025-05-29",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-frq9-3hp2-xvxg",
        sourceTitle: "GHSA-frq9-3hp2-xvxg (GitHub Advisory Database)",
      },
      {
        what: "The specification describes how addresses that a server names lead clients to metadata services, private networks and local services.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#server-side-request-forgery-ssrf`,
        sourceTitle: "Security Best Practices (Model Context Protocol)",
      },
    ],
    needs: { of: "tool", modifiers: ["url-input"], arguments: ["url"] },
    defences: [
      ARGUMENT_RULES,
      OUTBOUND_GUARD,
      outside(
        "The server itself makes the request: keep it where it cannot reach internal addresses. The gateway sees the address in the argument, not what its name resolves to.",
      ),
    ],
    policy: {
      version: "1",
      description: "Pages of two hosts, and nothing else.",
      default: "deny",
      tools: {
        fetch: {
          require: [
            {
              conditions: [{ path: "args.url", op: "host_in", value: ["docs.example.com", "*.example.org"] }],
              on_deny: "This host is not open to agents.",
            },
          ],
        },
      },
    },
    related: ["data-exfiltration-by-chaining", "dns-rebinding", "path-traversal"],
  },
  {
    slug: "command-injection",
    title: "Command injection",
    summary:
      "A server builds a command line out of an argument. With the right characters in it, the argument becomes a command of its own.",
    steps: [
      "A tool runs a program and puts an argument into its command line.",
      "The argument holds a character that a shell treats as special, such as `;` or `$(`.",
      "The shell runs what stands behind it.",
      "The attacker has the rights of the server.",
    ],
    cases: [
      {
        what: "In figma-developer-mcp, arguments reached a shell; fixed in 0.6.3 (CVE-2025-53967).",
        when: "2025-09",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-gxw4-4fc5-9gr5",
        sourceTitle: "GHSA-gxw4-4fc5-9gr5 (GitHub Advisory Database)",
      },
      {
        what: "In aws-mcp-server, a check that only looked at the beginning let a second command follow the first (CVE-2025-5277).",
        when: "2025-05-28",
        kind: "vulnerability",
        source: "https://nvd.nist.gov/vuln/detail/CVE-2025-5277",
        sourceTitle: "CVE-2025-5277 (NVD)",
      },
      {
        what: "The client mcp-remote opened a sign-in address that a hostile server had chosen in a way that ran commands; fixed in 0.1.16 (CVE-2025-6514).",
        when: "2025-07-09",
        kind: "vulnerability",
        source: "https://jfrog.com/blog/2025-6514-critical-mcp-remote-rce-vulnerability/",
        sourceTitle: "Critical RCE vulnerability in mcp-remote (JFrog)",
      },
      {
        what: "OWASP lists command injection among the ten risks of MCP (MCP05:2025).",
        when: "2025",
        kind: "specification",
        source: OWASP_MCP,
        sourceTitle: "OWASP MCP Top 10",
      },
    ],
    needs: { of: "tool", modifiers: ["arbitrary-code"], capabilities: ["executes"], arguments: ["command"] },
    defences: [ARGUMENT_RULES, HIDING, LIMITS, COMMANDS, LOG],
    policy: {
      version: "1",
      description: "Branch names of ordinary characters only, and commands only from a list.",
      default: "deny",
      tools: {
        checkout_branch: {
          require: [
            {
              conditions: [{ path: "args.branch", op: "regex", value: "^[A-Za-z0-9][A-Za-z0-9._/]*$" }],
              on_deny: "A branch is named with letters, digits, dots, underscores and slashes.",
            },
          ],
        },
        run_command: {
          require: [
            {
              conditions: [{ path: "args.command", op: "in", value: ["git status", "npm test"] }],
              on_deny: "This command is not open to agents.",
            },
          ],
          limits: [{ counter: "run_command_rate", window: "minute", max: 10, scope: "grant" }],
        },
      },
    },
    related: ["path-traversal", "local-server-compromise"],
  },
  {
    slug: "path-traversal",
    title: "Path traversal",
    summary:
      "A path leads out of the directory that it should stay in: by `..`, by a link, or because a check compares only its beginning.",
    steps: [
      "A server is meant to read and write in one directory.",
      "It checks the path as text, or before links are followed.",
      "A path with `..`, a link, or a directory with a similar name passes the check.",
      "The agent reads credentials, or writes where programs are started from.",
    ],
    cases: [
      {
        what: "The reference filesystem server accepted directories whose names only began like an allowed one (CVE-2025-53110).",
        when: "2025-07-01",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-hc55-p739-j48w",
        sourceTitle: "GHSA-hc55-p739-j48w (GitHub Advisory Database)",
      },
      {
        what: "It also followed symbolic links out of the allowed directories (CVE-2025-53109).",
        when: "2025-07-01",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-q66q-fx2p-7w4m",
        sourceTitle: "GHSA-q66q-fx2p-7w4m (GitHub Advisory Database)",
      },
      {
        what: "Cymulate showed how both lead to reading and running anything on the machine.",
        when: "2025-07",
        kind: "research",
        source: "https://cymulate.com/blog/cve-2025-53109-53110-escaperoute-anthropic/",
        sourceTitle: "EscapeRoute (Cymulate)",
      },
    ],
    needs: { of: "tool", modifiers: ["path-input"], arguments: ["path"] },
    defences: [
      {
        text: "`path_within` resolves a path step by step and refuses what cannot be told, percent-encoding and backslashes included.",
        status: "now",
      },
      HIDING,
      outside(
        "Links are not seen by a gateway: let the server run under a user who can read only what it should.",
      ),
    ],
    policy: {
      version: "1",
      description: "Files below two directories.",
      default: "deny",
      tools: {
        read_file: {
          require: [
            {
              conditions: [{ path: "args.path", op: "path_within", value: ["/srv/shared", "/srv/public"] }],
              on_deny: "This directory is not open to agents.",
            },
          ],
        },
      },
    },
    related: ["command-injection", "ssrf-through-fetch"],
  },
];
