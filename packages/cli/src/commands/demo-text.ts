import { toJsonText } from "../printable.ts";

/** What the first start made. */
export interface Demo {
  readonly server: string;
  readonly grant: string;
  /** Shown this once. */
  readonly token: string;
  /** The gateway's URL of the demo server. */
  readonly url: string;
}

/** Every call of the demo server is one request: revision 2026-07-28 has no `initialize`. */
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Twice the cap and one more: some minute gets eleven, also when the loop runs over the end of one. */
const LOOP_CALLS = 21;

/** The text of the first start: token, client configuration and three calls to copy. */
export function demoLines(demo: Demo): readonly string[] {
  const config = {
    mcpServers: { demo: { url: demo.url, headers: { Authorization: `Bearer ${demo.token}` } } },
  };
  const build = curlLine(demo, "build_and_push_image_to_ecr", { repository: "web" });
  return [
    "",
    "A demo server is registered, with a policy and a grant (--no-demo leaves it out).",
    `  url    ${demo.url}`,
    `  token  ${demo.token}  (shown this once)`,
    "",
    "For a client's mcp.json:",
    toJsonText(config),
    "",
    "An allowed call:",
    curlLine(demo, "list_repositories", {}),
    "",
    "A denied call:",
    curlLine(demo, "delete_repository", { name: "web" }),
    "",
    "A rate limit, 10 a minute:",
    `for i in $(seq ${LOOP_CALLS}); do ${build}; echo; done`,
    "",
  ];
}

/** One `curl` command on one line. */
export function curlLine(demo: Pick<Demo, "url" | "token">, tool: string, args: object): string {
  const headers = [
    `Authorization: Bearer ${demo.token}`,
    "Content-Type: application/json",
    "Accept: application/json, text/event-stream",
    "MCP-Protocol-Version: 2026-07-28",
    "Mcp-Method: tools/call",
    `Mcp-Name: ${tool}`,
  ];
  const params = { name: tool, arguments: args, _meta: META };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  return [
    "curl -s",
    shellWord(demo.url),
    ...headers.map((header) => `-H ${shellWord(header)}`),
    `-d ${shellWord(body)}`,
  ].join(" ");
}

/** A word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
