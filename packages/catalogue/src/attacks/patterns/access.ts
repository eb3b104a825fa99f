import type { AttackPattern } from "../attack-pattern.ts";
import {
  COMMANDS,
  CREDENTIALS,
  HIDING,
  LOG,
  ORIGIN_CHECKS,
  OUTBOUND_GUARD,
  outside,
  REDACTION,
  SEPARATE_GRANTS,
} from "../defences.ts";
import { BEST_PRACTICES, OWASP_MCP, SANDWORM } from "../sources.ts";

const SPECIFICATION = "Security Best Practices (Model Context Protocol)";

/** Who may call, with whose rights. */
export const ACCESS: readonly AttackPattern[] = [
  {
    slug: "confused-deputy",
    title: "Confused deputy",
    summary:
      "A program with rights of its own is led to use them for somebody who has not got them, for example a proxy whose users' consent is taken for granted.",
    steps: [
      "A proxy server signs in at another service with one client id for all its users.",
      "A user consents once, and the service remembers it in a cookie.",
      "An attacker registers a client with a redirect address of their own and sends the user a link.",
      "The service sees the cookie, skips the question, and the code goes to the attacker.",
    ],
    cases: [
      {
        what: "The specification describes the attack on proxy servers with static client ids, and demands consent for each client.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#confused-deputy-problem`,
        sourceTitle: SPECIFICATION,
      },
    ],
    needs: { of: "server" },
    defences: [
      CREDENTIALS,
      SEPARATE_GRANTS,
      {
        text: "Every call is judged with the grant of the one who makes it; a grant without a policy is refused everything.",
        status: "now",
      },
    ],
    policy: undefined,
    related: ["token-passthrough", "session-hijack"],
  },
  {
    slug: "token-passthrough",
    title: "Token passthrough and mis-redemption",
    summary:
      "A server accepts a token that was issued for another service, or hands its client's token on. Nobody can tell any more who does what.",
    steps: [
      "A client sends a token that it has for some service.",
      "The server does not check for whom the token was issued.",
      "It uses the token at another service, or accepts a stolen one as a sign-in.",
      "Limits and logs that depend on who asks are passed by.",
    ],
    cases: [
      {
        what: "The specification forbids passing tokens through, and demands that servers accept only tokens that were issued for them.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#token-passthrough`,
        sourceTitle: SPECIFICATION,
      },
    ],
    needs: { of: "server" },
    defences: [
      CREDENTIALS,
      {
        text: "The client's `Authorization` header never travels to a server; the gateway sends the server's own credential.",
        status: "now",
      },
      LOG,
    ],
    policy: undefined,
    related: ["confused-deputy", "credential-leak-in-errors"],
  },
  {
    slug: "credential-leak-in-errors",
    title: "Credential leak in errors",
    summary:
      "A failing call prints more than it should: a header, an address with a password in it, a whole configuration. What the tool returns, the model reads, and it may repeat it.",
    steps: [
      "A tool fails, or a caller makes it fail.",
      "The error message carries the request with its credential, or the object that holds it.",
      "The message becomes the tool's result or a log line.",
      "The model, the transcript and every log behind it now hold the credential.",
    ],
    cases: [
      {
        what: "In the LiteLLM gateway, the refusal of a tool listed the allowed servers with their tokens and secrets in plain text.",
        when: "2026-06-08",
        kind: "vulnerability",
        source: "https://github.com/BerriAI/litellm/pull/29938",
        sourceTitle: "Don't leak server credentials in 403 (BerriAI/litellm)",
      },
      {
        what: "A Redash MCP server logged the headers of failed requests, API key included, and sent its log to the client.",
        when: "2026-03-05",
        kind: "vulnerability",
        source: "https://github.com/suthio/redash-mcp/issues/31",
        sourceTitle: "API Key Leakage through Error Logging (suthio/redash-mcp)",
      },
      {
        what: "OWASP puts the mismanagement of tokens and the exposure of secrets first among the ten risks of MCP (MCP01:2025).",
        when: "2025",
        kind: "specification",
        source: OWASP_MCP,
        sourceTitle: "OWASP MCP Top 10",
      },
    ],
    needs: { of: "server" },
    defences: [
      REDACTION,
      CREDENTIALS,
      LOG,
      outside(
        "Secrets that the server has from elsewhere are not known to the gateway, and so are not taken out.",
      ),
    ],
    policy: undefined,
    related: ["token-passthrough", "data-exfiltration-by-chaining"],
  },
  {
    slug: "session-hijack",
    title: "Session hijack",
    summary:
      "Whoever knows or guesses the id of a session, a task or another handle acts as the one to whom it belongs.",
    steps: [
      "A server gives out ids that can be guessed, or does not tie them to a user.",
      "An attacker obtains one.",
      "They send requests, or answers, with that id.",
      "The server takes them for the owner's, or hands the owner a result that the attacker chose.",
    ],
    cases: [
      {
        what: "The MCP part of oatpp used an address in memory as the session id; ids came round again and could be taken over (CVE-2025-6515).",
        when: "2025-10-21",
        kind: "vulnerability",
        source: "https://jfrog.com/blog/mcp-prompt-hijacking-vulnerability/",
        sourceTitle: "MCP prompt hijacking (JFrog)",
      },
      {
        what: "The specification demands that possession of a handle is never taken for permission.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#state-handle-hijacking`,
        sourceTitle: SPECIFICATION,
      },
    ],
    needs: { of: "server" },
    defences: [
      {
        text: "Every request needs the grant's token; cursors, task ids and states are sealed to the grant and the server.",
        status: "now",
      },
      LOG,
    ],
    policy: undefined,
    related: ["confused-deputy", "dns-rebinding"],
  },
  {
    slug: "dns-rebinding",
    title: "DNS rebinding",
    summary:
      "A web page makes the browser talk to a server on the user's own machine: its host name first leads to the attacker, then to 127.0.0.1.",
    steps: [
      "A developer runs a server on their own machine without a sign-in.",
      "They visit a page of the attacker.",
      "The page's host name is changed to the local address, so that the browser takes the server for the same site.",
      "The page calls the server's tools.",
    ],
    cases: [
      {
        what: "The MCP Inspector's proxy accepted requests without a sign-in, so that a web page could start programs on a developer's machine (CVE-2025-49596, fixed in 0.14.1).",
        when: "2025-06-13",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-7f8r-222p-6f5g",
        sourceTitle: "GHSA-7f8r-222p-6f5g (GitHub Advisory Database)",
      },
      {
        what: "The Python SDK did not protect local HTTP servers against rebinding by default (CVE-2025-66416, fixed in 1.23.0).",
        when: "2025-12-02",
        kind: "vulnerability",
        source: "https://github.com/advisories/GHSA-9h52-p55h-vw2f",
        sourceTitle: "GHSA-9h52-p55h-vw2f (GitHub Advisory Database)",
      },
      {
        what: "The specification demands that servers check the `Origin` header of every connection.",
        when: "2026-07-28",
        kind: "specification",
        source: "https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http",
        sourceTitle: "Streamable HTTP (Model Context Protocol)",
      },
    ],
    needs: { of: "server" },
    defences: [
      ORIGIN_CHECKS,
      { text: "Every request needs a grant's token, also on the local machine.", status: "now" },
      OUTBOUND_GUARD,
    ],
    policy: undefined,
    related: ["session-hijack", "ssrf-through-fetch", "local-server-compromise"],
  },
  {
    slug: "cross-tenant-leak",
    title: "Cross-tenant leak",
    summary: "A server that serves many customers mixes them up: one customer's agent sees another's data.",
    steps: [
      "A company offers one server for all its customers.",
      "Its rules for whom a record belongs to have a gap.",
      "An agent asks an ordinary question.",
      "The answer holds records of another customer.",
    ],
    cases: [
      {
        what: "Asana took its MCP server offline after a flaw could show data of one organisation to users of others; about 1,000 customers were affected.",
        when: "2025-06-18",
        kind: "incident",
        source:
          "https://www.bleepingcomputer.com/news/security/asana-warns-mcp-ai-feature-exposed-customer-data-to-other-orgs/",
        sourceTitle: "Asana warns MCP AI feature exposed customer data to other orgs (BleepingComputer)",
      },
    ],
    needs: { of: "server" },
    defences: [
      outside(
        "Only the server's company can repair it; connect with an account that sees as little as possible.",
      ),
      HIDING,
      LOG,
    ],
    policy: undefined,
    related: ["excessive-permissions", "session-hijack"],
  },
  {
    slug: "local-server-compromise",
    title: "Local server compromise",
    summary:
      "A local server is a program with its user's rights. Whoever can write its command line runs what they like.",
    steps: [
      "A configuration names a command that a client starts.",
      "An attacker gets a line into it: by a package, a repository, or one click on a link.",
      "The client starts the command without showing it.",
      "It runs with all rights of the user.",
    ],
    cases: [
      {
        what: "The specification describes malicious start commands, and demands that clients show the exact command and ask before they run it.",
        when: "2026-07-28",
        kind: "specification",
        source: `${BEST_PRACTICES}#local-mcp-server-compromise`,
        sourceTitle: SPECIFICATION,
      },
      {
        what: "The npm worm SANDWORM_MODE wrote its own MCP servers into the configuration of AI coding tools.",
        when: "2026-02-20",
        kind: "incident",
        source: SANDWORM,
        sourceTitle: "SANDWORM_MODE: npm worm poisons AI toolchains (Socket)",
      },
    ],
    needs: { of: "server" },
    defences: [
      COMMANDS,
      HIDING,
      outside(
        "The gateway is no sandbox: run servers that you do not trust in a container or under another user.",
      ),
    ],
    policy: undefined,
    related: ["compromised-package", "typosquatted-server", "command-injection"],
  },
];
