/** The tools of the corpus's servers: those that the policy names, and some that it must not let through. */
const NAMES = [
  ..."any say.loud delete delete_repo read_file read_secret_key pay pay_least pay_unless pay_held".split(" "),
  ..."precise one text_one zero flag token nested dotted proto unforced mail mail_all mail_first".split(" "),
  ..."branch not_branch word loose evil_regex words short harmless file fetch spend tenths never".split(" "),
  ..."hidden_door drop_table unnamed constructor toString hasOwnProperty github__x".split(" "),
  "a/b c",
];

/** As `tools/list` gives them. */
export const WORLD_TOOLS: readonly object[] = [
  ...NAMES.map((name) => ({ name, inputSchema: { type: "object" } })),
  ...["read_region", "hidden_region", "read_secret_region"].map((name) => ({
    name,
    inputSchema: {
      type: "object",
      properties: {
        region: { type: "string", "x-mcp-header": "Region" },
        shard: { type: "integer", "x-mcp-header": "Shard" },
        dry: { type: "boolean", "x-mcp-header": "Dry" },
      },
    },
  })),
];
