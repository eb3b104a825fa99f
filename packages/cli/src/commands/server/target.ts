import { err, ok, type Result } from "@portcullis/policy";
import type { Io } from "../../io.ts";

/** Where a server is, as the operator typed it. */
export type GivenTarget =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly headers: readonly HeaderPair[];
      /** Undefined: found out. */
      readonly transport: "http" | "sse" | undefined;
    }
  | { readonly kind: "stdio"; readonly command: readonly string[] };

/** Name and value. */
export type HeaderPair = readonly [string, string];

/** What was typed of a target. */
export interface TypedTarget {
  readonly url: string | undefined;
  readonly headers: readonly string[];
  readonly transport: string | undefined;
  readonly command: readonly string[];
}

/** Exactly one of `--url` and a command; headers and a transport belong to a URL. */
export function parseTarget(
  { url, headers, transport, command }: TypedTarget,
  env: Io["env"],
): Result<GivenTarget, string> {
  if ((url === undefined) === (command.length === 0)) {
    return err("name either `--url URL` or a command after `--`, as in `-- npx -y some-server`");
  }
  if (url === undefined) {
    if (headers.length > 0)
      return err("`--header` belongs to `--url`; a command takes its settings from its arguments");
    if (transport !== undefined) return err("`--transport` belongs to `--url`; a command speaks stdio");
    return command.some((word) => word.includes("\0"))
      ? err("the command holds a NUL character")
      : ok({ kind: "stdio", command });
  }
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
  return ok({ kind: "http", url: parsedUrl.value, headers: parsed, transport: set });
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
