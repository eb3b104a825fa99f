import { createIsMovedPath } from "../moved-files.ts";
import type { Category, Modifier } from "../verdict.ts";
import { verbOf } from "./lexicon/verb-forms.ts";
import { wordSet } from "./lexicon/word-set.ts";
import { readName } from "./name.ts";
import type { Place } from "./place.ts";
import type { RuleId } from "./rules.ts";
import type { Argument } from "./schema.ts";
import { isGraver } from "./vote.ts";

/** What the arguments of a tool say for. */
export interface SchemaSign {
  readonly rule: RuleId;
  readonly says: Category | Modifier;
  readonly pointer: string;
  readonly text: string;
  /** Of operations: true when some of them only read. */
  readonly hasRead?: boolean;
}

/** What the arguments tell: about the category, and what makes it worse. */
export interface SchemaReading {
  readonly operations: SchemaSign | undefined;
  readonly runs: SchemaSign | undefined;
  readonly writes: SchemaSign | undefined;
  readonly modifiers: readonly SchemaSign[];
}

const OPERATION = wordSet(
  "action actions operation operations op method command subcommand verb mode act cmd",
);
/** `actions: [{ type: click | write }]`. */
const STEP = /^\/properties\/actions\/items(?:\/(?:anyOf|oneOf)\/\d)?\/properties\/(?:type|action)$/;
const ARITHMETIC = /^(?:subtract|multiply|divide|sum|avg|mean|min|max|sqrt)/i;
const HTTP = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$/;
/** Reads what the arguments say, at most two levels deep for what decides. */
export function readSchema(
  args: readonly Argument[],
  toolWords: readonly string[],
  place: Place,
): SchemaReading {
  const top = args.filter(({ depth }) => depth === 0);
  const among: Among = {
    // A sender and a payer have a source as well, and their destination is somebody.
    isFromSomewhere:
      args.some(({ words: [head] }) => ORIGIN.has(head ?? "")) && !toolWords.some((word) => SENDS.has(word)),
    isMovedPath: createIsMovedPath(
      toolWords,
      top.map(({ words: parts }) => parts),
    ),
  };
  return {
    operations: gravestOperation(args, place),
    runs: first(args, runsSomething),
    writes: writesSomething(top) ?? outputOf(args.filter(({ depth }) => depth === 1)),
    modifiers: args.flatMap((argument) => modifiersOf(argument, among)),
  };
}

function first(
  args: readonly Argument[],
  read: (argument: Argument) => SchemaSign | undefined,
): SchemaSign | undefined {
  for (const argument of args) {
    const sign = read(argument);
    if (sign !== undefined) return sign;
  }
  return undefined;
}

function gravestOperation(args: readonly Argument[], place: Place): SchemaSign | undefined {
  let gravest: SchemaSign | undefined;
  for (const argument of args) {
    const last = argument.words.at(-1) ?? "";
    const isNamed = OPERATION.has(last) && argument.depth <= 1;
    if (!isNamed && !STEP.test(argument.pointer)) continue;
    const sign = operationOf(argument, place);
    if (sign === undefined) continue;
    if (gravest === undefined || isGraver(sign.says as Category, gravest.says as Category)) gravest = sign;
  }
  return gravest;
}

function operationOf(argument: Argument, place: Place): SchemaSign | undefined {
  const values = argument.values.length > 0 ? argument.values : quotedValues(argument.description);
  if (values.length === 0 || values.some((value) => ARITHMETIC.test(value))) return undefined;
  const { pointer } = argument;
  const http = values.filter((value) => HTTP.test(value));
  if (http.length >= 2 && http.includes("POST"))
    return { rule: "schema.http-method", says: "Execute", pointer, text: http.join(", ") };
  let best: SchemaSign | undefined;
  let known = 0;
  let hasRead = false;
  for (const value of values) {
    const [action] = readName(value, place).named;
    if (action === undefined || (action.trust === "weak" && action.rule !== "noun.read")) continue;
    known++;
    hasRead ||= action.category === "Read";
    if (best === undefined || isGraver(action.category, best.says as Category))
      best = { rule: "schema.operations", says: action.category, pointer, text: value };
  }
  // `mode: fast | sort` is no list of operations.
  const isList =
    known * 2 >= values.length ||
    (best !== undefined && isGraver(best.says as Category, "Write") && known >= 1);
  return isList && best !== undefined ? { ...best, hasRead } : undefined;
}

