import type { GroupSpec, OptionSpec } from "../../command-spec.ts";

const POLICY_FILE: OptionSpec = {
  flags: "--policy <file>",
  summary: "JSON, JSONC or YAML",
  isRequired: true,
};
const CALL_FILE: OptionSpec = {
  flags: "--call <file>",
  summary: 'one call {"tool","args"} or an array of them; - reads standard input',
  isRequired: true,
};
const AT: OptionSpec = { flags: "--at <time>", summary: "ISO time of the calls (default now)" };

export const POLICY_GROUP: GroupSpec = {
  name: "policy",
  summary: "write, test and publish policies",
  commands: [
    {
      usage: "check <file>",
      summary: "print errors and lint warnings",
      options: [{ flags: "--server <name>", summary: "lint against this server's tools" }],
      examples: ["policy check policy.json", "policy check --json --server stripe policy.yaml"],
      load: async () => (await import("./check.ts")).policyCheck,
    },
    {
      usage: "test <file...>",
      summary: "run <policy>.test.json or .yaml beside each policy",
      examples: ["policy test policy.json", "policy test --json policies/*.yaml"],
      load: async () => (await import("./test.ts")).policyTest,
    },
    {
      usage: "eval",
      summary: "decide calls with the engine of the gateway",
      options: [POLICY_FILE, CALL_FILE, AT],
      examples: [
        "policy eval --policy policy.json --call call.json",
        "policy eval --policy policy.json --call - --at 2026-01-01T09:00:00Z",
      ],
      load: async () => (await import("./eval.ts")).policyEval,
    },
    {
      usage: "explain",
      summary: "decide calls and show every rule that was read",
      options: [POLICY_FILE, CALL_FILE, AT],
      examples: ["policy explain --policy policy.json --call call.json"],
      load: async () => (await import("./explain.ts")).policyExplain,
    },
    {
      usage: "publish <file>",
      summary: "make a new version of a policy; it governs from the next request on",
      options: [
        { flags: "--server <name>", summary: "server that the policy is for", isRequired: true },
        { flags: "--name <policy>", summary: "name of the policy", isRequired: true },
        { flags: "--note <text>", summary: "why, for the list of versions" },
      ],
      examples: ["policy publish --server stripe --name support policy.json"],
      load: async () => (await import("./publish.ts")).policyPublish,
    },
    {
      usage: "list",
      summary: "list the policies with their newest versions",
      options: [{ flags: "--server <name>", summary: "only of this server" }],
      examples: ["policy list", "policy list --server stripe --json"],
      load: async () => (await import("./list.ts")).policyList,
    },
    {
      usage: "show",
      summary: "print a published policy",
      options: [
        { flags: "--server <name>", summary: "server of the policy", isRequired: true },
        { flags: "--name <policy>", summary: "name of the policy", isRequired: true },
        { flags: "--version-number <n>", summary: "an older version (default: the newest)" },
      ],
      examples: [
        "policy show --server stripe --name support",
        "policy show --server stripe --name support --version-number 3",
      ],
      load: async () => (await import("./show.ts")).policyShow,
    },
    {
      usage: "diff [before] [after]",
      summary: "say in words how two policies, or two versions of one, differ",
      details: [
        "Compares two files, or two versions of a published policy: --from (the version before) and --to (the newest version; a file says what publishing it would change). What lets pass a call that was stopped is marked WIDENS, the reverse narrows; EITHER is what may do both. Rules that say the same in another way are no difference.",
        "With --fail-on widening the exit code is 1 when something widens access or may do so, with --fail-on any when anything differs.",
      ],
      options: [
        { flags: "--server <name>", summary: "server of the policy; beside two files, name its tools" },
        { flags: "--name <policy>", summary: "name of a published policy" },
        { flags: "--from <n>", summary: "its older version (default: the one before)" },
        { flags: "--to <n|file>", summary: "its newer version, or a file (default: the newest)" },
        {
          flags: "--fail-on <change>",
          summary: "exit with 1 when there is such a change",
          choices: ["widening", "any"],
        },
      ],
      examples: [
        "policy diff old.json new.json",
        "policy diff --server stripe --name support",
        "policy diff --server stripe --name support --from 3 --to 5 --json",
        "policy diff --server stripe --name support --to policy.json --fail-on widening",
      ],
      load: async () => (await import("./diff.ts")).policyDiff,
    },
    {
      usage: "import <file>",
      summary:
        "make a policy of one in Intercept's YAML, or of one pasted from a page; - reads standard input",
      options: [
        { flags: "--from <dialect>", summary: "what the file is in", choices: ["auto", "intercept"] },
        { flags: "--output <file>", summary: "write the policy there instead of printing it" },
      ],
      examples: [
        "policy import intercept.yaml --output policy.json",
        "policy import --json --from intercept - < intercept.yaml",
      ],
      load: async () => (await import("./import.ts")).policyImport,
    },
    {
      usage: "suggest <server>",
      summary: "recommend a policy for the tools of a registered server; publishes nothing",
      options: [{ flags: "--output <file>", summary: "write the policy there instead of printing it" }],
      examples: ["policy suggest stripe --output policy.json", "policy suggest stripe --json"],
      load: async () => (await import("./suggest.ts")).policySuggest,
    },
    {
      usage: "schema",
      summary: "print the JSON Schema of policies, for editors",
      examples: ["policy schema > policy.v1.json"],
      load: async () => (await import("./schema.ts")).policySchema,
    },
  ],
};
