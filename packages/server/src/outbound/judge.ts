import { isIP } from "node:net";
import { err, ok, type Result } from "@portcullis/policy";
import ipaddr from "ipaddr.js";

/** One host and port, the host as `new URL` writes it (`127.0.0.1`, `[::1]`, `mcp.example`). */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What may be reached besides public `https`. */
export interface OutboundRules {
  /** Typed by the operator on the command line: may be private, loopback and `http`, for exactly this host and port. */
  readonly allow?: Endpoint | undefined;
}

/** A URL that may be connected to, once its addresses are judged too. */
export interface JudgedUrl {
  readonly url: URL;
  /** The name to resolve or the literal address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** True when `rules.allow` names it. */
  readonly isAllowed: boolean;
}

/** Ports of public URLs that nobody typed on the command line: the others are seldom MCP and often something else. */
const PUBLIC_PORTS: ReadonlySet<number> = new Set([443, 8443]);

/** Names under which clouds hand out credentials; an address check alone would leave it to a resolver. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "metadata.azure.internal",
  "instance-data",
  "instance-data.ec2.internal",
]);

/** AWS (3), ECS and EKS, Azure, Alibaba, Oracle, Google. Nothing opens these. */
const METADATA_ADDRESSES = [
  "169.254.169.254",
  "169.254.169.123",
  "169.254.169.253",
  "169.254.170.2",
  "169.254.170.23",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::253",
  "fd00:ec2::123",
  "fd00:ec2::23",
  "fd20:ce::254",
].map((text) => ipaddr.parse(text).toNormalizedString());
const METADATA: ReadonlySet<string> = new Set(METADATA_ADDRESSES);

/** Beyond what `ipaddr.js` calls unicast: IPv4-compatible, IETF protocol assignments, 6to4 relays. */
const DENIED_RANGES = ["::/96", "2001::/23", "192.88.99.0/24"].map((text) => ipaddr.parseCIDR(text));
/** RFC 4291 section 2.4: the only part of IPv6 that is routed between networks today. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");
/** What a private or loopback network is made of. Link-local is not in it: there the metadata services live. */
const PRIVATE_KINDS: ReadonlySet<string> = new Set(["loopback", "private", "uniqueLocal", "carrierGradeNat"]);

/**
 * Judges the text of a URL that somebody else chose: its normalised host, scheme, port and
 * user information. Literal addresses are judged here too, names when they are resolved. The error is a short
 * reason that ends in what to do.
 */
export function judgeUrl(text: string, rules: OutboundRules): Result<JudgedUrl, string> {
  const url = URL.parse(text);
  if (url === null) return err("the URL cannot be read; write it as `https://host/path`");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return err(`the scheme \`${url.protocol.slice(0, -1)}\` is not spoken; use \`https\``);
  }
  if (url.username !== "" || url.password !== "") {
    return err("a URL with a user name or password is refused; give credentials as headers of the server");
  }
  const endpoint = endpointOf(url);
  const isAllowed = rules.allow?.host === endpoint.host && rules.allow.port === endpoint.port;
  const host = endpoint.host.startsWith("[") ? endpoint.host.slice(1, -1) : endpoint.host;
  const problem = isIP(host) === 0 ? judgeName(host, isAllowed) : judgeAddress(host, isAllowed);
  if (problem !== undefined) return err(problem);
  const publicProblem = isAllowed ? undefined : judgePublic(url, endpoint.port);
  return publicProblem === undefined ? ok({ url, host, port: endpoint.port, isAllowed }) : err(publicProblem);
}

/** The endpoint of a URL as {@link OutboundRules} compares it. */
export function endpointOf(url: URL): Endpoint {
  const isDefault = url.port === "";
  return { host: url.hostname, port: isDefault ? defaultPort(url.protocol) : Number(url.port) };
}

/**
 * Why an address must not be connected to, or undefined. `isAllowed` opens private and
 * loopback ranges and nothing else.
 */
export function judgeAddress(text: string, isAllowed: boolean): string | undefined {
  if (isIP(text) === 0 || text.includes("%")) return "the address cannot be read";
  // `ipaddr.js` takes `::1.2.3.4` (IPv4-compatible, in `::/96`) for the mapped `::ffff:1.2.3.4`.
  if (/^::\d+\./.test(text)) return "the address is not public (reserved) and is never reached";
  // A mapped address reaches the IPv4 host inside it.
  const address = ipaddr.process(text);
  if (METADATA.has(address.toNormalizedString())) return "cloud metadata addresses are never reached";
  const kind = address.range();
  if (PRIVATE_KINDS.has(kind)) {
    if (isAllowed) return undefined;
    return `the address is not public (${kind}); an operator can add the server on the command line`;
  }
  const isPublic = kind === "unicast" && !DENIED_RANGES.some((range) => isWithin(address, range));
  if (isPublic && (address.kind() === "ipv4" || isWithin(address, GLOBAL_IPV6))) return undefined;
  return `the address is not public (${kind === "unicast" ? "reserved" : kind}) and is never reached`;
}

function judgeName(host: string, isAllowed: boolean): string | undefined {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  if (METADATA_NAMES.has(name)) return "cloud metadata names are never reached";
  if (isAllowed) return undefined;
  // A trailing dot gets around comparisons of names, here and in caches and certificates.
  if (host.endsWith(".")) return "a host name with a dot at its end is refused; leave the dot out";
  if (name === "localhost" || name.endsWith(".localhost")) {
    return "`localhost` is refused; an operator can add the server on the command line";
  }
  return undefined;
}

function judgePublic(url: URL, port: number): string | undefined {
  if (url.protocol === "http:") return "`http` is refused here; use `https`";
  return PUBLIC_PORTS.has(port) ? undefined : `port ${port} is refused here; use 443 or 8443`;
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, range: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}

function defaultPort(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
}
