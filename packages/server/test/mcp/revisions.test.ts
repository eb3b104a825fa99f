import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findFoldedMember, type ReservedLevel } from "../../src/mcp/reserved-names.ts";
import {
  CLIENT_METHODS,
  CLIENT_NOTIFICATIONS,
  clientMethod,
  isClientNotification,
  isLegacyVersion,
  LEGACY_VERSIONS,
  type MessageEra,
  MODERN_VERSION,
  SERVER_NOTIFICATIONS,
  SERVER_REQUESTS,
} from "../../src/mcp/revisions.ts";

/** Method names with the members of their `params`, taken from the published `schema.json` of a revision. */
interface SchemaMethods {
  readonly clientRequests: Readonly<Record<string, readonly string[]>>;
  readonly clientNotifications: Readonly<Record<string, readonly string[]>>;
  readonly serverRequests: Readonly<Record<string, readonly string[]>>;
  readonly serverNotifications: Readonly<Record<string, readonly string[]>>;
  readonly inputRequests?: Readonly<Record<string, readonly string[]>>;
  readonly meta: readonly string[];
}

function readSchema(version: string): SchemaMethods {
  return JSON.parse(readFileSync(new URL(`fixtures/methods-${version}.json`, import.meta.url), "utf8"));
}

const ERAS: readonly (readonly [MessageEra, SchemaMethods])[] = [
  ["legacy", readSchema("2025-11-25")],
  ["modern", readSchema("2026-07-28")],
];
/** The modern extension `io.modelcontextprotocol/tasks` is not part of the core schema. */
const EXTENSION = ["tasks/cancel", "tasks/get", "tasks/update"];
const of = (table: ReadonlyMap<string, { era: string } | string>, era: string) =>
  [...table]
    .filter(([, entry]) => ["both", era].includes(typeof entry === "string" ? entry : entry.era))
    .map(([name]) => name)
    .sort();

describe("method tables equal the published schemas", () => {
  it.each(ERAS)("%s", (era, schema) => {
    const extension = era === "modern" ? EXTENSION : [];
    expect(of(CLIENT_METHODS, era)).toEqual([...Object.keys(schema.clientRequests), ...extension].sort());
    expect(of(CLIENT_NOTIFICATIONS, era)).toEqual(Object.keys(schema.clientNotifications).sort());
    const extra = era === "modern" ? ["notifications/tasks"] : [];
    expect(of(SERVER_NOTIFICATIONS, era)).toEqual(
      [...Object.keys(schema.serverNotifications), ...extra].sort(),
    );
    const asked = Object.keys(schema.inputRequests ?? schema.serverRequests);
    expect(asked.filter((name) => !SERVER_REQUESTS.has(name))).toEqual([]);
  });

  it("has no server request that the schemas do not have", () => {
    const legacy = ERAS[0]?.[1].serverRequests ?? {};
    expect([...SERVER_REQUESTS.keys()].sort()).toEqual(Object.keys(legacy).sort());
  });

  it.each(ERAS)("mirrors only params that %s methods have", (era, schema) => {
    const wrong = [...CLIENT_METHODS].filter(([name, { nameParam }]) => {
      const params = schema.clientRequests[name];
      return nameParam !== undefined && params !== undefined && !params.includes(nameParam);
    });
    expect([era, wrong]).toEqual([era, []]);
  });

  it("mirrors the three methods of 2026-07-28 and those of its tasks extension", () => {
    const mirrored = of(CLIENT_METHODS, "modern").map((name) => [name, CLIENT_METHODS.get(name)?.nameParam]);
    expect(mirrored.filter(([, param]) => param !== undefined)).toEqual([
      ["prompts/get", "name"],
      ["resources/read", "uri"],
      ["tasks/cancel", "taskId"],
      ["tasks/get", "taskId"],
      ["tasks/update", "taskId"],
      ["tools/call", "name"],
    ]);
  });
});

describe("every parameter that a client sends is reserved against folding", () => {
  const upper = (name: string, level: ReservedLevel) => findFoldedMember({ [name.toUpperCase()]: 1 }, level);
  it.each(ERAS)("%s", (_era, schema) => {
    const params = [schema.clientRequests, schema.clientNotifications].flatMap((table) =>
      Object.values(table).flat(),
    );
    expect(params.filter((name) => upper(name, "params") === undefined)).toEqual([]);
    expect(schema.meta.filter((name) => upper(name, "_meta") === undefined)).toEqual([]);
  });
});

describe("lookups", () => {
  it("knows a method in its era only", () => {
    expect(clientMethod("tools/call", "legacy")).toEqual({
      era: "both",
      kind: "tool-call",
      nameParam: "name",
    });
    expect(clientMethod("ping", "modern")).toBeUndefined();
    expect(clientMethod("server/discover", "legacy")).toBeUndefined();
    expect(clientMethod("constructor", "legacy")).toBeUndefined();
    expect(clientMethod("TOOLS/CALL", "legacy")).toBeUndefined();
  });

  it("knows a notification in its era only", () => {
    const known = ["notifications/cancelled", "notifications/initialized", "notifications/x"];
    expect(known.filter((name) => isClientNotification(name, "legacy"))).toEqual(known.slice(0, 2));
    expect(known.filter((name) => isClientNotification(name, "modern"))).toEqual(known.slice(0, 1));
  });

  it("orders versions from new to old", () => {
    const all = [MODERN_VERSION, ...LEGACY_VERSIONS];
    expect([...all].sort().reverse()).toEqual(all);
    expect(all.filter(isLegacyVersion)).toEqual(LEGACY_VERSIONS);
  });
});
