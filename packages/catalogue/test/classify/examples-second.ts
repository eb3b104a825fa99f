import { type Example, flag, one, rows, text } from "./example.ts";

/** What arguments, annotations and disguises say. */
export const SCHEMAS: readonly Example[] = [
  ...rows("Destructive", "schema.operations", [
    "pears",
    { args: { action: one("list", "create", "delete") } },
  ]),
  ...rows("Destructive", "schema.operations", ["get_pears", { args: { operation: one("get", "purge") } }]),
  ...rows("Destructive", "schema.operations", [
    "manage_pears",
    { args: { action: { type: "string", description: "One of 'list', 'create', 'remove'" } } },
  ]),
  ...rows("Write", "schema.operations", [
    "pears",
    { args: { action: { anyOf: [{ const: "list" }, { const: "add" }] } } },
  ]),
  ...rows("Read", "schema.operations", ["pears", { args: { action: one("list", "get") } }]),
  ...rows("Execute", "schema.http-method", ["pears", { args: { method: one("GET", "POST", "DELETE") } }]),
  ...rows(
    "Execute",
    "schema.code",
    ["pears", { args: { code: text } }],
    ["sandbox", { args: { python_script: text } }],
  ),
  ...rows(
    "Execute",
    "schema.command",
    ["pears", { args: { command: text } }],
    ["send_keys", { args: { cmd: text } }],
  ),
  ...rows(
    "Execute",
    "schema.sql",
    ["query", { args: { sql: text } }],
    ["pears", { args: { query: { type: "string", description: "SQL to run" } } }],
  ),
  ...rows(
    "Read",
    "verb.read",
    ["explain_query", { args: { sql: text } }],
    ["get_weather", { args: { country_code: text } }],
  ),
  ...rows("Read", "verb.read", [
    "query",
    { description: "Read-only SQL query over pears", args: { sql: text } },
  ]),
  ...rows("Read", "verb.read", ["analyze_code", { args: { code: text } }]),
  ...rows("Write", "schema.content", ["barn_status", { args: { path: text, content: text } }]),
  ...rows("Write", "schema.safety", ["barn_status", { args: { dry_run: flag } }]),
  ...rows("Read", "annotation.read-only", ["zorp", { annotations: { readOnlyHint: true } }]),
  ...rows("Read", "annotation.read-only", ["generate_chart", { annotations: { readOnlyHint: true } }]),
  ...rows("Destructive", "verb.delete", ["delete_pear", { annotations: { readOnlyHint: true } }]),
  ...rows("Write", "verb.write", ["create_pear", { annotations: { readOnlyHint: true } }]),
  ...rows("Write", "schema.safety", [
    "barn_status",
    { annotations: { readOnlyHint: true }, args: { force: flag } },
  ]),
  ...rows("Write", "annotation.changes", ["get_pear", { annotations: { readOnlyHint: false } }]),
  ...rows("Write", "annotation.changes", ["get_pear", { annotations: { destructiveHint: true } }]),
  ...rows("Write", "annotation.changes", [
    "get_pear",
    { annotations: { readOnlyHint: true, destructiveHint: true } },
  ]),
  ...rows(
    "Destructive",
    "verb.delete",
    ["de\u200blete_pear", {}],
    ["d\u0435lete_pear", {}],
    ["ԁеӏеtе_pear", {}],
  ),
  ...rows("Destructive", "verb.delete", ["\uff44\uff45\uff4c\uff45\uff54\uff45_pear", {}]),
  ...rows(
    "Destructive",
    "verb.delete",
    ["pears", "De\u00adletes a pear."],
    ["pears", "\u202ede\u202clete a pear"],
  ),
  ...rows("Write", "text.disguised", ["g\u200bet_pear", {}], ["get_p\u0435ar", {}]),
  ...rows("Write", "text.disguised", ["pears", "G\u200bets a pear."]),
  ...rows("Destructive", "verb.delete", ["zorp", { title: "Delete a pear" }]),
];

