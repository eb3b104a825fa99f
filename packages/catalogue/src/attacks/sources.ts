/** Sources that several patterns cite. */
export const BEST_PRACTICES =
  "https://modelcontextprotocol.io/docs/2026-07-28/tutorials/security/security_best_practices";
export const OWASP_MCP = "https://owasp.org/www-project-mcp-top-10/";
export const TOOL_POISONING =
  "https://invariantlabs.ai/blog/mcp-security-notification-tool-poisoning-attacks";
export const POSTMARK = "https://postmarkapp.com/blog/information-regarding-malicious-postmark-mcp-package";
export const SANDWORM = "https://socket.dev/blog/sandworm-mode-npm-worm-ai-toolchain-poisoning";
