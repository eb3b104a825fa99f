import { type Database, numberOf, optionalTextOf, type Row, textOf } from "../../storage/database.ts";
import type { SearchHit } from "../reader.ts";
import { rankOf } from "./rank.ts";
import { CANDIDATES, placeOfHit, type RankedHit, summaryOf } from "./tool-search.ts";
import { type Query, wordsOf } from "./words.ts";

const COLUMNS = "s.id, s.name, s.title, s.description";
const SHOWN = "s.status <> 'deleted'";

/** The best candidates among servers, in no order. */
export function findServers(db: Database, query: Query): readonly RankedHit[] {
  const found = new Map<number, RankedHit>();
  const take = (expression: string): number => {
    const rows = byWords(db, expression);
    for (const row of rows) {
      const hit = toServerHit(row);
      const rank = rankOf(query, { name: hit.server, server: "", title: hit.title });
      // A server goes before tools of the same rank.
      found.set(numberOf(row, "id"), { hit, place: [rank, -9, 0, ...placeOfHit(hit)] });
    }
    return rows.length;
  };
  for (const words of [query.every, query.everyTyped]) {
    if (words === undefined || found.size >= CANDIDATES) continue;
    // Only where these are not all of them there may be better ones, which have the words in their names.
    if (take(`{name title body} : (${words})`) >= CANDIDATES) take(`{name} : (${words})`);
  }
  return [...found.values()];
}

function byWords(db: Database, expression: string): readonly Row[] {
  return db.all(
    `SELECT ${COLUMNS} FROM (SELECT rowid AS id FROM server_words WHERE server_words MATCH ? LIMIT ?) w
       JOIN server s ON s.id = w.id WHERE ${SHOWN}`,
    expression,
    CANDIDATES,
  );
}

/** Servers in the order of their names, after a name. */
export function listServers(db: Database, after: string | undefined, limit: number): readonly SearchHit[] {
  return db
    .all(
      `SELECT ${COLUMNS} FROM server s WHERE s.name > ? AND ${SHOWN} ORDER BY s.name LIMIT ?`,
      after ?? "",
      limit,
    )
    .map(toServerHit);
}

/** Words that say nothing about what a server is for. */
const COMMON = new Set([
  "mcp",
  "server",
  "servers",
  "io",
  "com",
  "github",
  "modelcontextprotocol",
  "the",
  "api",
]);
const NAME_WORDS = 8;

/** Servers whose names share words with this one's, those with most in common first. */
export function serversLike(db: Database, name: string, limit: number): readonly SearchHit[] {
  const words = wordsOf(name)
    .filter((word) => word.length > 1 && !COMMON.has(word))
    .slice(0, NAME_WORDS);
  if (words.length === 0) return [];
  const rows = byWords(db, `{name title} : (${words.map((word) => `"${word}"`).join(" OR ")})`);
  const common = (hit: SearchHit): number => {
    const theirs = new Set(wordsOf(`${hit.server} ${hit.title ?? ""}`));
    return words.filter((word) => theirs.has(word)).length;
  };
  return rows
    .map(toServerHit)
    .filter((hit) => hit.server !== name)
    .map((hit) => ({ hit, common: common(hit) }))
    .sort((a, b) => b.common - a.common || (a.hit.server < b.hit.server ? -1 : 1))
    .slice(0, limit)
    .map(({ hit }) => hit);
}

function toServerHit(row: Row): SearchHit {
  return {
    kind: "server",
    server: textOf(row, "name"),
    tool: undefined,
    title: optionalTextOf(row, "title"),
    summary: summaryOf(optionalTextOf(row, "description")),
    category: undefined,
    risk: undefined,
  };
}
