import type { Category, RuleId, ToolAnnotations, ToolDefinition } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";

/** A tool with the verdict that it must get, and the rule that must decide. */
export interface Example {
  readonly name: string;
  readonly category: Category;
  readonly rule: RuleId;
  readonly description?: string;
  /** Arguments, by name. */
  readonly args?: { readonly [name: string]: JsonObject };
  /** Arguments that must be given. */
  readonly required?: readonly string[];
  readonly annotations?: ToolAnnotations;
  readonly title?: string;
  readonly server?: string;
  readonly siblings?: readonly string[];
}

type More = Omit<Example, "name" | "category" | "rule">;
const text: JsonObject = { type: "string" };
const flag: JsonObject = { type: "boolean" };
const one = (...values: string[]): JsonObject => ({ type: "string", enum: values });

/** Rows of one category and rule: a name alone, or a name with the rest. */
function rows(
  category: Category,
  rule: RuleId,
  ...tools: (string | readonly [string, string | More])[]
): readonly Example[] {
  return tools.map((tool) => {
    const [name, more] = typeof tool === "string" ? [tool, {}] : tool;
    return { name, category, rule, ...(typeof more === "string" ? { description: more } : more) };
  });
}

/** Names alone: how they are cut, which word is the verb, what its object makes of it. */
export const NAMES: readonly Example[] = [
  ...rows(
    "Read",
    "verb.read",
    "list_orchards",
    "getBarnDoor",
    "search-lighthouses",
    "FIND_TUNNELS",
    "harbor.describe",
    "tide_table_lookup",
    "getdeletedpears",
    "list_deleted_pears",
    "show_create_statement",
    "is_barn_open",
    "can_release_balloon",
    "retrieve_invoices",
    "list_payments",
    "listallapples",
    "read_file(path, encoding)",
    "HTTPHeadersGet",
    "validate_pear_basket",
    "count_updates",
    "translate_sonnet",
    "get_payout",
    "monitor_list_checks",
    "download_catalogue",
  ),
  ...rows(
    "Read",
    "noun.read",
    "barn_documentation",
    "weather",
    "orchard.info",
    "pear-statistics",
    "swap_quote",
  ),
  ...rows("Read", "object.screenshot", "capture_screen", ["pears", "Take a screenshot of the pear."]),
  ...rows(
    "Read",
    "object.question",
    "resolve_hostname",
    "test_connection",
    ["pears", "Performs a web search for pears."],
    ["pears", "Evaluate a mathematical formula."],
    ["pears", "Make an HTTP GET request."],
  ),
  ...rows(
    "Write",
    "verb.write",
    "create_orchard",
    "updateBarn",
    "barn_door_update",
    "append-row",
    "SEND_EMAIL",
    "sendMail",
    "archive_letter",
    "close_ticket",
    "mark_letters_read",
    "upload_portrait",
    "resend_letter",
    "renamePear",
    "open_ticket",
    "createorupdate_pear",
    "message_send",
    "unfollow_gardener",
    "swap_faces",
    "letter_forwarder",
    "add_payment_method",
    "create_coupon",
    "disable_lamp",
    "unprotect_sheet",
  ),
  ...rows("Write", "verb.produce", "generate_portrait", "render_mural", "convert_wav_to_flac"),
  ...rows("Write", "object.grant", "grant_access", "share_with_role", "addPermission", "create_token"),
  ...rows("Write", "object.setting", "reset_zoom", "clear_filter", "remove_highlight"),
  ...rows("Write", "object.git", ["checkout", { server: "git" }], ["git_stash", { server: "git" }]),
  ...rows(
    "Execute",
    "verb.execute",
    "restart_boiler",
    "deployGreenhouse",
    "scale-greenhouse",
    "start_pump",
    "pump.start",
    "run_playbook",
    "trigger_sprinkler",
    "install_plugin",
    "invoke_tool",
    "rerun_harvest",
    "launch_kite",
    "build_windmill",
    "make_call",
    "end_phone_call",
    "call_start",
    "drag_and_drop",
  ),
  ...rows("Execute", "object.phone", "send_sms", [
    "hold_line",
    { server: "phone-desk", description: "Hold a call." },
  ]),
  ...rows("Execute", "object.browser", "navigate", "browser_navigate", "goto_page", "open_url"),
  ...rows("Execute", "object.code", "run_python", "execute_shell_command", "evalJavascript"),
  ...rows("Execute", "object.sql", "run_sql", "execute_sql_statement"),
  ...rows("Execute", "object.request", "make_http_request", "send_api_request"),
  ...rows("Execute", "object.work", "cancel_job", "abort_build", "cancel-export", "terminate_call"),
  ...rows("Execute", "noun.run", "applescript", "remote_terminal"),
  ...rows(
    "Destructive",
    "verb.delete",
    "delete_orchard",
    "orchard_delete",
    "removePear",
    "purge-cellar",
    "truncate_ledger",
    "DROP_SHELF",
    "bulk_delete_pears",
    "deletes_pears",
    "pear_deletion",
    "uninstall_plugin",
    "clear_cellar",
    "cancel_party",
    "pear_wiper",
    "log_remover",
    "unpublish_letter",
    "rm",
    "soft_delete_pear",
    ["clean", { server: "git" }],
  ),
  ...rows("Destructive", "object.revoke", "revoke_token", "remove_permission", "withdraw_access_grant"),
  ...rows(
    "Destructive",
    "object.money-undo",
    "cancel_payment",
    "void_invoice",
    "delete_order",
    "cancel_refund",
  ),
  ...rows("Destructive", "name.several", "get_and_delete_pear", "list_or_purge_pears", "search_shelf_delete"),
  ...rows("Write", "name.several", "get_or_create_pear", "find_and_update_pear"),
  ...rows(
    "Financial",
    "verb.pay",
    "pay_gardener",
    "buy_pears",
    "refund_customer",
    "withdraw",
    "swap_tokens",
    "donate",
  ),
  ...rows("Financial", "object.money", "send_money", "create_refund", "capture_payment", "transfer_usdc", [
    "update_subscription",
    { server: "payment-desk" },
  ]),
  ...rows(
    "Financial",
    "object.money",
    ["sign_transaction", { server: "wallet" }],
    ["approve_token", { server: "dex" }],
  ),
  ...rows("Financial", "object.bill", "create_invoice", "sendInvoice", "finalize_invoice", "create_charge"),
  ...rows("Financial", "object.order", "place_order", "create_order", [
    "modify_order",
    { server: "trading-desk" },
  ]),
  ...rows("Write", "unknown", "zorp", "quux_flibber", "", "___", "42"),
];

