import { type Database, numberOf } from "../../storage/database.ts";
import type { HitPage, SearchHit, SearchQuery } from "../reader.ts";
import { fromCursor, toCursor } from "./cursor.ts";
import { comparePlaces } from "./rank.ts";
import { findServers, listServers } from "./server-search.ts";
import { categoriesOf, findTools, listTools, type ToolFilter, withSummaries } from "./tool-search.ts";
import { type Query, toQuery } from "./words.ts";

const MAX_LIMIT = 100;
const NOTHING: HitPage = { hits: [], cursor: undefined };

/**
 * One page of what a person looks for. With words: the best first, among a bounded number of candidates. Without:
 * everything that the filters leave, servers before tools, by name.
 */
export function search(db: Database, query: SearchQuery): HitPage {
  const limit = Math.min(MAX_LIMIT, Math.max(1, Math.trunc(query.limit) || 1));
  const filter = toFilter(db, query);
  if (filter === undefined) return NOTHING;
  const words = toQuery(query.words);
  // Words of nothing but signs are no wish to see everything.
  if (words === undefined && query.words.trim() !== "") return NOTHING;
  const page =
    words !== undefined ? rankedPage(db, query, words, filter, limit) : listedPage(db, query, filter, limit);
  return { ...page, hits: withSummaries(db, page.hits) };
}

/** Undefined where no tool can be so: a server that is not there, or a category that never has the risk. */
function toFilter(db: Database, { risk, category, server }: SearchQuery): ToolFilter | undefined {
  if (categoriesOf({ risk, category })?.length === 0) return undefined;
  if (server === undefined) return { risk, category };
  const row = db.get("SELECT id FROM server WHERE name = ?", server);
  return row === undefined ? undefined : { risk, category, server: numberOf(row, "id") };
}

/** A server has no category of its own. */
function showsServers({ kind, risk, category, server }: SearchQuery): boolean {
  return kind !== "tool" && risk === undefined && category === undefined && server === undefined;
}

function rankedPage(
  db: Database,
  query: SearchQuery,
  words: Query,
  filter: ToolFilter,
  limit: number,
): HitPage {
  const servers = showsServers(query) ? findServers(db, words) : [];
  const tools = query.kind === "server" ? [] : findTools(db, words, filter);
  const after = fromCursor(query.cursor);
  const found = [...servers, ...tools]
    .filter(({ place }) => after === undefined || comparePlaces(place, after) > 0)
    .sort((a, b) => comparePlaces(a.place, b.place));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const cursor = found.length > limit && last !== undefined ? toCursor(last.place) : undefined;
  return { hits: page.map(({ hit }) => hit), cursor };
}

function listedPage(db: Database, query: SearchQuery, filter: ToolFilter, limit: number): HitPage {
  const [phase, name, id] = fromCursor(query.cursor) ?? [];
  const servers =
    showsServers(query) && phase !== "tool"
      ? listServers(db, typeof name === "string" ? name : undefined, limit + 1)
      : [];
  if (servers.length > limit || query.kind === "server") {
    return pageOf(servers, limit, (hit) => ["server", hit.server]);
  }
  const after =
    phase === "tool" && typeof name === "string" && typeof id === "number" ? { name, id } : undefined;
  const room = limit - servers.length;
  const tools = listTools(db, filter, after, room + 1);
  const last = tools[room - 1];
  const cursor = tools.length > room ? cursorOf(last, servers.at(-1)) : undefined;
  return { hits: [...servers, ...tools.slice(0, room).map(({ hit }) => hit)], cursor };
}

/** After the last tool; where a page ends with the last server, after that. */
function cursorOf(
  tool: { readonly name: string; readonly id: number } | undefined,
  server: SearchHit | undefined,
): string | undefined {
  if (tool !== undefined) return toCursor(["tool", tool.name, tool.id]);
  return server === undefined ? undefined : toCursor(["server", server.server]);
}

function pageOf(
  hits: readonly SearchHit[],
  limit: number,
  placeOf: (hit: SearchHit) => readonly (number | string)[],
): HitPage {
  const page = hits.slice(0, limit);
  const last = page.at(-1);
  return {
    hits: page,
    cursor: hits.length > limit && last !== undefined ? toCursor(placeOf(last)) : undefined,
  };
}
