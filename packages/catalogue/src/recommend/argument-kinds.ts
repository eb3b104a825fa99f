import type { Argument } from "./argument.ts";

/** What an argument names, as far as a rule can be written for it. */
export type ArgumentKind = "path" | "url" | "sql" | "recipient" | "amount" | "command";

const PATH_WORDS = new Set(["path", "paths", "filepath", "filepaths", "filename", "filenames"]);
const FOLDER_WORDS = new Set([
  "directory",
  "directories",
  "dir",
  "dirs",
  "folder",
  "folders",
  "cwd",
  "workdir",
]);
const FILE_TEXT = /\b(?:files?|folders?|director(?:y|ies)|disks?|file ?systems?)\b/i;
const RECIPIENTS = new Set(["to", "cc", "bcc", "recipient", "recipients", "addressee", "addressees"]);
const RECIPIENT_MAIL =
  /^(?:to|cc|bcc|recipient|recipients|invitee|attendee) (?:emails?|address(?:es)?|list)$/;
const AMOUNTS = new Set(["amount", "amounts", "total", "price", "sum"]);
const COMMANDS = new Set(["command", "commands", "cmd", "shell", "script"]);

/** Addresses that are no web address, or need not be one. */
const OTHER_URLS = new Set([
  ..."repo repository git clone remote origin database db connection conn jdbc redis mongo amqp broker".split(
    " ",
  ),
  ..."ws websocket socket proxy data image img photo picture audio video media avatar icon logo file blob".split(
    " ",
  ),
  ..."relative partial base path".split(" "),
]);
/** What a description says where the argument may be something else than a web address. */
const OTHER_URL_TEXT =
  /\bor\b|\bpath\b|relative|base64|data:|file:|git@|without (?:the )?(?:scheme|protocol|https?)|domain/i;

/** What the argument is, by its type, its name and its description. Undefined where that is not plain. */
export function argumentKind(argument: Argument, toolText: string): ArgumentKind | undefined {
  const { kind, values } = argument;
  // What the schema lists already needs no other rule.
  if (kind === undefined || values !== undefined) return undefined;
  if (kind === "number") return AMOUNTS.has(argument.words.at(-1) ?? "") ? "amount" : undefined;
  if (isPath(argument, toolText)) return "path";
  if (isUrl(argument)) return "url";
  if (isRecipient(argument)) return "recipient";
  if (kind === "texts") return undefined;
  if (isSql(argument, toolText)) return "sql";
  return argument.words.length === 1 && COMMANDS.has(argument.name.toLowerCase()) ? "command" : undefined;
}

function isPath({ words, description, format }: Argument, toolText: string): boolean {
  const last = words.at(-1) ?? "";
  const isFolder = FOLDER_WORDS.has(last);
  const isFile = PATH_WORDS.has(last) || (last === "file" && /\bpath\b/i.test(description));
  if (!isFolder && !isFile) return false;
  if (format === "uri" || /base64|json ?path|xpath|url/i.test(description)) return false;
  return isFolder || words.includes("file") || FILE_TEXT.test(`${description} ${toolText}`);
}

function isUrl({ words, description, format }: Argument): boolean {
  const last = words.at(-1) ?? "";
  if (last !== "url" && last !== "urls") return false;
  if (words.some((word) => OTHER_URLS.has(word)) || OTHER_URL_TEXT.test(description)) return false;
  return format === undefined || format === "uri" || format === "url";
}

function isRecipient({ words }: Argument): boolean {
  return (words.length === 1 && RECIPIENTS.has(words[0] ?? "")) || RECIPIENT_MAIL.test(words.join(" "));
}

function isSql({ words, description }: Argument, toolText: string): boolean {
  if (words.includes("sql")) return true;
  const isQuery = words.length === 1 && (words[0] === "query" || words[0] === "statement");
  return isQuery && (/\bsql\b|\bselect\b/i.test(description) || /\bsql\b/i.test(toolText));
}
