import type { GroupSpec } from "../../command-spec.ts";
import { SERVER_OPTIONS } from "./server-options.ts";

export const SERVER_GROUP: GroupSpec = {
  name: "server",
  summary: "register upstream servers and accept their tools",
  commands: [
    {
      usage: "add [command...]",
      summary: "register a server and take its first tool list",
      options: [
        { flags: "--name <name>", summary: "label, a-z, 0-9 and -, at most 64", isRequired: true },
        { flags: "--url <url>", summary: "MCP endpoint of the server, instead of a command" },
        ...SERVER_OPTIONS,
      ],
      examples: [
        'server add --name stripe --url https://mcp.stripe.com --header "Authorization: env:STRIPE_AUTH"',
        "server add --name old --url https://mcp.example.com/sse --transport sse",
        "server add --name files -- npx -y @modelcontextprotocol/server-filesystem /srv",
        "server add --name docs --env API_KEY=env:DOCS_KEY --cwd /srv/docs -- node server.js",
      ],
      load: async () => (await import("./add.ts")).serverAdd,
    },
    {
      usage: "list",
      summary: "list the registered servers",
      examples: ["server list", "server list --json"],
      load: async () => (await import("./list.ts")).serverList,
    },
    {
      usage: "tools <name>",
      summary: "list the tools of a server and what changed since they were accepted",
      examples: ["server tools stripe", "server tools stripe --json"],
      load: async () => (await import("./tools.ts")).serverTools,
    },
    {
      usage: "accept-tools <name> [tool...]",
      summary: "accept new, changed and removed tools",
      options: [{ flags: "--all", summary: "accept everything that waits" }],
      examples: ["server accept-tools stripe create_refund", "server accept-tools stripe --all"],
      load: async () => (await import("./accept-tools.ts")).serverAcceptTools,
    },
    {
      usage: "remove <name>",
      summary: "remove a server; its grants stop working at once",
      examples: ["server remove stripe"],
      load: async () => (await import("./remove.ts")).serverRemove,
    },
  ],
};