/** What a description adds, and what it may not take away. */
export const TEXTS: readonly Example[] = [
  ...rows(
    "Read",
    "verb.read",
    ["pears", "Lists the pears of a basket."],
    ["pears", "This tool lets you retrieve pears."],
  ),
  ...rows("Read", "verb.read", ["barnyard", "Barn desk | Retrieve a door Error Responses: 400: Bad request"]),
  ...rows("Read", "verb.read", ["get_pear", "Retrieve a pear, to delete it afterwards with delete_pear."]),
  ...rows("Read", "verb.read", ["get_pear", "Get a pear. Does not delete or modify anything."]),
  ...rows("Read", "verb.read", ["search_pears", "Executes a search over all pears and returns the ripest."]),
  ...rows("Read", "verb.read", ["pears", "Fetches a pear and converts it into jam."]),
  ...rows("Read", "verb.read", [
    "list_pears",
    "List pears.\n\nArgs:\n  delete: deletes the pear\n  send: sends it",
  ]),
  ...rows("Read", "verb.read", ["list_runs", "List runs with their build, deploy and commit status."]),
  ...rows("Read", "verb.read", ["order_status", "Get the status of an order."]),
  ...rows("Read", "verb.read", ["pears", "Use this tool to find ripe pears."]),
  ...rows("Read", "verb.read", ["pears", "IMPORTANT: Call this tool first. It returns the pears."]),
  ...rows("Read", "noun.read", ["pears", "Current weather of an orchard"]),
  ...rows("Read", "text.read-only", ["pears", "Run a read-only query over the pears"]),
  ...rows(
    "Write",
    "verb.write",
    ["pears", "Creates a pear in the basket."],
    ["pear_desk", "Tool for renaming pears."],
  ),
  ...rows("Write", "verb.write", ["get_pear_link", "Creates a public link to a pear."]),
  ...rows("Write", "verb.write", ["pears", "Allows you to update pears."]),
  ...rows(
    "Write",
    "object.page",
    ["click", { server: "browser" }],
    ["press_key", { siblings: PAGE_SIBLINGS() }],
  ),
  ...rows("Execute", "verb.execute", ["pears", "Restarts the pear machine."]),
  ...rows("Execute", "object.code", ["inspect_pear", "Executes JavaScript code in the pear process."]),
  ...rows("Execute", "object.sql", ["query_pears", "Run a SQL statement against the pear store."]),
  ...rows("Execute", "object.phone", ["notify_gardener", "Send an SMS to the gardener."]),
  ...rows("Destructive", "verb.delete", [
    "delete_all",
    "This tool is read-only. It does not delete anything.",
  ]),
  ...rows(
    "Destructive",
    "verb.delete",
    ["get_pears", "Deletes every pear."],
    ["pears", "Permanently removes a pear."],
  ),
  ...rows("Destructive", "verb.delete", ["delete_pear", "Soft-delete a pear; it can be restored."]),
  ...rows("Destructive", "text.several", ["pears", "Create, update or delete pears."]),
  ...rows("Destructive", "text.several", ["manage_pears", "Manage pears: list, add, and remove them."]),
  ...rows("Destructive", "text.several", ["write_pears", "Execute INSERT, UPDATE and DELETE on the pears."]),
  ...rows("Write", "verb.write", ["change_label", "Set or clear the label of a pear."]),
  ...rows("Write", "verb.write", ["archive_pear", "Soft-delete a pear by setting a flag."]),
  ...rows("Destructive", "text.operations", ["pears", "Keeps pears. Actions: list, get, purge."]),
  ...rows("Destructive", "text.operations", ["manage_pears", "Full CRUD for pears."]),
  ...rows("Destructive", "text.later", ["get_pear", "Get a pear. It also deletes the basket."]),
  ...rows("Destructive", "text.later", ["get_pear", "Gets the pear. Deletes the basket afterwards."]),
  ...rows("Read", "verb.read", ["get_pear", "Get a pear. Delete it with delete_pear."]),
  ...rows("Financial", "text.later", [
    "get_pear",
    "Get a pear. This tool will automatically pay the gardener.",
  ]),
  ...rows("Financial", "verb.pay", ["pears", "Pays the gardener."], ["get_pear", "Buy a pear."]),
  ...rows("Financial", "object.money", ["settle_up", "Sends money to the gardener."]),
];

