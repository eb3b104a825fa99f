import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import type { ClientKind } from "./client-kind.ts";

/** An entry of a client's file by meaning, with variables as they are written. */
export interface RawServer {
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly env: readonly Pair[];
  readonly envFile: string | undefined;
  /** Names of variables that the command takes from its surroundings. */
  readonly inherited: readonly string[];
  readonly cwd: string | undefined;
  readonly url: string | undefined;
  readonly transport: "http" | "sse" | undefined;
  readonly headers: readonly Pair[];
  /** Headers whose value is in a variable. */
  readonly envHeaders: readonly {
    readonly name: string;
    readonly variable: string;
    readonly prefix: string;
  }[];
  readonly isDisabled: boolean;
}

/** Name and value. */
export type Pair = readonly [string, string];

/** Reads an entry as its client does; the error says which member is not what it must be. */
export function readRawServer(kind: ClientKind, entry: JsonValue): Result<RawServer, string> {
  if (!isJsonObject(entry)) return err("it is not an object");
  const reader = new MemberReader(entry);
  const { members } = kind;
  const httpUrl = reader.firstText(members.httpUrl ?? []);
  const bearer = members.bearerVariable === undefined ? undefined : reader.text(members.bearerVariable);
  const raw: RawServer = {
    command: reader.text("command"),
    args: reader.texts("args"),
    env: reader.pairs("env"),
    envFile: members.envFile === undefined ? undefined : reader.text(members.envFile),
    inherited: members.inheritedVariables === undefined ? [] : reader.texts(members.inheritedVariables),
    cwd: reader.text("cwd"),
    url: httpUrl ?? reader.firstText(members.url),
    transport: httpUrl === undefined ? transportOf(entry) : "http",
    headers: members.headers.flatMap((name) => reader.pairs(name)),
    envHeaders: [
      ...(members.envHeaders === undefined ? [] : reader.pairs(members.envHeaders)).map(
        ([name, variable]) => ({ name, variable, prefix: "" }),
      ),
      ...(bearer === undefined ? [] : [{ name: "Authorization", variable: bearer, prefix: "Bearer " }]),
    ],
    isDisabled: own(entry, "disabled") === true || own(entry, "enabled") === false,
  };
  if (reader.problem !== undefined) return err(reader.problem);
  if ((raw.command === undefined) === (raw.url === undefined)) {
    return err(
      raw.url === undefined ? "it has neither a command nor a URL" : "it has both a command and a URL",
    );
  }
  return ok(raw);
}

/** Remembers the first member that is not what it must be. */
class MemberReader {
  readonly #entry: JsonObject;
  problem: string | undefined;

  constructor(entry: JsonObject) {
    this.#entry = entry;
  }

  text(name: string): string | undefined {
    const value = own(this.#entry, name);
    if (value === undefined || value === null) return undefined;
    return typeof value === "string" ? value : this.#fail(`\`${name}\` is not a text`, undefined);
  }

  firstText(names: readonly string[]): string | undefined {
    return names.map((name) => this.text(name)).find((value) => value !== undefined);
  }

  texts(name: string): readonly string[] {
    const value = own(this.#entry, name);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#fail(`\`${name}\` is not a list of texts`, []);
  }

  /** Numbers and booleans are taken as the text that a client makes of them. */
  pairs(name: string): readonly Pair[] {
    const value = own(this.#entry, name);
    if (value === undefined || value === null) return [];
    if (!isJsonObject(value)) return this.#fail(`\`${name}\` is not an object`, []);
    return Object.entries(value).map(([key, item]) =>
      typeof item === "object"
        ? this.#fail(`\`${key}\` in \`${name}\` is not a text`, [key, ""] as const)
        : ([key, String(item)] as const),
    );
  }

  #fail<T>(problem: string, value: T): T {
    this.problem ??= problem;
    return value;
  }
}

function transportOf(entry: JsonObject): RawServer["transport"] {
  const named = own(entry, "type") ?? own(entry, "transport");
  if (named === "sse") return "sse";
  return named === "http" || named === "streamable-http" || named === "streamableHttp" ? "http" : undefined;
}
