import { CATEGORIES, type Category, RISK_OF, type Risk, type ToolDefinition } from "@portcullis/catalogue";
import { type Database, numberOf, optionalTextOf, type Row, textOf } from "../../storage/database.ts";
import { METHODS, type SearchHit } from "../reader.ts";
import { cutText } from "./bounds.ts";
import { type Place, rankOf } from "./rank.ts";
import { categoryFacet, serverFacet } from "./tool-record.ts";
import type { Query } from "./words.ts";

/** Of each way to look, as many candidates are ranked: one very common word must not make a search slow. */
export const CANDIDATES = 200;
const SUMMARY_CHARS = 200;

/** What the tools of a search must be. */
export interface ToolFilter {
  readonly risk?: Risk | undefined;
  readonly category?: Category | undefined;
  /** Key of a server. */
  readonly server?: number | undefined;
}

/** A hit with what orders it among others. */
export interface RankedHit {
  readonly hit: SearchHit;
  readonly place: Place;
}

const COLUMNS =
  "t.id, t.name, t.title, t.category, t.severity, s.name AS server_name, s.method AS server_method";
const SHOWN = "s.status <> 'deleted'";

/** The categories that a filter leaves; undefined leaves all. */
export function categoriesOf({ risk, category }: ToolFilter): readonly number[] | undefined {
  if (risk === undefined && category === undefined) return undefined;
  return CATEGORIES.filter(
    (one) => (category ?? one) === one && (risk === undefined || RISK_OF[one] === risk),
  ).map((one) => CATEGORIES.indexOf(one));
}

/** Candidates for what a person typed, in no order; no description is read yet. */
export function findTools(db: Database, query: Query, filter: ToolFilter): readonly RankedHit[] {
  const categories = categoriesOf(filter);
  const facets = facetsOf(categories, filter.server);
  const found = new Map<number, RankedHit>();
  const take = (rows: readonly Row[]): void => {
    for (const row of rows) {
      const id = numberOf(row, "id");
      if (!found.has(id) && passes(row, categories)) found.set(id, toRankedHit(row, query));
    }
  };
  if (filter.server === undefined) take(byName(db, query));
  // Exact words first: they stop at their limit, where the beginnings of words must first be gathered.
  for (const words of [query.every, query.everyTyped]) {
    if (words === undefined || found.size >= CANDIDATES) continue;
    const anywhere = byWords(db, "name server title body", words, facets);
    take(anywhere);
    // Only where these are not all of them there may be better ones, which have the words in their names.
    if (anywhere.length >= CANDIDATES) take(byWords(db, "name", words, facets));
  }
  // Words that nobody has together: better some of them than an empty page.
  if (found.size === 0) take(byWords(db, "name server title body", query.some, facets));
  return [...found.values()];
}

/** Names that begin as typed, whatever stands between the words. */
function byName(db: Database, query: Query): readonly Row[] {
  return ["_", "-", ""].flatMap((between) => {
    const beginning = query.words.join(between);
    if (between !== "_" && query.words.length < 2) return [];
    // Printable ASCII is all that a tool's name holds.
    if (!/^[\x20-\x7e]+$/.test(beginning)) return [];
    return db.all(
      `SELECT ${COLUMNS} FROM tool t JOIN server s ON s.id = t.server
         WHERE t.name >= ? COLLATE NOCASE AND t.name < ? COLLATE NOCASE AND ${SHOWN}
         ORDER BY t.name COLLATE NOCASE, t.id LIMIT ?`,
      beginning,
      `${beginning}\x7f`,
      CANDIDATES,
    );
  });
}

function byWords(db: Database, columns: string, words: string, facets: string): readonly Row[] {
  // The inner LIMIT stops the walk through the index; joined outside, it could not.
  return db.all(
    `SELECT ${COLUMNS} FROM (SELECT rowid AS id FROM tool_words WHERE tool_words MATCH ? LIMIT ?) w
       JOIN tool t ON t.id = w.id JOIN server s ON s.id = t.server WHERE ${SHOWN}`,
    `{${columns}} : (${words})${facets}`,
    CANDIDATES,
  );
}

function facetsOf(categories: readonly number[] | undefined, server: number | undefined): string {
  const words = [
    ...(categories === undefined
      ? []
      : [`(${categories.map((one) => `"${categoryFacet(one)}"`).join(" OR ")})`]),
    ...(server === undefined ? [] : [`"${serverFacet(server)}"`]),
  ];
  return words.map((word) => ` AND {facets} : ${word}`).join("");
}

function passes(row: Row, categories: readonly number[] | undefined): boolean {
  return categories?.includes(numberOf(row, "category")) ?? true;
}

