import type { GroupSpec } from "../../command-spec.ts";

export const LOG_GROUP: GroupSpec = {
  name: "log",
  summary: "read, export and verify the audit log",
  commands: [
    {
      usage: "tail",
      summary: "follow the calls as they are decided",
      options: [
        { flags: "--all", summary: "also ping and notifications" },
        { flags: "--server <name>", summary: "only of this server" },
        { flags: "--no-follow", summary: "print the last rows, do not wait for more" },
      ],
      examples: ["log tail", "log tail --json --server stripe", "log tail --no-follow"],
      load: async () => (await import("./tail.ts")).logTail,
    },
    {
      usage: "export",
      summary: "print every row, one JSON object per line",
      options: [
        { flags: "--since <time>", summary: "ISO time, or a time ago such as 24h" },
        { flags: "--server <name>", summary: "only of this server" },
      ],
      examples: ["log export --since 24h > calls.jsonl", "log export --json --server stripe"],
      load: async () => (await import("./export.ts")).logExport,
    },
    {
      usage: "verify",
      summary: "prove that no row was changed, removed or inserted",
      options: [
        { flags: "--checkpoint <file>", summary: "a checkpoint kept elsewhere: proves a cut end too" },
      ],
      examples: ["log verify", "log verify --json --checkpoint /mnt/safe/checkpoint.txt"],
      load: async () => (await import("./verify.ts")).logVerify,
    },
  ],
};
