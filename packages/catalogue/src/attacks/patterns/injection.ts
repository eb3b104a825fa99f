import type { AttackPattern } from "../attack-pattern.ts";
import { APPROVALS, ARGUMENT_RULES, HIDING, LIMITS, LOG, outside, SEPARATE_GRANTS } from "../defences.ts";
import { OWASP_MCP } from "../sources.ts";

/** Somebody else's text steers the agent. */
export const INJECTION: readonly AttackPattern[] = [
  {
    slug: "indirect-prompt-injection",
    title: "Indirect prompt injection",
    summary:
      "Text that an agent reads, such as a web page, an issue or an e-mail, carries instructions. A model cannot reliably tell them from those of its user.",
    steps: [
      "An attacker writes instructions where an agent will read them.",
      "A user asks the agent for something ordinary, such as to look at the open issues.",
      "A tool returns the attacker's text, and the model takes it for a task.",
      "The agent calls other tools with the user's rights.",
    ],
    cases: [
      {
        what: "An issue in a public repository made an agent with the GitHub MCP server read private repositories and publish what it found in a pull request.",
        when: "2025-05-26",
        kind: "research",
        source: "https://invariantlabs.ai/blog/mcp-github-vulnerability",
        sourceTitle: "GitHub MCP Exploited: Accessing private repositories via MCP (Invariant Labs)",
      },
      {
        what: "Greshake and others described indirect prompt injection and showed it on applications in use.",
        when: "2023-02",
        kind: "research",
        source: "https://arxiv.org/abs/2302.12173",
        sourceTitle: "Not what you've signed up for (arXiv:2302.12173)",
      },
    ],
    needs: { of: "tool", capabilities: ["readsUntrusted"] },
    defences: [
      HIDING,
      ARGUMENT_RULES,
      SEPARATE_GRANTS,
      APPROVALS,
      outside(
        "Do not rely on a filter that looks for suspicious text: no gateway can tell a task from a trick.",
      ),
    ],
    policy: {
      version: "1",
      description: "The agent that reads issues reads one repository, and publishes nothing.",
      default: "deny",
      tools: {
        list_issues: {
          require: [
            {
              conditions: [
                { path: "args.owner", op: "eq", value: "example" },
                { path: "args.repo", op: "eq", value: "website" },
              ],
              on_deny: "Only the repository example/website.",
            },
          ],
        },
      },
    },
    related: ["injection-through-tool-results", "data-exfiltration-by-chaining"],
  },
  {
    slug: "injection-through-tool-results",
    title: "Injection through tool results",
    summary:
      "The result of a tool carries the instructions: a row of a database, a log line or a header that an outsider could fill in.",
    steps: [
      "An outsider writes text into a field that is stored, such as a support ticket.",
      "Somebody with more rights asks an agent about the stored data.",
      "The tool returns the text as part of its result.",
      "The agent carries out what the text says, with the rights of the one who asked.",
    ],
    cases: [
      {
        what: "General Analysis put instructions into a support ticket; an agent with full rights on a Supabase database copied a table of secret tokens into the ticket's answer. The company states that no customer was affected.",
        when: "2025-07",
        kind: "research",
        source: "https://www.generalanalysis.com/blog/supabase-mcp-blog",
        sourceTitle: "Supabase MCP can leak your entire SQL database (General Analysis)",
      },
      {
        what: "Supabase describes the same scenario and its counter-measures: read-only mode, one project, fewer tools.",
        when: "2025-09-16",
        kind: "research",
        source: "https://supabase.com/blog/defense-in-depth-mcp",
        sourceTitle: "Defense in Depth for MCP Servers (Supabase)",
      },
      {
        what: "Kong's Konnect MCP server returned request headers that outsiders choose, so that they could instruct the agent (CVE-2026-13341).",
        when: "2026-07-03",
        kind: "vulnerability",
        source: "https://nvd.nist.gov/vuln/detail/CVE-2026-13341",
        sourceTitle: "CVE-2026-13341 (NVD)",
      },
    ],
    needs: { of: "tool", capabilities: ["readsUntrusted", "readsPrivate"] },
    defences: [
      HIDING,
      ARGUMENT_RULES,
      SEPARATE_GRANTS,
      outside("Give the server an account that can read only what the agent needs."),
    ],
    policy: {
      version: "1",
      description: "SQL that begins with a word that reads, and holds no word that changes.",
      default: "deny",
      tools: {
        execute_sql: {
          require: [
            {
              conditions: [
                {
                  path: "args.query",
                  op: "regex",
                  value: String.raw`(?i)^[\s(]*(?:select|with|show|explain)\b`,
                },
              ],
              on_deny: "Only statements that read.",
            },
          ],
          deny_if: [
            {
              conditions: [
                {
                  path: "args.query",
                  op: "regex",
                  value: String.raw`(?i)\b(?:insert|update|delete|merge|drop|alter|create|truncate|grant|revoke)\b`,
                },
              ],
              on_deny: "Only statements that read.",
            },
          ],
          limits: [{ counter: "execute_sql_rate", window: "minute", max: 10, scope: "grant" }],
        },
      },
    },
    related: ["indirect-prompt-injection", "excessive-permissions"],
  },
  {
    slug: "data-exfiltration-by-chaining",
    title: "Data exfiltration by chaining tools",
    summary:
      "One tool reads private data, another reads a stranger's text, a third sends something out. Each is harmless alone; together they are a leak.",
    steps: [
      "An agent can read private data, sees text from strangers, and can reach the outside.",
      "The stranger's text asks for the private data.",
      "The agent reads it with the first tool.",
      "It sends it away: in a message, in a pull request, or in the address of a page that it opens.",
    ],
    cases: [
      {
        what: "Simon Willison named the three properties the lethal trifecta and explains why guard rails do not remove it.",
        when: "2025-06-16",
        kind: "research",
        source: "https://simonwillison.net/2025/Jun/16/the-lethal-trifecta/",
        sourceTitle: "The lethal trifecta for AI agents (Simon Willison)",
      },
      {
        what: "A reference MCP server for Slack posted links that Slack then opened to show a preview, so that data in the address left without anybody's click (CVE-2025-34072).",
        when: "2025-07-02",
        kind: "vulnerability",
        source:
          "https://embracethered.com/blog/posts/2025/security-advisory-anthropic-slack-mcp-server-data-leakage/",
        sourceTitle: "Slack MCP server: data leakage (Embrace The Red)",
      },
      {
        what: "An issue in a public repository led an agent to private repositories and back out through a pull request.",
        when: "2025-05-26",
        kind: "research",
        source: "https://invariantlabs.ai/blog/mcp-github-vulnerability",
        sourceTitle: "GitHub MCP Exploited: Accessing private repositories via MCP (Invariant Labs)",
      },
    ],
    needs: { of: "tool", capabilities: ["readsPrivate", "sendsOut", "readsSecrets"] },
    defences: [SEPARATE_GRANTS, HIDING, ARGUMENT_RULES, APPROVALS, LOG],
    policy: {
      version: "1",
      description: "The agent that reads mail opens only pages of the company, and sends nothing.",
      default: "deny",
      hide: ["send_email"],
      tools: {
        search_email: {},
        fetch_page: {
          require: [
            {
              conditions: [{ path: "args.url", op: "host_in", value: ["example.com", "*.example.com"] }],
              on_deny: "This host is not open to agents.",
            },
          ],
        },
      },
    },
    related: ["indirect-prompt-injection", "tool-shadowing", "ssrf-through-fetch"],
  },
  {
    slug: "approval-fatigue",
    title: "Approval fatigue",
    summary:
      "Whoever is asked too often says yes without reading. A confirmation that nearly always gets a yes protects nobody.",
    steps: [
      "A client asks a person before each action.",
      "Most of the questions are about harmless things, and the person learns to agree.",
      "An attacker has the agent ask for something harmful, perhaps hidden behind a long text.",
      "The person agrees as always.",
    ],
    cases: [
      {
        what: "Anthropic reports that users of its coding agent approve 93 % of the questions for permission, and calls the effect approval fatigue.",
        when: "2026-03",
        kind: "research",
        source: "https://www.anthropic.com/engineering/claude-code-auto-mode",
        sourceTitle: "Claude Code auto mode (Anthropic)",
      },
      {
        what: "Checkmarx showed how text that an agent was fed hides the dangerous part of a confirmation from the person who confirms.",
        when: "2025-09-15",
        kind: "research",
        source: "https://checkmarx.com/zero-post/bypassing-ai-agent-defenses-with-lies-in-the-loop/",
        sourceTitle: "Bypassing AI agent defenses with Lies-in-the-Loop (Checkmarx)",
      },
      {
        what: "OWASP lists the manipulation of what an agent is after among the ten risks of MCP (MCP06:2025).",
        when: "2025",
        kind: "specification",
        source: OWASP_MCP,
        sourceTitle: "OWASP MCP Top 10",
      },
    ],
    needs: { of: "tool", categories: ["Financial"], capabilities: ["executes"] },
    defences: [
      HIDING,
      LIMITS,
      {
        text: "A policy decides the ordinary cases by rule, so that only the rare ones would reach a person.",
        status: "now",
      },
      APPROVALS,
    ],
    policy: {
      version: "1",
      description: "Small refunds run by rule, within a daily limit; only the others need a person.",
      default: "deny",
      tools: {
        create_refund: {
          require: [{ conditions: [{ path: "args.currency", op: "eq", value: "usd" }] }],
          approve_if: [
            { conditions: [{ path: "args.amount", op: "gt", value: 25 }], reason: "Refund above 25 dollars" },
          ],
          limits: [
            { counter: "refunds", window: "day", max: 500, increment_from: "args.amount", scope: "grant" },
          ],
        },
      },
    },
    related: ["unbounded-spend", "destructive-autonomy"],
  },
];
