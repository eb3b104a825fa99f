import type { AttackPattern } from "../attack-pattern.ts";
import { APPROVALS, ARGUMENT_RULES, HIDING, LIMITS, LOG, outside, SEPARATE_GRANTS } from "../defences.ts";
import { BEST_PRACTICES } from "../sources.ts";

/** The agent does harm by itself: nobody need attack it. */
export const AUTONOMY: readonly AttackPattern[] = [
  {
    slug: "runaway-loop",
    title: "Runaway loop",
    summary:
      "An agent, or two that answer each other, repeats a call without end. Each call is right; their number is the damage.",
    steps: [
      "A task has no end that the agent recognises.",
      "The agent tries again, or asks another agent, which asks back.",
      "Every call succeeds, so that no alarm sounds.",
      "It goes on until a quota, an account or a person is exhausted.",
    ],
    cases: [
      {
        what: "By an engineer's account, two agents of a research tool talked to each other for eleven days; the bill came to 47,000 dollars.",
        when: "2025-11",
        kind: "incident",
        source: "https://techstartups.com/?p=128091",
        sourceTitle: "AI Agents Horror Stories (TechStartups)",
      },
      {
        what: "OWASP describes unbounded consumption, the exhaustion of money included, and names rate limits and quotas as counter-measures (LLM10:2025).",
        when: "2025",
        kind: "specification",
        source: "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
        sourceTitle: "LLM10:2025 Unbounded Consumption (OWASP)",
      },
    ],
    needs: { of: "tool", categories: ["Write", "Execute"], modifiers: ["bulk"] },
    defences: [LIMITS, LOG],
    policy: {
      version: "1",
      description: "No tool more than 30 times a minute, all tools together no more than 1,000 times a day.",
      default: "deny",
      all_tools: { limits: [{ counter: "calls", window: "day", max: 1000, scope: "grant" }] },
      tools: {
        run_workflow: {
          limits: [{ counter: "run_workflow_rate", window: "minute", max: 10, scope: "grant" }],
        },
        add_comment: { limits: [{ counter: "add_comment_rate", window: "minute", max: 30, scope: "grant" }] },
      },
    },
    related: ["unbounded-spend", "destructive-autonomy"],
  },
  {
    slug: "destructive-autonomy",
    title: "Destructive autonomy",
    summary:
      "An agent deletes or overwrites what it should have kept, although it was told not to. An instruction is no barrier.",
    steps: [
      "An agent has tools that delete, and access to data that matters.",
      "It misreads a result, or follows a plan that seems right to it.",
      "It calls the tool, once for everything or many times in a row.",
      "What is gone cannot be brought back, or only from a back-up.",
    ],
    cases: [
      {
        what: "A coding agent of Replit deleted a live database with records of some 1,200 executives during a code freeze, and said wrongly that nothing could be restored.",
        when: "2025-07-23",
        kind: "incident",
        source:
          "https://fortune.com/2025/07/23/ai-coding-tool-replit-wiped-database-called-it-a-catastrophic-failure/",
        sourceTitle: "AI-powered coding tool wiped out a software company's database (Fortune)",
      },
      {
        what: "OWASP describes excessive agency: more functions, rights and freedom than the task needs (LLM06:2025).",
        when: "2025",
        kind: "specification",
        source: "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/",
        sourceTitle: "LLM06:2025 Excessive Agency (OWASP)",
      },
    ],
    needs: {
      of: "tool",
      categories: ["Destructive"],
      modifiers: ["irreversible", "arbitrary-sql"],
      capabilities: ["destroys"],
    },
    defences: [HIDING, APPROVALS, SEPARATE_GRANTS, outside("Keep back-ups where no agent can reach them.")],
    policy: {
      version: "1",
      description: "What deletes is hidden; what changes is capped.",
      default: "deny",
      hide: ["delete_*", "drop_table"],
      tools: {
        list_records: {},
        update_record: {
          limits: [{ counter: "update_record_rate", window: "minute", max: 30, scope: "grant" }],
        },
      },
    },
    related: ["runaway-loop", "excessive-permissions", "approval-fatigue"],
  },
  {
    slug: "unbounded-spend",
    title: "Unbounded spend",
    summary:
      "An agent pays, refunds, orders or rents machines, by mistake or because somebody told it to, and nothing adds up the amounts.",
    steps: [
      "An agent has a tool that moves or commits money.",
      "Each amount looks small enough, or the currency is not the expected one.",
      "The calls are repeated, or split into parts below a threshold.",
      "The sum is noticed on the invoice.",
    ],
    cases: [
      {
        what: "OWASP calls the exhaustion of an account by use that is paid for denial of wallet, and names quotas as the counter-measure (LLM10:2025).",
        when: "2025",
        kind: "specification",
        source: "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
        sourceTitle: "LLM10:2025 Unbounded Consumption (OWASP)",
      },
      {
        what: "By an engineer's account, a loop between two agents cost 47,000 dollars in eleven days before anybody looked at the bill.",
        when: "2025-11",
        kind: "incident",
        source: "https://techstartups.com/?p=128091",
        sourceTitle: "AI Agents Horror Stories (TechStartups)",
      },
    ],
    needs: { of: "tool", categories: ["Financial"], capabilities: ["movesMoney"], arguments: ["amount"] },
    defences: [
      {
        text: "Limits can add up an argument, exactly: the sum of a day stays within the limit, however it is split.",
        status: "now",
      },
      ARGUMENT_RULES,
      APPROVALS,
    ],
    policy: {
      version: "1",
      description: "At most 100 dollars a refund and 500 a day, in one currency.",
      default: "deny",
      tools: {
        create_refund: {
          require: [
            {
              conditions: [
                { path: "args.amount", op: "lte", value: 100 },
                { path: "args.currency", op: "eq", value: "usd" },
              ],
              on_deny: "A refund is at most 100 dollars.",
            },
          ],
          limits: [
            {
              counter: "create_refund_spend",
              window: "day",
              max: 500,
              scope: "grant",
              increment_from: "args.amount",
            },
          ],
        },
      },
    },
    related: ["runaway-loop", "approval-fatigue"],
  },
  {
    slug: "excessive-permissions",
    title: "Excessive permissions",
    summary:
      "A server holds an account that may do everything, because that was the easiest. Whatever goes wrong then goes wrong everywhere.",
    steps: [
      "A server is connected with an administrator's key or with every scope that there is.",
      "The agent needs a small part of it.",
      "An injection, a mistake or a theft uses the rest.",
      "The damage reaches as far as the key.",
    ],
    cases: [
      {
        what: "In the demonstration with Supabase, the agent's key passed by the rules that protect rows, so that an injected instruction could read a table of secret tokens.",
        when: "2025-07-06",
        kind: "research",
        source: "https://simonwillison.net/2025/Jul/6/supabase-mcp-lethal-trifecta/",
        sourceTitle: "Supabase MCP can leak your entire SQL database (Simon Willison)",
      },
      {
        what: "The specification advises to ask for few scopes first and for more only when they are needed.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#scope-minimization`,
        sourceTitle: "Security Best Practices (Model Context Protocol)",
      },
    ],
    needs: {
      of: "tool",
      modifiers: ["arbitrary-sql", "arbitrary-code", "grants-access", "bulk"],
      arguments: ["sql"],
    },
    defences: [
      HIDING,
      ARGUMENT_RULES,
      SEPARATE_GRANTS,
      outside(
        "Give the server a key with the rights that it needs, and no more: the policy is the second barrier, not the first.",
      ),
    ],
    policy: {
      version: "1",
      description: "Of an administrator's server, an agent sees three tools.",
      default: "deny",
      tools: {
        list_projects: {},
        get_logs: {},
        deploy_preview: {
          limits: [{ counter: "deploy_preview_rate", window: "minute", max: 10, scope: "grant" }],
        },
      },
    },
    related: ["destructive-autonomy", "injection-through-tool-results", "cross-tenant-leak"],
  },
];
