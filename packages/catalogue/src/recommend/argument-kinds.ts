import { createIsMovedPath } from "../moved-files.ts";
import type { ToolDefinition } from "../tool.ts";
import { type Argument, argumentsOf } from "./argument.ts";
import { wordsOf } from "./tool-words.ts";

/** What an argument names, as far as a rule can be written for it. */
export type ArgumentKind = "path" | "url" | "sql" | "recipient" | "amount" | "command";

export interface KnownArgument {
  readonly argument: Argument;
  readonly kind: ArgumentKind;
}

/** The arguments of a tool of which it is plain what they are, by type, name and description. */
export function knownArguments(tool: ToolDefinition): readonly KnownArgument[] {
  const toolWords = wordsOf(tool.name);
  const toolText = `${toolWords.join(" ")} ${tool.description?.slice(0, MAX_TOOL_TEXT) ?? ""}`;
  const args = argumentsOf(tool);
  const isMovedPath = createIsMovedPath(
    toolWords,
    args.map(({ words: name }) => name),
  );
  return args.flatMap((argument) => {
    const kind = kindOf(argument, toolText, isMovedPath(argument.words));
    return kind === undefined ? [] : [{ argument, kind }];
  });
}

const MAX_TOOL_TEXT = 2000;

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const FILES = words("path paths filepath filepaths filename filenames");
const FOLDERS = words("directory directories dir dirs folder folders cwd workdir");
const FILE_TEXT = /\b(?:files?|folders?|director(?:y|ies)|disks?|file ?systems?)\b/i;
/** What a path begins with that is one of a disk, though no text says so: `app_path`, `repoPath`. */
const LOCAL = words("app local repo workspace working script input output save source destination target");
/** A path of something else, or no path at all. */
const OTHER_PATH_TEXT = /base64|json ?path|xpath|\burl\b/i;

/** Addresses that are no web address, or need not be one. */
const OTHER_URLS = words(
  "repo repository git clone remote origin database db connection conn jdbc redis mongo amqp broker ws websocket socket proxy data image img photo picture audio video media avatar icon logo file blob s3 relative partial base path redirect callback referer referrer policy privacy terms profile",
);
/** What a description says where the argument may be something else than one web address. */
const OTHER_URL_TEXT =
  /\bor\b|\bpath\b|pattern|glob|regex|relative|base64|data:|file:|s3:|git@|without (?:the )?(?:scheme|protocol|https?)|domain/i;

const RECIPIENTS = words("to cc bcc recipient recipients addressee addressees invitees attendees");
const MAIL_WORDS = words("email emails mail address addresses");
const AMOUNTS = words("amount total sum");
const COMMANDS = words("command commands cmd script");
/** Languages that look like SQL in a description and are not. */
const OTHER_QUERY_TEXT = /natural[- ]language|\bquestion\b|promql|logql|graphql|sparql|\b(?:kql|jql|soql)\b/i;

function kindOf(argument: Argument, toolText: string, isMovedPath: boolean): ArgumentKind | undefined {
  const { kind, values, words: name } = argument;
  // What the schema lists already needs no other rule.
  if (kind === undefined || values !== undefined) return undefined;
  if (kind === "number") return AMOUNTS.has(name.at(-1) ?? "") ? "amount" : undefined;
  if (isMovedPath || isPath(argument, toolText)) return "path";
  if (isUrl(argument)) return "url";
  if (isRecipient(argument, toolText)) return "recipient";
  if (kind === "texts") return undefined;
  if (isSql(argument, toolText)) return "sql";
  return name.length === 1 && COMMANDS.has(name[0] ?? "") ? "command" : undefined;
}

function isPath({ words: name, description, format }: Argument, toolText: string): boolean {
  const last = name.at(-1) ?? "";
  const isFolder = FOLDERS.has(last);
  const isFile = FILES.has(last) || (last === "file" && /\bpath\b/i.test(description));
  if ((!isFolder && !isFile) || format === "uri" || OTHER_PATH_TEXT.test(description)) return false;
  if (isFolder || name.includes("file") || (name.length === 2 && LOCAL.has(name[0] ?? ""))) return true;
  return FILE_TEXT.test(`${description} ${toolText}`);
}

function isUrl({ words: name, description, format }: Argument): boolean {
  const last = name.at(-1) ?? "";
  if (last !== "url" && last !== "urls") return false;
  if (name.some((word) => OTHER_URLS.has(word)) || OTHER_URL_TEXT.test(description)) return false;
  return format === undefined || format === "uri" || format === "url";
}

/** Only of e-mail: a branch to compare to and a wallet are called `to` as well. */
function isRecipient({ words: name, description, format }: Argument, toolText: string): boolean {
  const [first = "", ...rest] = name;
  if (!RECIPIENTS.has(first) || !rest.every((word) => MAIL_WORDS.has(word))) return false;
  return format === "email" || /e-?mail/i.test(`${description} ${name.join(" ")} ${toolText}`);
}

function isSql({ words: name, description }: Argument, toolText: string): boolean {
  if (OTHER_QUERY_TEXT.test(`${description} ${toolText}`)) return false;
  if (name.includes("sql")) return true;
  const isQuery = name.length === 1 && (name[0] === "query" || name[0] === "statement");
  if (!isQuery) return false;
  return description === "" ? /\bsql\b/i.test(toolText) : /\bsql\b|\bselect\b/i.test(description);
}