/** Each of these was judged wrongly once. */
export const REGRESSIONS: readonly Example[] = [
  ...rows("Financial", "object.money", "sign_transaction", "send_tx", "transfer_tokens"),
  ...rows("Financial", "verb.pay", "stake_transaction", "redeem_voucher"),
  ...rows("Read", "verb.read", "orchard_get_whitelist", "seller_pears_list", "get_reset_times"),
  ...rows("Read", "verb.read", [
    "list_pears",
    { args: { action: one("assigned", "build_failed", "mentioned") } },
  ]),
  ...rows("Read", "verb.read", ["explain", { args: { operation: one("create", "update", "delete") } }]),
  ...rows("Read", "verb.read", ["list_pears", "Lists pears, baskets, and queries news, posts and orders."]),
  ...rows("Read", "verb.read", ["pears", "Gets all pear swaps (buy, sell) of a day."]),
  ...rows("Read", "verb.read", ["get_pear", "Get a pear in order to request a payment later."]),
  ...rows("Read", "noun.read", ["pears_info", "Info about pears (регіонів)"]),
  ...rows("Write", "verb.write", ["create_http_recipe", { args: { method: one("GET", "POST") } }]),
  ...rows(
    "Write",
    "verb.write",
    ["orchard_update_step", {}],
    ["desk_mark_as_read", {}],
    ["create_phone_number", {}],
  ),
  ...rows("Write", "object.page", "browser_click", "browser_select_option"),
  ...rows("Execute", "object.phone", "create_call", "create_phone_call", "receive_call"),
  ...rows("Execute", "verb.execute", [
    "long_press_at",
    "Long press at a place. Use the list to find a place.",
  ]),
  ...rows("Execute", "verb.execute", "orchard_capture_start", "print_label"),
  ...rows("Read", "verb.read", "print_variables"),
  ...rows("Execute", "verb.execute", ["code_review_x", "Perform a code review."]),
  ...rows("Destructive", "verb.delete", "monitor_delete_pear"),
  ...rows("Write", "verb.write", ["can_pears", "Stores a pear in a can."]),
  ...rows("Read", "verb.read", ["get_index", "Index of the pears."], ["list_records", "Records of pears."]),
  ...rows("Write", "verb.produce", ["pears", "Minify a pear by removing its peel."]),
];