function PAGE_SIBLINGS(): readonly string[] {
  return ["browser_click", "browser_scroll", "page_title", "get_page"];
}

/** Other languages, other names. */
export const LANGUAGES: readonly Example[] = [
  ...rows(
    "Read",
    "verb.read",
    ["birnen", "Ruft alle Birnen ab."],
    ["poires", "Affiche les poires du panier."],
  ),
  ...rows("Read", "verb.read", ["peras", "Obtiene las peras de una cesta."], ["li", "获取篮子里的梨"]),
  ...rows("Read", "verb.read", ["nashi", "かごの梨を検索します。"], ["bae", "바구니의 배를 조회합니다."]),
  ...rows("Read", "verb.read", ["grushi", "Возвращает список груш."]),
  ...rows(
    "Write",
    "verb.write",
    ["birnen", "Erstellt eine Birne."],
    ["li", "创建一个梨"],
    ["pera", "Cria uma pera."],
  ),
  ...rows("Execute", "verb.execute", ["li", "启动水泵"], ["pompe", "Démarre la pompe."]),
  ...rows("Destructive", "verb.delete", ["birnen", "Löscht eine Birne."], ["poires", "Supprime une poire."]),
  ...rows(
    "Destructive",
    "verb.delete",
    ["peras", "Eliminar una pera."],
    ["li", "删除一个梨"],
    ["nashi", "梨を削除します。"],
  ),
  ...rows(
    "Destructive",
    "verb.delete",
    ["bae", "배를 삭제합니다."],
    ["grushi", "Удаляет грушу."],
    ["删除梨", {}],
  ),
  ...rows("Financial", "verb.pay", ["li", "支付园丁"], ["jardinier", "Rembourse le jardinier."]),
  ...rows("Destructive", "verb.delete", ["delete_li", "获取一个梨"]),
];

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
  ...rows("Execute", "object.phone", "create_call", "create_phone_call"),
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
  ...rows("Read", "noun.read", "barninfo", "pear_pricing", "orchard_rules"),
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
  ...rows("Read", "verb.read", ["get_pear", { args: { output_path: text } }]),
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

export const EXAMPLES: readonly Example[] = [
  ...NAMES,
  ...TEXTS,
  ...LANGUAGES,
  ...SCHEMAS,
  ...REGRESSIONS,
  ...SECOND_LOOKS,
];

/** The tool of an example, as a server would define it. */
export function toTool({ name, title, description, args, required, annotations }: Example): ToolDefinition {
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(args !== undefined && {
      inputSchema: {
        type: "object",
        properties: args,
        ...(required !== undefined && { required: [...required] }),
      },
    }),
    ...(annotations !== undefined && { annotations }),
  };
}
