import type { CommandSpec, GroupSpec } from "./command-spec.ts";
import { CATALOGUE_GROUP } from "./commands/catalogue/group.ts";
import { CONFIG_OPTIONS } from "./commands/config-options.ts";
import { GRANT_GROUP } from "./commands/grant/group.ts";
import { INIT_OPTIONS } from "./commands/init/init-options.ts";
import { LOG_GROUP } from "./commands/log/group.ts";
import { POLICY_GROUP } from "./commands/policy/group.ts";
import { SCAN_OPTIONS } from "./commands/scan/scan-options.ts";
import { SERVER_GROUP } from "./commands/server/group.ts";
import { SERVER_OPTIONS } from "./commands/server/server-options.ts";

/** Every command, in the order of the help text. */
export const COMMANDS: readonly (CommandSpec | GroupSpec)[] = [
  {
    usage: "serve",
    summary: "run the gateway",
    options: CONFIG_OPTIONS,
    examples: ["serve", "serve --port 0 --json", "serve --host 0.0.0.0 --public-url https://mcp.example.com"],
    load: async () => (await import("./commands/serve.ts")).serve,
  },
  {
    usage: "run [command...]",
    summary: "govern one server over stdio, with no gateway running",
    options: [
      { flags: "-c, --policy <file>", summary: "policy that governs every call", isRequired: true },
      { flags: "--url <url>", summary: "server to reach over HTTP, instead of a command" },
      ...SERVER_OPTIONS,
      { flags: "--log <file>", summary: "append audit rows as JSON lines (default: standard error)" },
    ],
    examples: [
      "run -c policy.json -- npx -y @modelcontextprotocol/server-filesystem /srv",
      "run -c policy.json --env API_KEY=env:DOCS_KEY --cwd /srv/docs -- node server.js",
      "run -c policy.yaml --log calls.jsonl --url https://mcp.example.com/mcp",
    ],
    load: async () => (await import("./commands/run.ts")).run,
  },
  SERVER_GROUP,
  POLICY_GROUP,
  GRANT_GROUP,
  LOG_GROUP,
  {
    usage: "backup <file>",
    summary: "write databases, checkpoints and configuration to one tar file",
    options: [
      { flags: "--with-key", summary: "put the key file in too: whoever has it can read every secret" },
    ],
    examples: ["backup portcullis.tar", "backup --with-key /mnt/safe/portcullis.tar"],
    load: async () => (await import("./commands/backup.ts")).backup,
  },
  {
    usage: "doctor",
    summary: "check data folder, databases, servers, grants and policies",
    examples: ["doctor", "doctor --json"],
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "config",
    summary: "look at the configuration",
    commands: [
      {
        usage: "show",
        summary: "print each value with where it came from",
        options: CONFIG_OPTIONS,
        examples: ["config show", "config show --json --port 8000"],
        load: async () => (await import("./commands/config-show.ts")).configShow,
      },
    ],
  },
  {
    usage: "completion <shell>",
    summary: "print a completion script for bash, zsh or fish",
    examples: [
      "completion bash > ~/.local/share/bash-completion/completions/portcullis",
      "completion fish > ~/.config/fish/completions/portcullis.fish",
    ],
    load: async () => (await import("./commands/completion.ts")).completion,
  },
  {
    usage: "classify [file]",
    summary: "say what tools do and how dangerous they are, and why",
    details: [
      "Reads standard input without a file, or for `-`: one {server, tool, description, inputSchema, annotations} per line, or the answer of tools/list. With --json one verdict per line, in the same order. A line that cannot be read is told with its number, the rest is done, and the exit code is 2.",
      "Consecutive tools of one server are judged in each other's light, up to 1,000 together: keep the lines of a server together.",
    ],
    examples: ["classify tools.jsonl", "classify --json - < tools.jsonl"],
    load: async () => (await import("./commands/classify.ts")).classify,
  },
  CATALOGUE_GROUP,
  {
    usage: "init",
    summary: "put the MCP servers of your clients behind the gateway",
    details: [
      "Finds the files of Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Gemini CLI and Codex, starts their servers to list the tools, seals their secrets in the data folder, publishes a recommended policy for each, and after a yes rewrites the files so that every call goes through the gateway. A copy of each file is kept beside it as .bak, readable by its owner only.",
      "Entries that are broken, switched off, need a variable that is not set, or do not start are left as they are and reported. Run it again after adding a server.",
    ],
    options: INIT_OPTIONS,
    examples: ["init --dry-run", "init", "init --yes --client cursor"],
    load: async () => (await import("./commands/init/init.ts")).init,
  },
  {
    usage: "restore",
    summary: "undo init: put the clients' entries back and revoke their grants",
    options: [
      { flags: "--client <name>", summary: "only the files of this client" },
      { flags: "--dry-run", summary: "show what would change" },
    ],
    examples: ["restore --dry-run", "restore", "restore --client cursor"],
    load: async () => (await import("./commands/restore/restore.ts")).restore,
  },
  {
    usage: "connect <label>",
    summary: "speak MCP on stdio for an entry that init wrote",
    examples: ["connect claude-desktop-files"],
    load: async () => (await import("./commands/connect.ts")).connect,
  },
  {
    usage: "scan [target...]",
    summary: "show what agents can do with the servers of an mcp.json, and a policy for each",
    details: [
      "Targets are files of MCP clients, or one command after --. Without any, the files of all clients of this user and of the working folder are looked at. Servers are started or asked only with --start, with --url, when they stand after --, or after a yes: at a terminal you are asked where tools are not known. Else the catalogue on this machine says what it knows of the package, and nothing leaves the machine.",
      "With --fail-on the exit code is 1 when a tool or a finding is that bad or worse, when a file is broken, and when the tools of a server are not known, remote servers included.",
    ],
    options: SCAN_OPTIONS,
    examples: [
      "scan",
      "scan mcp.json --start --fail-on high",
      "scan .mcp.json --start --format sarif --output mcp.sarif",
      "scan --policies policies -- npx -y @modelcontextprotocol/server-filesystem /srv",
      "scan --url https://mcp.example.com/mcp",
    ],
    load: async () => (await import("./commands/scan/scan.ts")).scan,
  },
];
