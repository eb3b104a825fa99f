import type { AttackPattern } from "../attack-pattern.ts";
import {
  ARGUMENT_RULES,
  COMMANDS,
  CREDENTIALS,
  HIDING,
  LOG,
  LOOK_ALIKES,
  outside,
  PINS,
  SEPARATE_GRANTS,
} from "../defences.ts";
import { OWASP_MCP, POSTMARK, SANDWORM, TOOL_POISONING } from "../sources.ts";

/** The server itself is hostile, or becomes so. */
export const SUPPLY_CHAIN: readonly AttackPattern[] = [
  {
    slug: "tool-poisoning",
    title: "Tool poisoning",
    summary:
      "The description or schema of a tool carries instructions for the model. People rarely see that text; the model reads all of it and may obey.",
    steps: [
      "A server offers a tool that looks harmless, such as one that adds two numbers.",
      "Its description tells the model to read a private file first and to pass its content as an argument.",
      "The client puts the description into the model's context as soon as it lists the tools.",
      "The model obeys, and the content travels to the server inside an ordinary call.",
    ],
    cases: [
      {
        what: "Invariant Labs showed that instructions in a tool's description make an agent read SSH keys and configuration files and pass them on as arguments.",
        when: "2025-04",
        kind: "research",
        source: TOOL_POISONING,
        sourceTitle: "MCP Security Notification: Tool Poisoning Attacks (Invariant Labs)",
      },
      {
        what: "Trail of Bits showed that the attack works as soon as tools are listed, before any of them is called.",
        when: "2025-04-21",
        kind: "research",
        source:
          "https://blog.trailofbits.com/2025/04/21/jumping-the-line-how-mcp-servers-can-attack-you-before-you-ever-use-them/",
        sourceTitle: "Jumping the line (Trail of Bits)",
      },
      {
        what: "CyberArk showed that not only descriptions but also parameter names, types and results can carry the instructions.",
        when: "2025-05",
        kind: "research",
        source:
          "https://www.cyberark.com/resources/threat-research-blog/poison-everywhere-no-output-from-your-mcp-server-is-safe",
        sourceTitle: "Poison everywhere: No output from your MCP server is safe (CyberArk)",
      },
      {
        what: "The npm worm SANDWORM_MODE planted rogue MCP servers whose tool descriptions ask for SSH keys and cloud credentials.",
        when: "2026-02-20",
        kind: "incident",
        source: SANDWORM,
        sourceTitle: "SANDWORM_MODE: npm worm poisons AI toolchains (Socket)",
      },
    ],
    needs: { of: "server" },
    defences: [PINS, HIDING, ARGUMENT_RULES, outside("Read the definitions before you accept them.")],
    policy: {
      version: "1",
      description: "Only the tool that is needed, and no text in it that is longer than its purpose.",
      default: "deny",
      tools: {
        add_numbers: {
          deny_if: [
            {
              conditions: [
                { path: "args.note", op: "exists", value: true },
                { not: { path: "args.note", op: "length_lte", value: 200 } },
              ],
              on_deny: "A note has at most 200 characters.",
            },
          ],
        },
      },
    },
    related: ["rug-pull", "tool-shadowing", "indirect-prompt-injection"],
  },
  {
    slug: "rug-pull",
    title: "Rug pull",
    summary:
      "A server behaves well until it is trusted, then changes what its tools say or do. An approval that is given once does not see the change.",
    steps: [
      "A user looks at a server's tools and approves them.",
      "Later the server, or a new version of its package, changes a definition or its code.",
      "The client loads the new version without asking again.",
      "What was approved is no longer what runs.",
    ],
    cases: [
      {
        what: "The npm package postmark-mcp, which Postmark had never published, worked well for fifteen versions; then a line was added that sent a blind copy of every e-mail to a stranger.",
        when: "2025-09-25",
        kind: "incident",
        source: POSTMARK,
        sourceTitle: "Information regarding the malicious postmark-mcp package (Postmark)",
      },
      {
        what: "In Cursor, an MCP configuration that was approved once could be changed to run another command without a new question (CVE-2025-54136, MCPoison).",
        when: "2025-08-05",
        kind: "vulnerability",
        source: "https://research.checkpoint.com/2025/cursor-vulnerability-mcpoison/",
        sourceTitle: "MCPoison (Check Point Research)",
      },
    ],
    needs: { of: "server" },
    defences: [
      PINS,
      LOG,
      outside(
        "Pin the package's version as well: a change in code alone leaves the definitions as they were.",
      ),
    ],
    policy: undefined,
    related: ["tool-poisoning", "compromised-package", "typosquatted-server"],
  },
  {
    slug: "tool-shadowing",
    title: "Tool shadowing",
    summary:
      "The description of one server's tool tells the model how to use a tool of another server, or a tool takes the name of a trusted one.",
    steps: [
      "An agent uses a trusted server, such as one for messages, and an untrusted one.",
      "A tool of the untrusted server says in its description how messages have to be sent.",
      "The model follows that advice when it calls the trusted tool.",
      "The trusted tool sends the data to the attacker; the untrusted one is never called.",
    ],
    cases: [
      {
        what: "Invariant Labs had a second server change what an agent did with a WhatsApp server, so that the message history went to a stranger's number.",
        when: "2025-04-07",
        kind: "research",
        source: "https://invariantlabs.ai/blog/whatsapp-mcp-exploited",
        sourceTitle: "WhatsApp MCP Exploited (Invariant Labs)",
      },
      {
        what: "The same team described shadowing: a poisoned description changes where another server's e-mail tool sends its mail.",
        when: "2025-04",
        kind: "research",
        source: TOOL_POISONING,
        sourceTitle: "MCP Security Notification: Tool Poisoning Attacks (Invariant Labs)",
      },
    ],
    needs: { of: "server" },
    defences: [PINS, ARGUMENT_RULES, SEPARATE_GRANTS],
    policy: {
      version: "1",
      description: "Messages go to our own domain, whatever another server's description says.",
      default: "deny",
      tools: {
        send_message: {
          require: [
            {
              conditions: [
                { path: "args.to", op: "regex", value: String.raw`(?i)^[^@\s,;:<>"]+@example\.com$` },
              ],
              on_deny: "Only recipients of our own domain.",
            },
          ],
          limits: [{ counter: "send_message_rate", window: "minute", max: 30, scope: "grant" }],
        },
      },
    },
    related: ["tool-poisoning", "data-exfiltration-by-chaining"],
  },
  {
    slug: "typosquatted-server",
    title: "Typosquatted or impersonated server",
    summary:
      "A package has nearly the name of a known one, or pretends to come from a known company. Whoever installs it runs a stranger's program.",
    steps: [
      "An attacker publishes a package with a name that is easily mistaken for another.",
      "A developer, or an agent that writes configuration, installs it.",
      "The program runs with the developer's rights and reads what they can read.",
      "It steals credentials, or plants more servers into the configuration of AI clients.",
    ],
    cases: [
      {
        what: "Nineteen npm packages with look-alike names installed rogue MCP servers into the configuration of several AI coding tools (SANDWORM_MODE).",
        when: "2026-02-20",
        kind: "incident",
        source: SANDWORM,
        sourceTitle: "SANDWORM_MODE: npm worm poisons AI toolchains (Socket)",
      },
      {
        what: "The package postmark-mcp on npm pretended to be Postmark's; the company had never published one there.",
        when: "2025-09-25",
        kind: "incident",
        source: POSTMARK,
        sourceTitle: "Information regarding the malicious postmark-mcp package (Postmark)",
      },
    ],
    needs: { of: "server" },
    defences: [
      LOOK_ALIKES,
      COMMANDS,
      CREDENTIALS,
      HIDING,
      outside(
        "Compare the package with the repository of the company before you install it, and pin its version.",
      ),
    ],
    policy: undefined,
    related: ["compromised-package", "rug-pull"],
  },
  {
    slug: "compromised-package",
    title: "Compromised package",
    summary:
      "A genuine package, or one that it depends on, is taken over, and the next installation runs the attacker's code.",
    steps: [
      "An attacker steals the credentials of a maintainer or of the place that builds or hosts the package.",
      "A version with malicious code is published under the genuine name.",
      "Servers that are started with the newest version run it at their next start.",
      "The code collects tokens and uses them to reach the next package.",
    ],
    cases: [
      {
        what: "The worm Shai-Hulud spread by itself through more than 500 npm packages and collected tokens of developers and clouds.",
        when: "2025-09-23",
        kind: "incident",
        source:
          "https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem",
        sourceTitle: "Widespread Supply Chain Compromise Impacting npm Ecosystem (CISA)",
      },
      {
        what: "A path traversal in a hosting service for MCP servers exposed a token that controlled more than 3,000 hosted servers; it was reported and fixed.",
        when: "2025-10",
        kind: "vulnerability",
        source: "https://blog.gitguardian.com/breaking-mcp-server-hosting/",
        sourceTitle: "Breaking MCP server hosting (GitGuardian)",
      },
      {
        what: "OWASP lists software supply chain attacks among the ten risks of MCP (MCP04:2025).",
        when: "2025",
        kind: "specification",
        source: OWASP_MCP,
        sourceTitle: "OWASP MCP Top 10",
      },
    ],
    needs: { of: "server" },
    defences: [
      COMMANDS,
      CREDENTIALS,
      PINS,
      outside("Install from a lock file, without install scripts, and not always the newest version."),
    ],
    policy: undefined,
    related: ["typosquatted-server", "rug-pull", "local-server-compromise"],
  },
];
