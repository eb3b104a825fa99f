import { type Database, numberOf, optionalTextOf, textOf } from "../../storage/database.ts";
import type {
  CatalogueReader,
  DriftEvent,
  HitPage,
  SearchHit,
  SearchQuery,
  ServerFacts,
  ToolFacts,
  Totals,
} from "../reader.ts";
import { byCategory, toCounts } from "./counts.ts";
import { search } from "./search.ts";
import { toServerRecord } from "./server-record.ts";
import { serversLike } from "./server-search.ts";
import { toToolFacts } from "./tool-record.ts";
import { toolsNamed, withSummaries, worstTools } from "./tool-search.ts";

const MAX_TOOLS = 1_000;
/** Of definitions and verdicts, as JSON, in one answer. */
const MAX_TOOLS_CHARS = 4 * 1024 * 1024;
const MAX_RELATED = 50;
const MAX_CHANGES = 1_000;

/** Answers out of `catalogue.db`; each is bounded and takes milliseconds. */
export class StoreReader implements CatalogueReader {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  totals(): Totals {
    const row = this.#db.get("SELECT * FROM total") ?? {};
    return {
      servers: numberOf(row, "servers"),
      tools: numberOf(row, "tools"),
      counts: byCategory(toCounts(textOf(row, "counts"))),
      changedAtMs: numberOf(row, "changed_at"),
      rules:
        optionalTextOf(
          this.#db.get("SELECT value FROM setting WHERE name = 'rules'") ?? { value: "" },
          "value",
        ) ?? "",
    };
  }

  server(name: string): ServerFacts | undefined {
    const row = this.#db.get("SELECT * FROM server WHERE name = ?", name);
    return row === undefined ? undefined : toServerRecord(row).facts;
  }

  tools(
    server: string,
    page: { readonly offset: number; readonly limit: number } = ALL,
  ): readonly ToolFacts[] {
    const limit = upTo(page.limit, MAX_TOOLS);
    const rows = this.#db.iterate(
      `SELECT t.* FROM tool t JOIN server s ON s.id = t.server WHERE s.name = ?
         ORDER BY t.severity DESC, t.category DESC, t.name LIMIT ? OFFSET ?`,
      server,
      limit,
      upTo(page.offset, Number.MAX_SAFE_INTEGER),
    );
    const tools: ToolFacts[] = [];
    let chars = 0;
    for (const row of rows) {
      chars += textOf(row, "definition").length + textOf(row, "verdict").length;
      if (chars > MAX_TOOLS_CHARS && tools.length > 0) break;
      tools.push(toToolFacts(row, server));
    }
    return tools;
  }

  tool(server: string, tool: string): ToolFacts | undefined {
    const row = this.#db.get(
      "SELECT t.* FROM tool t JOIN server s ON s.id = t.server WHERE s.name = ? AND t.name = ?",
      server,
      tool,
    );
    return row === undefined ? undefined : toToolFacts(row, server);
  }

  search(query: SearchQuery): HitPage {
    return search(this.#db, query);
  }

  related(server: string, tool: string, limit: number): readonly SearchHit[] {
    const bounded = upTo(limit, MAX_RELATED);
    const row = this.#db.get("SELECT id FROM server WHERE name = ?", server);
    const siblings = row === undefined ? [] : worstTools(this.#db, numberOf(row, "id"), bounded + 1);
    const others = siblings.filter((hit) => hit.tool !== tool);
    const alike = toolsNamed(this.#db, tool, bounded + 1).filter((hit) => hit.server !== server);
    // Half of each, and what one lacks from the other.
    const first = others.slice(0, Math.max(Math.ceil(bounded / 2), bounded - alike.length));
    return withSummaries(this.#db, [...first, ...alike].slice(0, bounded));
  }

  relatedServers(server: string, limit: number): readonly SearchHit[] {
    return serversLike(this.#db, server, upTo(limit, MAX_RELATED));
  }

  changes(server: string, limit: number): readonly DriftEvent[] {
    return this.#db
      .all(
        `SELECT d.* FROM drift d JOIN server s ON s.id = d.server WHERE s.name = ? ORDER BY d.seq DESC LIMIT ?`,
        server,
        upTo(limit, MAX_CHANGES),
      )
      .map((row) => ({
        server,
        tool: textOf(row, "tool"),
        kind: textOf(row, "kind") as DriftEvent["kind"],
        atMs: numberOf(row, "at"),
        before: optionalTextOf(row, "before"),
        after: optionalTextOf(row, "after"),
      }));
  }
}

const ALL = { offset: 0, limit: MAX_TOOLS };

/** A whole number from 0 to `max`, whatever was asked for. */
function upTo(value: number, max: number): number {
  return Math.min(max, Math.max(0, Math.trunc(value) || 0));
}
