import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "@portcullis/policy";
import { CLIENTS } from "../../clients/all-clients.ts";
import { kindOfFile } from "../../clients/any-file.ts";
import { type ClientEntry, type ClientFile, discoverFiles, readPlace } from "../../clients/discover.ts";
import { identityOf } from "../../clients/known-servers.ts";
import { packageOf } from "../../clients/package-reference.ts";
import { placesOf } from "../../clients/places.ts";
import type { RawServer } from "../../clients/raw-server.ts";
import type { Target } from "../../clients/server-target.ts";
import type { Context } from "../../context.ts";
import { resolvePath } from "../../data-folder.ts";
import { parseTarget, targetWords } from "../server/target.ts";

/** A server that is scanned; one that several files name is one. */
export interface ScannedServer {
  /** Unique in a scan. */
  readonly name: string;
  readonly places: readonly ServerPlace[];
  /** As it stands in the file; undefined where it cannot be read, or stands in none. */
  readonly raw: RawServer | undefined;
  /** Undefined where it cannot be started or asked; `problem` says why. */
  readonly target: Target | undefined;
  readonly problem: string | undefined;
  /** It goes through the gateway already. */
  readonly isGoverned: boolean;
}

/** The words that start it: as they stand in the file, else as they were named; undefined for a server on the net. */
export function commandOf({ raw, target }: ScannedServer): readonly string[] | undefined {
  if (raw?.command !== undefined) return [raw.command, ...raw.args];
  return raw === undefined && target?.kind === "stdio" ? target.command : undefined;
}

/** Where a server is named. */
export interface ServerPlace {
  readonly client: string;
  readonly path: string;
  /** 1-based. */
  readonly line: number;
}

/** What a scan looks at. */
export interface ScanSubject {
  readonly servers: readonly ScannedServer[];
  /** Files of which nothing can be used. */
  readonly broken: readonly { readonly path: string; readonly problem: string }[];
  /** The user named this very command or URL: looking at it is what was asked for. */
  readonly isNamed: boolean;
}

/** The named files, one command, one URL, or everything that the clients of this user have. */
export function scanSubject(context: Context): Result<ScanSubject, string> {
  const { io, options, command } = context;
  const operands = context.args.slice(0, context.args.length - command.length);
  const hasUrl = options.text("url") !== undefined;
  if ([operands.length > 0, command.length > 0, hasUrl].filter(Boolean).length > 1) {
    return err("name files, or `--url URL`, or a command after `--`: one of the three");
  }
  if (command.length > 0 || hasUrl) return namedServer(context);
  const stray = ["header", "env"].find((name) => options.list(name).length > 0);
  if (stray !== undefined)
    return err(`\`--${stray}\` belongs to \`--url URL\` or a command after \`--\`, not to files`);
  const places = placesOf(io);
  if (operands.length === 0) return ok(toSubject(discoverFiles(CLIENTS, places, io)));
  const files: ClientFile[] = [];
  for (const operand of operands) {
    const path = resolvePath(io, operand);
    const place = { path, scope: "project", root: dirname(path) } as const;
    const project = projectOf(path);
    const found = readPlace(kindOfFile(path), place, { ...places, project }, io);
    if (found === undefined) return err(`\`${operand}\`: there is no such file`);
    files.push(found);
  }
  const [first] = files;
  // With `--fail-on` a broken file is a failed check; else there is nothing to report on.
  if (options.text("failOn") === undefined && files.every(({ problem }) => problem !== undefined))
    return err(`\`${operands[0]}\`: ${first?.problem}`);
  return ok(toSubject(files));
}

/** The folder that `.cursor/mcp.json` and the like belong to. */
function projectOf(path: string): string {
  const folder = dirname(path);
  return /[\\/]\.(?:cursor|vscode|gemini|codex)$/.test(folder) ? dirname(folder) : folder;
}

function namedServer(context: Context): Result<ScanSubject, string> {
  const target = parseTarget(targetWords({ ...context, args: context.command }), context.io);
  if (!target.ok) return target;
  const server = {
    name: nameOfTarget(target.value),
    places: [],
    raw: undefined,
    target: target.value,
    problem: undefined,
    isGoverned: false,
  };
  return ok({ servers: [server], broken: [], isNamed: true });
}

function nameOfTarget(target: Target): string {
  if (target.kind === "http") return new URL(target.url).host;
  return packageOf(target.command)?.name ?? target.command[0]?.replace(/^.*[\\/]/, "") ?? "server";
}

function toSubject(files: readonly ClientFile[]): ScanSubject {
  const groups: { identity: unknown; entry: ClientEntry; places: ServerPlace[] }[] = [];
  for (const { kind, place, entries } of files) {
    for (const entry of entries) {
      const at = { client: kind.id, path: place.path, line: entry.line };
      const identity = identityOfEntry(entry);
      const group = groups.find((each) => isDeepStrictEqual(each.identity, identity));
      if (group === undefined) groups.push({ identity, entry, places: [at] });
      else group.places.push(at);
    }
  }
  const names = new Set<string>();
  const servers = groups.map(({ entry, places }): ScannedServer => {
    const { state } = entry;
    return {
      name: uniqueName(entry.name, names),
      places,
      raw: state.kind === "governed" ? undefined : state.raw,
      target: state.kind === "server" ? state.target : undefined,
      problem: state.kind === "left" ? state.reason : undefined,
      isGoverned: state.kind === "governed",
    };
  });
  const broken = files.flatMap(({ place, problem }) =>
    problem === undefined ? [] : [{ path: place.path, problem }],
  );
  return { servers, broken, isNamed: false };
}

function identityOfEntry({ state, value, name }: ClientEntry): unknown {
  if (state.kind === "server") return identityOf(state.target);
  return state.kind === "left" && state.raw !== undefined ? state.raw : { name, value };
}

function uniqueName(wanted: string, names: Set<string>): string {
  let name = wanted;
  for (let count = 2; names.has(name); count += 1) name = `${wanted} (${count})`;
  names.add(name);
  return name;
}
