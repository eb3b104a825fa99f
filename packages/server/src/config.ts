import { isIP } from "node:net";
import { err, ok, type Result } from "@portcullis/policy";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  environmentNameOf,
  flagNameOf,
  SETTINGS,
} from "./config-settings.ts";

export type { Config, LogLevel } from "./config-settings.ts";

/** Where each value came from: `--port`, `PORTCULLIS_PORT`, `config.json` or `default`. */
export type ConfigOrigins = { readonly [K in ConfigKey]: string };

export interface ResolvedConfig {
  readonly config: Config;
  readonly origins: ConfigOrigins;
  /** Legal but unwise settings, one line each. */
  readonly warnings: readonly string[];
}

export interface ConfigSources {
  /** What the command line was given, as text or already read; keys of {@link Config}. */
  readonly flags: { readonly [K in ConfigKey]?: unknown };
  readonly env: { readonly [name: string]: string | undefined };
  readonly dataDir: string;
}

/**
 * Flags, then `PORTCULLIS_*`, then the config file of the data folder, then defaults. Unknown keys, values out of
 * range and insecure combinations are errors, one line each, that say what to do.
 */
export async function resolveConfig(
  sources: ConfigSources,
): Promise<Result<ResolvedConfig, readonly string[]>> {
  const file = await readConfigFile(sources.dataDir);
  if (!file.ok) return err([file.error]);
  const errors = [...unknownKeys(file.value), ...unknownVariables(sources.env)];
  const { config, origins } = readSettings(sources, file.value, errors);
  if (errors.length === 0) errors.push(...insecurities(config));
  return errors.length > 0 ? err(errors) : ok({ config, origins, warnings: warningsOf(config) });
}

/** The URL that clients are told, when the gateway listens on `port`. No slash at the end. */
export function publicUrlOf(config: Config, port: number): string {
  const named = config.allowedHosts[0];
  if (config.publicUrl !== undefined) return config.publicUrl;
  if (isWildcard(config.host)) return `http://${named ?? `127.0.0.1:${port}`}`;
  return `http://${hostWithPort(config.host, port)}`;
}

/** The exact `Host` values that are served, lower case. */
export function hostAllowList(config: Config, port: number): ReadonlySet<string> {
  const named = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).host];
  return new Set([...ownHosts(config, port), ...named, ...config.allowedHosts]);
}

/** The exact `Origin` values that are served: our own pages and what the operator listed. */
export function originAllowList(config: Config, port: number): ReadonlySet<string> {
  const own = ownHosts(config, port).map((host) => `http://${host}`);
  const named = config.publicUrl === undefined ? [] : [config.publicUrl];
  return new Set([...own, ...named, ...config.allowedOrigins]);
}

/** True when only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** True when `/catalogue` is served: behind a proxy a loopback address is reachable, too. */
export function servesCatalogue(config: Config): boolean {
  if (config.catalogue !== "loopback") return config.catalogue === "on";
  const named = [
    ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).host]),
    ...config.allowedHosts,
  ];
  return isLoopback(config.host) && named.every((host) => isLoopback(nameIn(host)));
}

