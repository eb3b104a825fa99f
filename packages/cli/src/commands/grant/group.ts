import type { GroupSpec, OptionSpec } from "../../command-spec.ts";

const MODE: OptionSpec = {
  flags: "--mode <mode>",
  summary: "shadow only records what enforce would do",
  choices: ["enforce", "shadow"],
};

export const GRANT_GROUP: GroupSpec = {
  name: "grant",
  summary: "give agents tokens, and take them back",
  commands: [
    {
      usage: "create",
      summary: "make a grant; its token is shown once",
      options: [
        { flags: "--server <name>", summary: "server that the grant may call", isRequired: true },
        { flags: "--label <label>", summary: "who it is for, a-z, 0-9 and -, at most 64", isRequired: true },
        { flags: "--policy <name>", summary: "policy that governs; without one every call is denied" },
        MODE,
        { flags: "--expires <time>", summary: "lifetime, such as 12h or 90d (default 90d)" },
      ],
      examples: ["grant create --server stripe --policy support --label ci-runner --expires 30d"],
      load: async () => (await import("./create.ts")).grantCreate,
    },
    {
      usage: "list",
      summary: "list the grants",
      examples: ["grant list", "grant list --json"],
      load: async () => (await import("./list.ts")).grantList,
    },
    {
      usage: "set <grant>",
      summary: "change policy or mode of a grant",
      options: [{ flags: "--policy <name>", summary: "policy that governs from the next request on" }, MODE],
      examples: ["grant set ci-runner --policy support", "grant set ci-runner --mode enforce"],
      load: async () => (await import("./set.ts")).grantSet,
    },
    {
      usage: "rotate <grant>",
      summary: "replace the token; the old one stops working at once",
      examples: ["grant rotate ci-runner"],
      load: async () => (await import("./rotate.ts")).grantRotate,
    },
    {
      usage: "revoke <grant>",
      summary: "end a grant at once",
      examples: ["grant revoke ci-runner", "grant revoke grt_0123456789abcdef"],
      load: async () => (await import("./revoke.ts")).grantRevoke,
    },
  ],
};
