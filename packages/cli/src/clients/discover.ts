import type { JsonObject } from "@portcullis/policy";
import type { Io } from "../io.ts";
import { type ReadFile, readClientFile } from "./client-file.ts";
import type { ClientKind, ClientPlace } from "./client-kind.ts";
import { readDocument, valueAt } from "./document.ts";
import { isGatewayEntry } from "./gateway-entry.ts";
import type { Places } from "./places.ts";
import { type RawServer, readRawServer } from "./raw-server.ts";
import { type Target, toTarget } from "./server-target.ts";

/** A file of a client that is there. */
export interface ClientFile {
  readonly kind: ClientKind;
  readonly place: ClientPlace;
  /** Undefined for a file that cannot be read. */
  readonly file: ReadFile | undefined;
  /** Why nothing of it can be used. */
  readonly problem: string | undefined;
  readonly entries: readonly ClientEntry[];
}

/** A server in a client's file. */
export interface ClientEntry {
  readonly name: string;
  /** From the root of the document. */
  readonly path: readonly string[];
  /** 1-based. */
  readonly line: number;
  readonly value: JsonObject;
  readonly state: EntryState;
}

/** What is to be made of an entry. */
export type EntryState =
  | { readonly kind: "server"; readonly raw: RawServer; readonly target: Target }
  /** It goes through a gateway already. */
  | { readonly kind: "governed" }
  /** It stays as it is; `raw` is what could be read of it. */
  | { readonly kind: "left"; readonly raw: RawServer | undefined; readonly reason: string };

/** Every file of these clients that exists, each once, in the order of the clients. */
export function discoverFiles(kinds: readonly ClientKind[], places: Places, io: Io): readonly ClientFile[] {
  const seen = new Set<string>();
  return kinds.flatMap((kind) =>
    kind.places(places).flatMap((place) => {
      const found = readPlace(kind, place, places, io);
      if (found === undefined) return [];
      const identity = found.file?.realPath ?? place.path;
      if (seen.has(identity)) return [];
      seen.add(identity);
      return [found];
    }),
  );
}

/** One file; undefined where it does not exist. */
export function readPlace(
  kind: ClientKind,
  place: ClientPlace,
  places: Places,
  io: Io,
): ClientFile | undefined {
  const read = readClientFile(place);
  if (read === undefined) return undefined;
  if (!read.ok) return { kind, place, file: undefined, problem: read.error, entries: [] };
  const file = read.value;
  const document = readDocument(kind.format, file.text);
  if (!document.ok) return { kind, place, file, problem: document.error, entries: [] };
  const { root } = document.value;
  if (countServers(kind, root) > MAX_SERVERS) {
    return { kind, place, file, problem: `it names more than ${MAX_SERVERS} servers`, entries: [] };
  }
  const entries = kind.tables(root).flatMap((table) => {
    const servers = valueAt(root, table);
    if (typeof servers !== "object" || servers === null || Array.isArray(servers)) return [];
    return Object.entries(servers).map(([name, value]): ClientEntry => {
      const path = [...table, name];
      const state = document.value.isAmbiguous(path)
        ? { kind: "left" as const, raw: undefined, reason: "a name in it is there twice" }
        : stateOf(kind, value, { kind, place, places, io });
      const object = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
      return {
        name: name.slice(0, MAX_NAME),
        path,
        line: document.value.lineOf(path),
        value: object as JsonObject,
        state,
      };
    });
  });
  return { kind, place, file, problem: undefined, entries };
}

/** Longer names are shown by their beginning. */
const MAX_NAME = 100;
/** Nobody has as many; a file that says so wants to keep us busy. */
const MAX_SERVERS = 500;

function countServers(kind: ClientKind, root: JsonObject): number {
  return kind
    .tables(root)
    .reduce((count, table) => count + Object.keys(valueAt(root, table) ?? {}).length, 0);
}

function stateOf(
  kind: ClientKind,
  value: JsonObject[string],
  reading: Parameters<typeof toTarget>[1],
): EntryState {
  const raw = readRawServer(kind, value);
  if (!raw.ok) return { kind: "left", raw: undefined, reason: raw.error };
  if (isGatewayEntry(raw.value)) return { kind: "governed" };
  if (raw.value.isDisabled) return { kind: "left", raw: raw.value, reason: "it is switched off" };
  const target = toTarget(raw.value, reading);
  if (!target.ok) return { kind: "left", raw: raw.value, reason: target.error };
  return { kind: "server", raw: raw.value, target: target.value };
}
