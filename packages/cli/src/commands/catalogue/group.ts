import { CATEGORIES, RISKS } from "@portcullis/catalogue";
import type { GroupSpec } from "../../command-spec.ts";

export const CATALOGUE_GROUP: GroupSpec = {
  name: "catalogue",
  summary: "look up servers and tools, what they do and how dangerous they are",
  commands: [
    {
      usage: "search [words...]",
      summary: "find servers and tools by name, title and description",
      options: [
        { flags: "--risk <risk>", summary: "only tools of this risk", choices: RISKS },
        { flags: "--category <category>", summary: "only tools of this category", choices: CATEGORIES },
        { flags: "--server <server>", summary: "only tools of this server" },
        { flags: "--limit <n>", summary: "at most so many, 1 to 100 (default 20)" },
        { flags: "--cursor <cursor>", summary: "go on where the page with this cursor ended" },
      ],
      examples: [
        "catalogue search build_and_push_image_to_ecr",
        "catalogue search create issue --limit 5",
        "catalogue search --risk critical --json",
      ],
      load: async () => (await import("./search.ts")).catalogueSearch,
    },
    {
      usage: "show <server> [tool]",
      summary: "show what is known of a server, or of one of its tools",
      examples: ["catalogue show @stripe/mcp", "catalogue show local/stripe create_refund --json"],
      load: async () => (await import("./show.ts")).catalogueShow,
    },
    {
      usage: "sync",
      summary: "take over what a registry says of servers, since the last time",
      options: [
        { flags: "--registry <url>", summary: "the registry, without /v0.1", isRequired: true },
        { flags: "--full", summary: "everything, not only what changed since the last time" },
      ],
      examples: ["catalogue sync --registry https://registry.modelcontextprotocol.io"],
      load: async () => (await import("./sync.ts")).catalogueSync,
    },
    {
      usage: "introspect <package> [args...]",
      summary: "install a server in a throw-away folder, list its tools, keep what it said",
      details: [
        "A package is `name` or `name@version` of npm, or `pypi:name`. Its install scripts do not run; it starts without credentials and, on Linux where the system allows, without network; none of its tools is called. Arguments after `--` are the server's; `{work}` in them is an empty folder.",
      ],
      options: [{ flags: "--command <name>", summary: "which of the package's commands to start" }],
      examples: [
        "catalogue introspect @modelcontextprotocol/server-memory",
        "catalogue introspect @modelcontextprotocol/server-filesystem@2026.8.31 -- {work}",
        "catalogue introspect pypi:awslabs.ecs-mcp-server --json",
      ],
      load: async () => (await import("./introspect.ts")).catalogueIntrospect,
    },
    {
      usage: "messages",
      summary: "read what was left on the contact page",
      examples: ["catalogue messages", "catalogue messages --json"],
      load: async () => (await import("./messages.ts")).catalogueMessages,
    },
  ],
};