/** `[::1]:7411` → `::1`. */
function nameIn(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

/** The addresses we listen on: unlike a name, an address cannot be rebound by a stranger's DNS. */
function ownHosts(config: Config, port: number): readonly string[] {
  const everywhere = isLoopback(config.host) || isWildcard(config.host);
  const hosts = everywhere ? ["127.0.0.1", "localhost", "::1"] : [config.host.toLowerCase()];
  // Clients leave the default port of http out of `Host`.
  return hosts.flatMap((host) =>
    port === 80 ? [hostName(host), hostWithPort(host, port)] : [hostWithPort(host, port)],
  );
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function hostWithPort(host: string, port: number): string {
  return `${hostName(host)}:${port}`;
}

function hostName(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function readSettings(
  sources: ConfigSources,
  file: ConfigFile,
  errors: string[],
): { readonly config: Config; readonly origins: ConfigOrigins } {
  const origins = new Map<ConfigKey, string>();
  const read = <K extends ConfigKey>(key: K): Config[K] => {
    const given = findGiven(key, sources, file);
    origins.set(key, given?.origin ?? "default");
    if (given === undefined) return SETTINGS[key].byDefault;
    const parsed = SETTINGS[key].parse(given.value);
    if (parsed.ok) return parsed.value;
    errors.push(`\`${key}\` (from ${given.origin}) must be ${parsed.error}, not ${shown(given.value)}`);
    return SETTINGS[key].byDefault;
  };
  const port = read("port");
  const config: Config = {
    host: read("host"),
    port,
    // With any port for the gateway, a fixed one beside it would make a second gateway on this machine fail.
    adminPort: findGiven("adminPort", sources, file) === undefined && port === 0 ? 0 : read("adminPort"),
    publicUrl: read("publicUrl"),
    allowedHosts: read("allowedHosts"),
    allowedOrigins: read("allowedOrigins"),
    maxBodyBytes: read("maxBodyBytes"),
    deadlineMs: read("deadlineMs"),
    auditRetentionDays: read("auditRetentionDays"),
    durable: read("durable"),
    demo: read("demo"),
    logLevel: read("logLevel"),
    catalogue: read("catalogue"),
  };
  return { config, origins: toOrigins(origins) };
}

function toOrigins(origins: ReadonlyMap<ConfigKey, string>): ConfigOrigins {
  const of = (key: ConfigKey): string => origins.get(key) ?? "default";
  return {
    host: of("host"),
    port: of("port"),
    adminPort: of("adminPort"),
    publicUrl: of("publicUrl"),
    allowedHosts: of("allowedHosts"),
    allowedOrigins: of("allowedOrigins"),
    maxBodyBytes: of("maxBodyBytes"),
    deadlineMs: of("deadlineMs"),
    auditRetentionDays: of("auditRetentionDays"),
    durable: of("durable"),
    demo: of("demo"),
    logLevel: of("logLevel"),
    catalogue: of("catalogue"),
  };
}

interface Given {
  readonly value: unknown;
  readonly origin: string;
}

function findGiven(key: ConfigKey, sources: ConfigSources, file: ConfigFile): Given | undefined {
  const flag = sources.flags[key];
  if (flag !== undefined) return { value: flag, origin: flagNameOf(key) };
  const name = environmentNameOf(key);
  const variable = sources.env[name];
  if (variable !== undefined && variable !== "") return { value: variable, origin: name };
  if (file.values.has(key)) return { value: file.values.get(key), origin: file.name };
  return undefined;
}

function unknownKeys(file: ConfigFile): readonly string[] {
  const known: ReadonlySet<string> = new Set(CONFIG_KEYS);
  return [...file.values.keys()]
    .filter((key) => !known.has(key))
    .map((key) => `unknown key ${shown(key)} in ${file.name}; known: ${CONFIG_KEYS.join(", ")}`);
}

/** Variables that other parts of the product read, and those that Kubernetes sets for a service named `portcullis`. */
const FOREIGN_VARIABLE = /^PORTCULLIS_(DATA|KEY|SEED|AGREEMENT_.*|TEST_.*|SERVICE_.*|PORT_\d+_.*)$/;

function unknownVariables(env: ConfigSources["env"]): readonly string[] {
  const known = new Set(CONFIG_KEYS.map(environmentNameOf));
  return Object.keys(env)
    .filter((name) => name.startsWith("PORTCULLIS_") && !known.has(name) && !FOREIGN_VARIABLE.test(name))
    .map((name) => `unknown variable ${shown(name)}; known: PORTCULLIS_DATA, ${[...known].join(", ")}`);
}

function insecurities(config: Config): readonly string[] {
  const errors: string[] = [];
  const isReachable = !isLoopback(config.host);
  if (isReachable && config.publicUrl === undefined && config.allowedHosts.length === 0) {
    errors.push(
      `\`--host ${config.host}\` is reachable from other machines: name the URL that clients use with \`--public-url https://…\` (or the names served with \`--allowed-host\`), so that no other host name is answered`,
    );
  }
  if (config.port !== 0 && config.port === config.adminPort) {
    errors.push(`\`port\` and \`adminPort\` are both ${config.port}: give one of them another port`);
  }
  return errors;
}

function warningsOf(config: Config): readonly string[] {
  if (config.publicUrl === undefined || config.publicUrl.startsWith("https:")) return [];
  if (isLoopback(new URL(config.publicUrl).hostname)) return [];
  return [`\`publicUrl\` ${config.publicUrl} is not https: tokens travel readable for everyone on the way`];
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return `\`${short.replace(/\p{C}/gu, "?")}\``;
}
