import type { ToolDefinition } from "@portcullis/catalogue";
import { type Database, numberOf, textOf } from "../../storage/database.ts";
import { addToTotals, countTools } from "./catalogue-writer.ts";
import { addCounts, toCounts } from "./counts.ts";
import type { Rules } from "./rules.ts";
import { rejudgeTool } from "./tool-record.ts";

/** How far a new judgement of everything is. */
export interface RejudgeProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Judges every tool that other rules judged, server by server, each in a transaction of its own: a run that is
 * stopped goes on where it was. Yields after every server. Tools whose definition is only known in part keep the
 * verdict that was made from the whole.
 */
export function* rejudge(db: Database, rules: Rules, nowMs: number): Generator<RejudgeProgress, void> {
  if (db.get("SELECT value FROM setting WHERE name = 'rules'")?.["value"] === rules.version) return;
  const count = "SELECT count(*) AS n FROM tool WHERE is_whole = 1 AND rules <> ?";
  const total = numberOf(db.get(count, rules.version) ?? {}, "n");
  let done = 0;
  for (let after = 0; ; ) {
    const row = db.get(
      `SELECT id, name FROM server WHERE id > ? AND EXISTS (SELECT 1 FROM tool
         WHERE tool.server = server.id AND is_whole = 1 AND rules <> ?) ORDER BY id LIMIT 1`,
      after,
      rules.version,
    );
    if (row === undefined) break;
    after = numberOf(row, "id");
    done += rejudgeServer(db, { id: after, name: textOf(row, "name") }, rules, nowMs);
    yield { done, total };
  }
  db.run("INSERT OR REPLACE INTO setting (name, value) VALUES ('rules', ?)", rules.version);
}

function rejudgeServer(
  db: Database,
  owner: { readonly id: number; readonly name: string },
  rules: Rules,
  nowMs: number,
): number {
  const rows = db.all("SELECT id, definition, is_whole, rules FROM tool WHERE server = ?", owner.id);
  const tools = rows.map((row) => ({
    id: numberOf(row, "id"),
    definition: JSON.parse(textOf(row, "definition")) as ToolDefinition,
    isDue: numberOf(row, "is_whole") === 1 && textOf(row, "rules") !== rules.version,
  }));
  const classify = rules.classifier({
    server: owner.name,
    siblings: tools.map(({ definition }) => definition),
  });
  // Judged before the write lock is taken.
  const due = tools
    .filter(({ isDue }) => isDue)
    .map(({ id, definition }) => ({ id, definition, verdict: classify(definition) }));
  db.transaction(() => {
    const before = toCounts(
      textOf(db.get("SELECT counts FROM server WHERE id = ?", owner.id) ?? {}, "counts"),
    );
    for (const { id, definition, verdict } of due) rejudgeTool(db, id, owner, definition, verdict);
    const after = countTools(db, owner.id);
    db.run("UPDATE server SET counts = ? WHERE id = ?", JSON.stringify(after), owner.id);
    addToTotals(db, addCounts(after, before, -1), 0, nowMs);
  });
  return due.length;
}
