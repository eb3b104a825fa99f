import { statSync } from "node:fs";
import { err, ok, type Result } from "@portcullis/policy";
import type { NewServer } from "@portcullis/server";
import { hideUrl, hideWords } from "../../clients/hide-secrets.ts";
import type { Context } from "../../context.ts";
import { resolvePath } from "../../data-folder.ts";
import type { Io } from "../../io.ts";
import { parseVariables } from "./environment-variable.ts";

/** Name and value. */
export type HeaderPair = readonly [string, string];

/** The words of a command line that say where a server is. */
export interface TargetWords {
  readonly url: string | undefined;
  readonly headers: readonly string[];
  readonly transport: string | undefined;
  readonly command: readonly string[];
  readonly variables: readonly string[];
  readonly folder: string | undefined;
  /** Words of the command, from 0, and whether it is the URL, into which a variable was filled. */
  readonly fromEnvironment?: { readonly words: ReadonlySet<number>; readonly url: boolean };
}

export function targetWords({ options, args }: Context): TargetWords {
  return {
    url: options.text("url"),
    headers: options.list("header"),
    transport: options.text("transport"),
    command: args,
    variables: options.list("env"),
    folder: options.text("cwd"),
  };
}

/** Exactly one of `--url` and a command; headers and a transport belong to a URL, variables and a folder to a command. */
export function parseTarget(words: TargetWords, io: Io): Result<NewServer["target"], string> {
  const { url, headers, transport, command, variables, folder } = words;
  if ((url === undefined) === (command.length === 0)) {
    return err("name either `--url URL` or a command after `--`, as in `-- npx -y some-server`");
  }
  if (url === undefined) {
    if (headers.length > 0)
      return err(
        "`--header` belongs to `--url`; a command takes its settings from `--env` and its arguments",
      );
    if (transport !== undefined) return err("`--transport` belongs to `--url`; a command speaks stdio");
    return parseProcess(words, io);
  }
  if (variables.length > 0 || folder !== undefined)
    return err("`--env` and `--cwd` belong to a command; a URL takes `--header`");
  return parseHttp(url, words, io.env);
}

function parseProcess(
  { command, variables, folder, fromEnvironment }: TargetWords,
  io: Io,
): Result<NewServer["target"], string> {
  if (command.some((word) => word.includes("\0"))) return err("the command holds a NUL character");
  const environment = parseVariables(variables, io.env);
  if (!environment.ok) return environment;
  const workingDirectory = folder === undefined ? undefined : resolvePath(io, folder);
  if (workingDirectory !== undefined && !isFolder(workingDirectory))
    return err(`\`--cwd ${folder}\`: there is no folder \`${workingDirectory}\``);
  const hidden = hideWords(command, fromEnvironment?.words);
  const place = { kind: "stdio", command, ...(hidden === undefined ? {} : { hidden }) } as const;
  return ok({ ...place, environment: environment.value, workingDirectory });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function parseHttp(
  url: string,
  { headers, transport, fromEnvironment }: TargetWords,
  env: Io["env"],
): Result<NewServer["target"], string> {
  const parsedUrl = parseEndpoint(url);
  if (!parsedUrl.ok) return parsedUrl;
  const parsed: HeaderPair[] = [];
  for (const header of headers) {
    const result = parseHeader(header, env);
    if (!result.ok) return result;
    const [name] = result.value;
    if (parsed.some(([other]) => other.toLowerCase() === name.toLowerCase())) {
      return err(`\`--header\` names \`${name}\` twice`);
    }
    parsed.push(result.value);
  }
  const set = transport === "http" || transport === "sse" ? transport : undefined;
  const hidden = hideUrl(parsedUrl.value, fromEnvironment?.url);
  const place = { kind: "http", url: parsedUrl.value, ...(hidden === undefined ? {} : { hidden }) } as const;
  return ok({ ...place, headers: parsed, transport: set });
}

/** True when a header's value itself was typed, so that it is in the shell's history. */
export function isTypedSecret(header: string): boolean {
  return !/^[^:]+:\s*env:/.test(header);
}

function parseEndpoint(text: string): Result<string, string> {
  if (!URL.canParse(text)) return err(`\`--url ${text}\` is not a URL`);
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return err(`\`--url\` must be http or https, not \`${url.protocol}\``);
  // A password in a URL ends up in logs and lists; a header is sealed.
  if (url.username !== "" || url.password !== "")
    return err("`--url` must not hold a user or password: use `--header`");
  if (url.hash !== "") return err("`--url` must not hold a fragment (`#…`)");
  return ok(url.href);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII, spaces and tabs, and bytes above ASCII (RFC 9110, 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What the gateway writes itself on every request. */
const RESERVED =
  /^(host|connection|content-length|content-type|content-encoding|accept|accept-encoding|transfer-encoding|te|trailer|upgrade|keep-alive|expect|last-event-id|traceparent|mcp-.*|proxy-.*)$/i;

function parseHeader(text: string, env: Io["env"]): Result<HeaderPair, string> {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0)).trim();
  if (colon < 1 || !TOKEN.test(name))
    return err('`--header` must look like `"Name: value"` or `"Name: env:VARIABLE"`');
  if (RESERVED.test(name)) return err(`\`--header\` cannot set \`${name}\`: the gateway writes it itself`);
  const given = text.slice(colon + 1).trim();
  const variable = /^env:(.+)$/.exec(given)?.[1];
  const value = variable === undefined ? given : env[variable];
  if (value === undefined || value === "") {
    return err(
      variable === undefined
        ? `\`--header ${name}\` has no value`
        : `\`--header ${name}\`: the variable \`${variable}\` is not set`,
    );
  }
  return FIELD_VALUE.test(value)
    ? ok([name, value])
    : err(`the value of \`--header ${name}\` holds a character that headers cannot carry`);
}
