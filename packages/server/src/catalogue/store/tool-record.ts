import { CATEGORIES, RISKS, type ToolDefinition, type Verdict } from "@portcullis/catalogue";
import { type Database, numberOf, type Row, textOf } from "../../storage/database.ts";
import type { ToolFacts } from "../reader.ts";
import type { ReadyTool } from "./incoming.ts";
import { nameWords } from "./words.ts";

/** Of a description, as much is looked through in a search. */
const INDEXED_CHARS = 2_000;

export function toToolFacts(row: Row, server: string): ToolFacts {
  return {
    server,
    definition: JSON.parse(textOf(row, "definition")) as ToolDefinition,
    definitionHash: textOf(row, "definition_hash"),
    verdict: JSON.parse(textOf(row, "verdict")) as Verdict,
    firstSeenMs: numberOf(row, "first_seen"),
    changedAtMs: numberOf(row, "changed_at"),
  };
}

/** Where a tool belongs: its server's key and name. */
export interface Owner {
  readonly id: number;
  readonly name: string;
}

export function insertTool(
  db: Database,
  owner: Owner,
  { definition, hash, isWhole }: ReadyTool,
  verdict: Verdict,
  atMs: number,
): void {
  db.run(
    `INSERT INTO tool (server, name, title, definition, definition_hash, is_whole, category, severity, verdict,
         rules, first_seen, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    owner.id,
    definition.name,
    titleOf(definition) ?? null,
    JSON.stringify(definition),
    hash,
    isWhole ? 1 : 0,
    ...judged(verdict),
    atMs,
    atMs,
  );
  const id = numberOf(db.get("SELECT last_insert_rowid() AS id") ?? {}, "id");
  indexTool(db, id, owner, definition, verdict);
}

export function updateTool(
  db: Database,
  id: number,
  owner: Owner,
  { definition, hash, isWhole }: ReadyTool,
  verdict: Verdict,
  atMs: number,
): void {
  db.run(
    `UPDATE tool SET title = ?, definition = ?, definition_hash = ?, is_whole = ?, category = ?, severity = ?, verdict = ?,
         rules = ?, changed_at = ? WHERE id = ?`,
    titleOf(definition) ?? null,
    JSON.stringify(definition),
    hash,
    isWhole ? 1 : 0,
    ...judged(verdict),
    atMs,
    id,
  );
  reindexTool(db, id, owner, definition, verdict);
}

/** Another verdict on an unchanged definition: nothing about the tool changed. */
export function rejudgeTool(
  db: Database,
  id: number,
  owner: Owner,
  definition: ToolDefinition,
  verdict: Verdict,
): void {
  db.run(
    "UPDATE tool SET category = ?, severity = ?, verdict = ?, rules = ? WHERE id = ?",
    ...judged(verdict),
    id,
  );
  reindexTool(db, id, owner, definition, verdict);
}

export function deleteTool(db: Database, id: number): void {
  db.run("DELETE FROM tool_words WHERE rowid = ?", id);
  db.run("DELETE FROM tool WHERE id = ?", id);
}

/** A word of the column `facets`, which only filters look into. */
export function categoryFacet(category: number): string {
  return `category${category}`;
}

export function serverFacet(id: number): string {
  return `server${id}`;
}

function titleOf({ title, annotations }: ToolDefinition): string | undefined {
  return title ?? annotations?.title;
}

function judged(verdict: Verdict): [number, number, string, string] {
  return [
    CATEGORIES.indexOf(verdict.category),
    RISKS.indexOf(verdict.severity),
    JSON.stringify(verdict),
    verdict.rules,
  ];
}

function reindexTool(
  db: Database,
  id: number,
  owner: Owner,
  definition: ToolDefinition,
  verdict: Verdict,
): void {
  db.run("DELETE FROM tool_words WHERE rowid = ?", id);
  indexTool(db, id, owner, definition, verdict);
}

function indexTool(
  db: Database,
  id: number,
  owner: Owner,
  definition: ToolDefinition,
  verdict: Verdict,
): void {
  db.run(
    "INSERT INTO tool_words (rowid, name, server, title, body, facets) VALUES (?, ?, ?, ?, ?, ?)",
    id,
    nameWords(definition.name),
    owner.name,
    titleOf(definition) ?? "",
    (definition.description ?? "").slice(0, INDEXED_CHARS),
    `${categoryFacet(CATEGORIES.indexOf(verdict.category))} ${serverFacet(owner.id)}`,
  );
}
