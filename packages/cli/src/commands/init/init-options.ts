import type { OptionSpec } from "../../command-spec.ts";

export const INIT_OPTIONS: readonly OptionSpec[] = [
  { flags: "--dry-run", summary: "show the plan and what would change in each file" },
  { flags: "-y, --yes", summary: "start every server and rewrite the files without asking" },
  { flags: "--client <name>", summary: "only this client, such as cursor or claude-code" },
  {
    flags: "--mode <mode>",
    summary: "shadow only records what enforce would do",
    choices: ["enforce", "shadow"],
  },
  { flags: "--expires <time>", summary: "lifetime of the grants, such as 30d (default 90d)" },
];
