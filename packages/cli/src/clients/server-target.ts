import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { err, ok, type Result } from "@portcullis/policy";
import type { NewServer } from "@portcullis/server";
import { parseTarget } from "../commands/server/target.ts";
import type { Io } from "../io.ts";
import { reasonOf } from "../read-input.ts";
import type { ClientKind, ClientPlace } from "./client-kind.ts";
import type { Places } from "./places.ts";
import type { Pair, RawServer } from "./raw-server.ts";
import { expand } from "./variables.ts";

export type Target = NewServer["target"];

/** What an entry is read with. */
export interface Reading {
  readonly kind: Pick<ClientKind, "variables">;
  readonly place: Pick<ClientPlace, "scope">;
  readonly places: Places;
  readonly io: Io;
}

/** The server of an entry, as `server add` would be told of it. The error says why it cannot be taken over. */
export function toTarget(raw: RawServer, reading: Reading): Result<Target, string> {
  const expansion = new Expansion(reading);
  const target = raw.url === undefined ? toCommand(raw, expansion) : toHttp(raw, raw.url, expansion);
  if (expansion.problem !== undefined) return err(expansion.problem);
  return target;
}

function toHttp(raw: RawServer, url: string, expansion: Expansion): Result<Target, string> {
  const headers = [
    ...raw.headers.map(([name, value]) => [name, expansion.text(value)] as const),
    ...raw.envHeaders.map(
      ({ name, variable, prefix }) => [name, prefix + expansion.variable(variable)] as const,
    ),
  ];
  const { text: place, usesEnvironment } = expansion.whole(url);
  // A URL may hold a secret, so none is quoted.
  if (!URL.canParse(place)) return err("its URL is none");
  return parseTarget(
    {
      url: place,
      headers: headers.map(([name, value]) => `${name}: ${expansion.literal(value)}`),
      transport: raw.transport,
      command: [],
      variables: [],
      folder: undefined,
      fromEnvironment: { words: new Set(), url: usesEnvironment },
    },
    expansion.reading.io,
  );
}

function toCommand(raw: RawServer, expansion: Expansion): Result<Target, string> {
  const secret = new Set<string>();
  const words = [raw.command ?? "", ...raw.args].map((word) => expansion.whole(word));
  const command = words.map(({ text }) => text);
  const filled = words.flatMap(({ usesEnvironment }, at) => (usesEnvironment ? [at] : []));
  const variables = new Map<string, string>();
  for (const [name, value] of readEnvFile(raw, expansion)) {
    variables.set(name, value);
    secret.add(name);
  }
  for (const name of raw.inherited) {
    variables.set(name, expansion.variable(name));
    secret.add(name);
  }
  for (const [name, value] of raw.env) {
    const { text, usesEnvironment } = expansion.whole(value);
    variables.set(name, text);
    if (usesEnvironment) secret.add(name);
  }
  const parsed = parseTarget(
    {
      url: undefined,
      headers: [],
      transport: undefined,
      command,
      variables: [...variables].map(([name, value]) => `${name}=${expansion.literal(value)}`),
      folder: folderOf(raw, command, expansion),
      fromEnvironment: { words: new Set(filled), url: false },
    },
    expansion.reading.io,
  );
  if (!parsed.ok || parsed.value.kind !== "stdio") return parsed;
  const environment = (parsed.value.environment ?? []).map((variable) =>
    secret.has(variable.name) ? { ...variable, isSecret: true } : variable,
  );
  return ok({ ...parsed.value, environment });
}

/**
 * Clients start a project's commands in its folder. It is part of what a server is only where the command names
 * something in it, so that the same command in two places is one server. All others start in the user's home: where
 * the gateway happens to run is nobody's folder, and servers leave files in theirs.
 */
function folderOf(
  raw: RawServer,
  command: readonly string[],
  { reading, text }: Expansion,
): string | undefined {
  const { place, places } = reading;
  const base = place.scope === "project" ? places.project : places.home;
  const home = existsSync(places.home) ? places.home : undefined;
  if (raw.cwd !== undefined) return resolve(base, text(raw.cwd));
  if (place.scope !== "project") return home;
  const isRelative = (word: string): boolean =>
    /^\.\.?(?:$|[\\/])/.test(word) ||
    (word !== "" && !isAbsolute(word) && !word.startsWith("-") && existsSync(join(base, word)));
  return command.some(isRelative) ? base : home;
}

/** Larger files are no files of variables. */
const MAX_ENV_FILE_BYTES = 1024 * 1024;

function readEnvFile(raw: RawServer, expansion: Expansion): readonly Pair[] {
  if (raw.envFile === undefined) return [];
  const { place, places } = expansion.reading;
  const path = resolve(place.scope === "project" ? places.project : places.home, expansion.text(raw.envFile));
  try {
    // The path is a stranger's word: a device or a pipe would never end.
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > MAX_ENV_FILE_BYTES) {
      return expansion.fail(`\`${raw.envFile}\` is no file of variables`, []);
    }
    return Object.entries(parseEnv(readFileSync(path, "utf8"))).map(
      ([name, value]) => [name, value ?? ""] as const,
    );
  } catch (cause) {
    return expansion.fail(`its variables in \`${raw.envFile}\` cannot be read: ${reasonOf(cause)}`, []);
  }
}

/** Fills in variables and remembers the first that could not be. */
class Expansion {
  readonly reading: Reading;
  problem: string | undefined;

  constructor(reading: Reading) {
    this.reading = reading;
  }

  readonly text = (text: string): string => this.whole(text).text;

  whole(text: string): { readonly text: string; readonly usesEnvironment: boolean } {
    const expanded = expand(text, this.reading.kind.variables, this.reading.places);
    return expanded.ok
      ? expanded.value
      : this.fail(expanded.error, { text: "", usesEnvironment: false } as const);
  }

  variable(name: string): string {
    const value = this.reading.places.env[name];
    if (value !== undefined && value !== "") return value;
    return this.fail(`it needs the variable \`${name}\`, which is not set here`, "");
  }

  /** On the command line `env:NAME` stands for a variable; a file that says so means the letters. */
  literal(value: string): string {
    return value.trim().startsWith("env:") ? this.fail("a value of it begins with `env:`", value) : value;
  }

  fail<T>(problem: string, value: T): T {
    this.problem ??= problem;
    return value;
  }
}