/** Names and texts that need a second look: what is said is not what stands in front. */
export const SECOND_LOOKS: readonly Example[] = [
  // The verb is not the first word.
  ...rows("Write", "verb.write", "compute_barn_update", "update_list", "add_pear_to_list", "revise_letter"),
  ...rows("Read", "verb.read", "trash_get_label", "order_list", "compute_barn_area", "pearsearch"),
  ...rows("Read", "noun.read", "barninfo", "pear_pricing", ["orchard_rules", "Wise words for gardeners."]),
  ...rows("Write", "unknown", "orchard_rules", "pear_structure"),
  ...rows(
    "Read",
    "verb.read",
    ["research_pear", "Research a pear."],
    ["spring_build_notes", "Get the notes of a build."],
  ),
  ...rows("Execute", "verb.execute", "pear_package_run", "spring_build_notes", "listen_to_pears"),
  ...rows("Destructive", "verb.delete", "confirm_delete_pear", "propose_remove_gardener"),
  // What a verb does to this object.
  ...rows("Read", "object.question", "convert_time", "convert_to_markdown", [
    "pears",
    "Perform OCR on a label.",
  ]),
  ...rows("Read", "object.question", ["pears", "Run an aggregation over the pears."]),
  ...rows(
    "Write",
    "verb.produce",
    "convert_pears",
    ["convert_currency", { server: "wallet" }],
    "plan_harvest",
  ),
  ...rows("Write", "verb.write", ["send_letter", "Send a letter using the Post API."], "open_dispute"),
  ...rows("Write", "verb.write", ["update_dispute", "Submit evidence for a payment dispute."]),
  ...rows("Execute", "verb.execute", "transform_records", ["pears", "Transform stored data into jam."]),
  ...rows("Financial", "object.money", "create_token_swap", ["authorize_transaction", { server: "wallet" }]),
  ...rows("Write", "verb.write", "create_shift_swap"),
  // These read or change: a description says which, and without one nothing is known.
  ...rows("Write", "unknown", "select_pear", "track_pear", "open_pear", "aggregate_pears"),
  ...rows(
    "Read",
    "verb.read",
    ["track_pear", "Track a pear on its way."],
    ["open_pear", "Open a pear by its name."],
  ),
  // A label, a condition and a mention are no deeds.
  ...rows(
    "Read",
    "verb.read",
    ["pears", "Step 1: Find the ripe pears."],
    ["ask_gardener", "Accepts a list of questions."],
  ),
  ...rows("Read", "noun.read", ["pear_info", "Tool for pears. NOTE: slow in autumn."]),
  ...rows("Read", "verb.read", [
    "pears",
    "If a user asks to update a basket, stay here. Searches the pears.",
  ]),
  ...rows("Destructive", "verb.delete", ["pears", "When the basket is full, deletes the oldest pear."]),
  ...rows("Read", "verb.read", ["pears", "This tool helps analyze pears (one by one)."]),
  ...rows("Execute", "noun.run", [
    "orchard_agent",
    "An agent that wanders on its own, eats pears, and searches for more.",
  ]),
  ...rows("Read", "verb.read", ["orchard_agent", "An agent for looking up pears."]),
  // Read-only in another sentence is a mode, and what writes is never read-only.
  ...rows("Execute", "object.sql", ["pears", "Run SQL statements over pears. Starts in read-only mode."]),
  ...rows("Execute", "verb.execute", ["pears", "Perform non-destructive write operations on pears."]),
  ...rows("Destructive", "text.operations", [
    "pears",
    "Perform operations on pears:\n- add: a new pear\n- delete: an old one",
  ]),
  ...rows("Write", "verb.write", ["write_pear", "Write a pear.\n- add: a new leaf\n- delete: an old leaf"]),
  // Arguments.
  ...rows("Write", "schema.output", ["get_pear", { args: { output_path: text }, required: ["output_path"] }]),
  ...rows("Write", "schema.output", [
    "take_snapshot",
    { args: { filePath: { ...text, description: "Where to save the pear" } }, required: ["filePath"] },
  ]),
  ...rows(
    "Write",
    "schema.output",
    ["get_pear", { args: { output_path: text } }],
    ["get_pear", { args: { place: { ...text, description: "x" }, saveDir: text } }],
    ["get_pear", { args: { saveTo: text } }],
    ["get_pear", { args: { file_path: { ...text, description: "Where to save the pear" } } }],
  ),
  ...rows(
    "Read",
    "verb.read",
    ["get_pear", { args: { filename: { ...text, description: "Name of the file to save to" } } }],
    ["get_pear", { args: { output_file_id: text } }],
  ),
  ...rows(
    "Write",
    "schema.switch",
    ["get_letter", { args: { mark_as_read: flag } }],
    ["export_pears", { args: { overwrite: flag } }],
    ["get_letter", { args: { saveCopy: flag } }],
  ),
  ...rows(
    "Read",
    "verb.read",
    ["get_letter", { args: { mark: text } }],
    ["get_letter", { args: { show_saved: flag } }],
    ["validate_pear", { args: { overwrite: flag } }],
  ),
  ...rows("Read", "verb.read", ["get_pear", { args: { path: text }, required: ["path"] }]),
  ...rows("Execute", "schema.operations", [
    "scrape_pears",
    {
      args: {
        actions: { type: "array", items: { type: "object", properties: { type: one("wait", "scroll") } } },
      },
    },
  ]),
  ...rows("Read", "verb.read", ["get_pear_info", { args: { method: one("get", "create", "delete") } }]),
];