function toRankedHit(row: Row, query: Query): RankedHit {
  const hit = toToolHit(row);
  const rank = rankOf(query, { name: textOf(row, "name"), server: hit.server, title: hit.title });
  return { hit, place: [rank, -numberOf(row, "severity"), trustOf(row), ...placeOfHit(hit)] };
}

function trustOf(row: Row): number {
  return METHODS.indexOf(textOf(row, "server_method") as (typeof METHODS)[number]);
}

/** What makes the order of hits with the same rank whole. */
export function placeOfHit(hit: SearchHit): readonly [string, string, string] {
  return [(hit.tool ?? "").toLowerCase(), hit.server, hit.tool ?? ""];
}

/** Tools in the order of their names, after a place. `after` is the name and key of the last one before. */
export function listTools(
  db: Database,
  filter: ToolFilter,
  after: { readonly name: string; readonly id: number } | undefined,
  limit: number,
): readonly { readonly hit: SearchHit; readonly name: string; readonly id: number }[] {
  const categories = categoriesOf(filter);
  const parts = categories === undefined ? [undefined] : categories;
  const rows = parts.flatMap((category) => listPart(db, category, filter.server, after, limit));
  return rows
    .map((row) => ({ hit: toToolHit(row), name: textOf(row, "name"), id: numberOf(row, "id") }))
    .sort((a, b) => compareText(a.name.toLowerCase(), b.name.toLowerCase()) || a.id - b.id)
    .slice(0, limit);
}

function listPart(
  db: Database,
  category: number | undefined,
  server: number | undefined,
  after: { readonly name: string; readonly id: number } | undefined,
  limit: number,
): readonly Row[] {
  const conditions = [
    ...(category === undefined ? [] : ["t.category = ?"]),
    ...(server === undefined ? [] : ["t.server = ?"]),
    "(t.name COLLATE NOCASE, t.id) > (?, ?)",
    SHOWN,
  ];
  const values = [category, server].filter((value) => value !== undefined);
  return db.all(
    `SELECT ${COLUMNS} FROM tool t JOIN server s ON s.id = t.server WHERE ${conditions.join(" AND ")}
       ORDER BY t.name COLLATE NOCASE, t.id LIMIT ?`,
    ...values,
    after?.name ?? "",
    after?.id ?? -1,
    limit,
  );
}

/** Tools of one name, whoever has them. */
export function toolsNamed(db: Database, name: string, limit: number): readonly SearchHit[] {
  return db
    .all(
      `SELECT ${COLUMNS} FROM tool t JOIN server s ON s.id = t.server
         WHERE t.name = ? COLLATE NOCASE AND ${SHOWN} ORDER BY t.id LIMIT ?`,
      name,
      limit,
    )
    .map(toToolHit);
}

/** Tools of one server, the worst first. */
export function worstTools(db: Database, server: number, limit: number): readonly SearchHit[] {
  return db
    .all(
      `SELECT ${COLUMNS} FROM tool t JOIN server s ON s.id = t.server WHERE t.server = ?
         ORDER BY t.severity DESC, t.category DESC, t.name LIMIT ?`,
      server,
      limit,
    )
    .map(toToolHit);
}

function toToolHit(row: Row): SearchHit {
  const category = CATEGORIES[numberOf(row, "category")];
  return {
    kind: "tool",
    server: textOf(row, "server_name"),
    tool: textOf(row, "name"),
    title: optionalTextOf(row, "title"),
    summary: undefined,
    category,
    risk: category === undefined ? undefined : RISK_OF[category],
  };
}

/** The hits of one page with the beginnings of their tools' descriptions. */
export function withSummaries(db: Database, hits: readonly SearchHit[]): readonly SearchHit[] {
  return hits.map((hit) => {
    if (hit.tool === undefined) return hit;
    const row = db.get(
      "SELECT definition FROM tool WHERE server = (SELECT id FROM server WHERE name = ?) AND name = ?",
      hit.server,
      hit.tool,
    );
    const definition =
      row === undefined ? undefined : (JSON.parse(textOf(row, "definition")) as ToolDefinition);
    return { ...hit, summary: summaryOf(definition?.description) };
  });
}

/** The beginning of a text on one line. */
export function summaryOf(text: string | undefined): string | undefined {
  // Most of a long text is white space at worst; no more of it is looked at.
  const line = text
    ?.slice(0, 4 * SUMMARY_CHARS)
    .replace(/\s+/g, " ")
    .trim();
  if (line === undefined || line === "") return undefined;
  return line.length <= SUMMARY_CHARS ? line.toWellFormed() : `${cutText(line, SUMMARY_CHARS - 1)}…`;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
