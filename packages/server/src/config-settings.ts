import { isIP } from "node:net";
import { err, ok, type Result } from "@portcullis/policy";

/** Everything an operator can set. Every default is in config-settings.ts. */
export interface Config {
  /** Address that the gateway listens on. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** Port of `/healthz`, `/readyz` and `/metrics`, always on loopback; 0 means any. */
  readonly adminPort: number;
  /** Origin under which clients reach the gateway, without a path; undefined: the address it listens on. */
  readonly publicUrl: string | undefined;
  /** Further `Host` values that are served, `name` or `name:port`, lower case. */
  readonly allowedHosts: readonly string[];
  /** Further browser origins that may call. */
  readonly allowedOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** How long one upstream call may take unless the server has its own deadline. */
  readonly deadlineMs: number;
  readonly auditRetentionDays: number;
  /** True: every commit reaches the disk (SQLite `synchronous=FULL`), so that a power cut loses nothing. */
  readonly durable: boolean;
  /** True: the first start on an empty data folder registers the demo server. */
  readonly demo: boolean;
  readonly logLevel: LogLevel;
  /** Whether `/catalogue` is served: `loopback` only where nobody but this machine reaches the gateway. */
  readonly catalogue: CatalogueMode;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export type CatalogueMode = (typeof CATALOGUE_MODES)[number];
export const CATALOGUE_MODES = ["loopback", "on", "off"] as const;

/** Every key of the configuration. */
export type ConfigKey = keyof Config;

/** How one value is read, whether it comes as text (flag, variable) or as JSON (file). */
export interface Setting<T> {
  readonly byDefault: T;
  /** On failure what the value must be, to follow "must be". */
  parse(value: unknown): Result<T, string>;
}

/** One hour: longer calls belong into tasks. */
const MAX_DEADLINE_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Above this a message costs more memory than a gateway for many agents can give one of them. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The one place of every default. */
export const SETTINGS: { readonly [K in ConfigKey]: Setting<Config[K]> } = {
  host: setting("127.0.0.1", text(isHost), "an IP address or a host name"),
  port: setting(7411, wholeNumber(0, 65_535), "a whole number from 0 to 65535"),
  adminPort: setting(7412, wholeNumber(0, 65_535), "a whole number from 0 to 65535"),
  publicUrl: setting<string | undefined>(
    undefined,
    text(isOrigin, toOrigin),
    "a URL like `https://gateway.example.com` without path, user or query",
  ),
  allowedHosts: setting<readonly string[]>(
    [],
    list(text(isHostValue, toLowerCase)),
    "host names like `gateway.example.com` or `gateway.example.com:8443`, without `*`",
  ),
  allowedOrigins: setting<readonly string[]>(
    [],
    list(text(isOrigin, toOrigin)),
    "origins like `https://app.example.com`, without `*`",
  ),
  maxBodyBytes: setting(
    4 * 1024 * 1024,
    wholeNumber(1024, MAX_BODY_BYTES),
    "a whole number of bytes from 1024 to 67108864",
  ),
  deadlineMs: setting(
    55_000,
    duration(1000, MAX_DEADLINE_MS),
    "a time from `1s` to `1h` (a plain number is in milliseconds)",
  ),
  auditRetentionDays: setting(90, wholeNumber(1, 36_500), "a whole number of days from 1 to 36500"),
  durable: setting(false, flag(), "true or false"),
  demo: setting(true, flag(), "true or false"),
  logLevel: setting("info", oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(", ")}`),
  catalogue: setting("loopback", oneOf(CATALOGUE_MODES), `one of ${CATALOGUE_MODES.join(", ")}`),
};

export const CONFIG_KEYS: readonly ConfigKey[] = [
  "host",
  "port",
  "adminPort",
  "publicUrl",
  "allowedHosts",
  "allowedOrigins",
  "maxBodyBytes",
  "deadlineMs",
  "auditRetentionDays",
  "durable",
  "demo",
  "logLevel",
  "catalogue",
];

/** `maxBodyBytes` → `PORTCULLIS_MAX_BODY_BYTES`. */
export function environmentNameOf(key: ConfigKey): string {
  return `PORTCULLIS_${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** `publicUrl` → `--public-url`; lists are given one value at a time: `--allowed-host`. */
export function flagNameOf(key: ConfigKey): string {
  if (key === "demo") return "--no-demo";
  if (key === "deadlineMs") return "--deadline";
  const single = key === "allowedHosts" || key === "allowedOrigins";
  return `--${(single ? key.slice(0, -1) : key).replace(/[A-Z]/g, "-$&").toLowerCase()}`;
}

/** Milliseconds of `90s`, `15m`, `36h`, `90d` or a plain number of milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text);
  if (match === null) return undefined;
  const unitsMs: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };
  return Number(match[1]) * (unitsMs[match[2] ?? "ms"] ?? 1);
}

/** Gives the value that is meant, or undefined for one that is refused. */
type Read<T> = (value: unknown) => T | undefined;

function setting<T>(byDefault: T, read: Read<T>, expected: string): Setting<T> {
  return {
    byDefault,
    parse(value) {
      const meant = read(value);
      return meant === undefined ? err(expected) : ok(meant);
    },
  };
}

function text(isValid: (text: string) => boolean, normalise = (text: string) => text): Read<string> {
  return (value) => (typeof value === "string" && isValid(value) ? normalise(value) : undefined);
}

function oneOf<T extends string>(words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value);
}

function wholeNumber(min: number, max: number): Read<number> {
  return (value) => inRange(typeof value === "string" ? fromDigits(value) : value, min, max);
}

function duration(minMs: number, maxMs: number): Read<number> {
  return (value) => inRange(typeof value === "string" ? parseDurationMs(value) : value, minMs, maxMs);
}

function inRange(value: unknown, min: number, max: number): number | undefined {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return undefined;
  return value >= min && value <= max ? value : undefined;
}

function fromDigits(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function flag(): Read<boolean> {
  const words = new Map<unknown, boolean>([
    [true, true],
    ["true", true],
    ["1", true],
    [false, false],
    ["false", false],
    ["0", false],
  ]);
  return (value) => words.get(value);
}

const MAX_LISTED = 1000;

/** A list in a file, or words with commas between them in a variable. */
function list(read: Read<string>): Read<readonly string[]> {
  return (value) => {
    const items: unknown = typeof value === "string" ? value.split(",").map((word) => word.trim()) : value;
    if (!Array.isArray(items) || items.length > MAX_LISTED) return undefined;
    const meant = Array.from(items, read);
    return meant.every((item) => item !== undefined) ? meant : undefined;
  };
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

function isHost(text: string): boolean {
  return isIP(text) !== 0 || HOST_NAME.test(text);
}

/** A `Host` header value: a name, an IPv4 address or a bracketed IPv6 address, with or without a port. */
function isHostValue(text: string): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.exec(text);
  const name = match?.[1] ?? "";
  return name.startsWith("[") ? isIP(name.slice(1, -1)) === 6 : isHost(name);
}

function isOrigin(text: string): boolean {
  if (!/^https?:\/\/[^\s/?#@\\]+\/?$/i.test(text) || text.includes("*")) return false;
  return URL.canParse(text);
}

function toOrigin(text: string): string {
  return new URL(text).origin;
}

function toLowerCase(text: string): string {
  return text.toLowerCase();
}