/** `One of 'list', 'create', 'delete'`. */
function quotedValues(description: string): readonly string[] {
  const quoted = [...description.matchAll(/['"`]([a-z][a-z_-]{1,30})['"`]/g)].map(([, value = ""]) => value);
  if (quoted.length >= 2) return quoted;
  const listed = /(?:one of|either|:|\()\s*([a-z_]+(?:\s*(?:,|\||\/|\bor\b)\s*[a-z_]+)+)/i.exec(
    description,
  )?.[1];
  const values = listed?.split(/\s*(?:,|\||\/|\bor\b)\s*/).filter((value) => value !== "") ?? [];
  return values.every((value) => verbOf(value.toLowerCase()) !== undefined) ? values : [];
}

const COMMAND = wordSet("command cmd commands cmdline shell bash");
const CODE = wordSet(`
  code script javascript js python snippet program applescript expression function source lua ruby`);
const CODE_TEXT = /\b(?:execut|run\b|evaluat|eval\b)/i;
const SQL = /\bsql\b|\bcypher\b/i;

function isText({ types, values }: Argument): boolean {
  return values.length === 0 && (types.length === 0 || types.includes("string") || types.includes("array"));
}

function runsSomething(argument: Argument): SchemaSign | undefined {
  if (argument.depth > 1 || !isText(argument)) return undefined;
  const { pointer, name: text, words: parts, description } = argument;
  const last = parts.at(-1) ?? "";
  if (
    parts.some((part) => SQL.test(part)) ||
    (last === "query" && SQL.test(description)) ||
    (last === "statement" && SQL.test(description))
  )
    return { rule: "schema.sql", says: "Execute", pointer, text };
  if (COMMAND.has(last)) return { rule: "schema.command", says: "Execute", pointer, text };
  if (!CODE.has(last) || NO_CODE.has(parts.at(-2) ?? "")) return undefined;
  const isSure =
    last === "script" ||
    last === "javascript" ||
    last === "python" ||
    last === "code" ||
    CODE_TEXT.test(description);
  return isSure && !SHORT_CODE.test(description)
    ? { rule: "schema.code", says: "Execute", pointer, text }
    : undefined;
}
const NO_CODE = wordSet(`
  country language currency error status zip postal area source lang auth verification invite promo coupon
  airport region product discount category access authorization state response exit project iata icao
  color zip dialing`);
const SHORT_CODE =
  /\b(?:ISO|language code|country|currency|iata|postal|two-letter|2-letter|3-letter|error code|status code|OAuth|verification code|ticker)\b/i;

const WHAT = wordSet("content contents body text data markdown html payload");
const WHERE = wordSet("path file filepath filename destination");
/** Of switches: what they let the tool do besides. */
const BESIDES = wordSet("save write mark persist overwrite prune");
const SAFETY = wordSet("force confirm confirmation confirmed dryrun");

function writesSomething(args: readonly Argument[]): SchemaSign | undefined {
  const what = args.find(({ words: [only, more] }) => more === undefined && WHAT.has(only ?? ""));
  const where = args.find(({ words: parts }) => WHERE.has(parts.at(-1) ?? ""));
  if (what !== undefined && where !== undefined)
    return { rule: "schema.content", says: "Write", pointer: what.pointer, text: what.name };
  const output = outputOf(args);
  if (output !== undefined) return output;
  const besides = args.find(
    ({ words: parts, types }) => types.includes("boolean") && BESIDES.has(parts[0] ?? ""),
  );
  if (besides !== undefined)
    return { rule: "schema.switch", says: "Write", pointer: besides.pointer, text: besides.name };
  const safety = args.find(
    ({ words: parts, types }) =>
      (parts.join("") === "dryrun" || SAFETY.has(parts[0] ?? "")) &&
      (types.length === 0 || types.includes("boolean")),
  );
  return safety && { rule: "schema.safety", says: "Write", pointer: safety.pointer, text: safety.name };
}

const OUTPUT = wordSet("output out save destination dest download");
const OUTPUT_PLACE = wordSet("path file filepath filename dir directory folder");
const SAVED = /\b(?:to|where(?: to)?) (?:save|store|write|download)\b|\bsaved? to\b/i;

function outputOf(args: readonly Argument[]): SchemaSign | undefined {
  const output = args.find(isOutput);
  return output && { rule: "schema.output", says: "Write", pointer: output.pointer, text: output.name };
}

/** A place that the tool writes to: any path, or a file that must be named. A name that may be left out is the server's own. */
function isOutput({ words: parts, types, isRequired, description }: Argument): boolean {
  // `saveTo`, `output_to`.
  if (parts.length === 2 && parts[1] === "to" && OUTPUT.has(parts[0] ?? "")) return types.includes("string");
  if (!parts.some((part) => OUTPUT_PLACE.has(part)) || !(isRequired || isPath(parts))) return false;
  return parts.some((part) => OUTPUT.has(part)) || SAVED.test(description);
}

/** `output_path`, `saveDir`; not `filename`, which the server puts where it likes, and no `folder_id`. */
function isPath(parts: readonly string[]): boolean {
  const last = parts.at(-1) ?? "";
  return OUTPUT_PLACE.has(last) && last !== "filename";
}

const RECIPIENT = wordSet(`
  to recipient recipients cc bcc phone email emails attendees invitees destination receiver payee
  beneficiary`);
const SECRET = wordSet(`
  password passwd secret token apikey passphrase credential credentials mnemonic pin otp`);
const PATH = wordSet("path paths file filepath filename dir directory folder cwd workdir filenames files");
const URL_WORDS = wordSet("url urls uri uris link endpoint webhook href website");
const NO_SECRET = wordSet(`
  max page next prev previous continuation num cursor min total count limit sync output input prompt
  completion`);

const ORIGIN = wordSet("source src origin");
const SENDS = wordSet("send transfer pay email mail forward notify sms remit withdraw payout wire");
const AUTHOR = wordSet("author committer");
const AUTHORS = /\/properties\/(?:author|committer)\//i;

/** Who is reached: neither the place that something is moved to, nor whoever is named as its author. */
function isRecipient({ words: parts, pointer }: Argument, { isFromSomewhere }: Among): boolean {
  const [head = "", last = head] = [parts[0], parts.at(-1)];
  if (AUTHORS.test(pointer) || AUTHOR.has(head)) return false;
  return [head, last].some((end) => RECIPIENT.has(end) && !(isFromSomewhere && end === "destination"));
}

/** What the other arguments, and the name of the tool, say about one. */
interface Among {
  readonly isFromSomewhere: boolean;
  readonly isMovedPath: (words: readonly string[]) => boolean;
}

function modifiersOf(argument: Argument, among: Among): readonly SchemaSign[] {
  const { words: parts, pointer, name: text, types } = argument;
  const last = parts.at(-1) ?? "";
  const signs: SchemaSign[] = [];
  const isString = types.length === 0 || types.includes("string") || types.includes("array");
  if (!isString) return signs;
  const isKey =
    last === "key" &&
    (parts.at(-2) === "api" ||
      parts.at(-2) === "private" ||
      parts.at(-2) === "secret" ||
      parts.at(-2) === "access");
  if (isKey || (SECRET.has(last) && !NO_SECRET.has(parts.at(-2) ?? "")))
    signs.push({ rule: "modifier.secret", says: "secret-input", pointer, text });
  if (URL_WORDS.has(last)) signs.push({ rule: "modifier.url", says: "url-input", pointer, text });
  if ((PATH.has(last) && parts.join(" ") !== "json path") || among.isMovedPath(parts))
    signs.push({ rule: "modifier.path", says: "path-input", pointer, text });
  if (isRecipient(argument, among))
    signs.push({ rule: "modifier.recipient", says: "external-recipient", pointer, text });
  return signs;
}
