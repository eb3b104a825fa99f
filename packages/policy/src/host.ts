import { err, ok, type Result } from "./result.ts";

/** One item of a `host_in` list, in the WHATWG form that arguments are brought to as well. */
export interface HostEntry {
  readonly host: string;
  /** True for `*.host`: any host below, not the host itself. */
  readonly below: boolean;
}

/** Reads a `host_in` item: a host, or `*.` and a domain. The error is a sentence for the author. */
export function parseHostEntry(text: string): Result<HostEntry, string> {
  const below = text.startsWith("*.");
  const name = below ? text.slice(2) : text;
  const bracketed = /^\[[^[\]]*\]$/.test(name);
  if (!bracketed && name.includes(":")) return err(`host \`${text}\` must have no scheme and no port`);
  if (FORBIDDEN_IN_HOST.test(name)) {
    return err(`host \`${text}\` must be a bare host such as \`example.com\` or \`*.example.com\``);
  }
  const host = canonicalHost(`http://${name}/`);
  // A percent-encoded star would come out of canonicalisation as one.
  if (host === undefined || host.includes("*")) return err(`host \`${text}\` is not a valid host`);
  if (below && IP_ADDRESS.test(host))
    return err(`host \`${text}\` has nothing below it; list the address itself`);
  return ok({ host, below });
}

/**
 * The host of an argument, canonical, or undefined when the argument is not plainly a web address
 * (section 4, `host_in`): what another parser could read differently is unknown, not a host.
 */
export function hostOf(argument: string): string | undefined {
  if (!WEB_ADDRESS.test(argument) || FORBIDDEN_IN_ADDRESS.test(argument)) return undefined;
  return canonicalHost(argument);
}

/** True when a canonical host, as {@link hostOf} returns it, is the entry's host or lies below it. */
export function hostMatches(entry: HostEntry, host: string): boolean {
  return entry.below
    ? host.endsWith(`.${entry.host}`) && host.length > entry.host.length + 1
    : host === entry.host;
}

// Scheme, then at once a host: WHATWG would skip further slashes and read `http:///evil` as host `evil`.
// An `@` before the next `/`, `?`, `#` means credentials, where parsers disagree about the host.
const WEB_ADDRESS = /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i;
const FORBIDDEN_IN_ADDRESS = /[\\\s\p{Cc}]/u;
const FORBIDDEN_IN_HOST = /[\\\s\p{Cc}/?#@*]/u;
const IP_ADDRESS = /^\[|(?:^|\.)\d+$/;

function canonicalHost(url: string): string | undefined {
  try {
    const host = new URL(url).hostname.replace(/\.$/, "");
    return host === "" ? undefined : host;
  } catch {
    return undefined;
  }
}
