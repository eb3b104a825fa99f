import { CATEGORIES, type Verdict } from "@portcullis/catalogue";
import { err, ok, type Result } from "@portcullis/policy";
import { type Database, numberOf, textOf } from "../../storage/database.ts";
import { addCounts, type Counts, NO_TOOLS, sumOf, toCounts } from "./counts.ts";
import { type IncomingServer, type Note, type ReadyTool, readIncoming } from "./incoming.ts";
import type { Rules } from "./rules.ts";
import {
  checkServerName,
  findRecord,
  isAtLeastAsTrusted,
  mergeFacts,
  type ServerRecord,
  toServerRecord,
  writeServer,
} from "./server-record.ts";
import { deleteTool, insertTool, type Owner, rejudgeTool, updateTool } from "./tool-record.ts";

/** What one server's news did to the index. */
export interface UpsertReport {
  /** Of the record that was made or changed: known by its package, a server keeps the name that it has. */
  readonly name: string;
  readonly isNew: boolean;
  /** False when nothing was written but, at most, when it was looked at. */
  readonly isChanged: boolean;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly notes: readonly Note[];
}

/** News with the verdicts that it needs. */
interface Prepared {
  readonly incoming: IncomingServer;
  readonly read: ReturnType<typeof readIncoming> | undefined;
  readonly verdictOf: (tool: ReadyTool) => Verdict;
}

/** A tool as the index has it. */
interface Known {
  readonly id: number;
  readonly hash: string;
  readonly isWhole: boolean;
  /** Version of the rules that judged it. */
  readonly rules: string;
}

const NOTHING = { added: 0, changed: 0, removed: 0, unchanged: 0, rejudged: 0 };
type Tally = Readonly<typeof NOTHING>;

/** Events of one server that are kept; the oldest go. */
const MAX_DRIFT_EVENTS = 1_000;

/** Brings news into the index: one server at a time, all of it or nothing. */
export class CatalogueWriter {
  readonly #db: Database;
  readonly #rules: Rules;

  constructor(db: Database, rules: Rules) {
    this.#db = db;
    this.#rules = rules;
  }

  /**
   * Makes or updates one server. What is unchanged by its hash is neither written nor judged again, but takes over a
   * verdict that came with it where it could not be judged here; what changed or went is a drift event. News of somebody who is trusted less, or older news, changes no tool.
   */
  upsertServer(incoming: IncomingServer): Result<UpsertReport, string> {
    const [report = err("nothing was written")] = this.upsertServers([incoming]);
    return report;
  }

  /** Many servers in one transaction, which writes the index of words once: all or, where the disk fails, none. */
  upsertServers(servers: readonly IncomingServer[]): readonly Result<UpsertReport, string>[] {
    // Judged before the write lock is taken: rules may take seconds for thousands of tools.
    const prepared = servers.map((incoming) => this.#prepare(incoming));
    return this.#db.transaction(() => prepared.map((one) => (one.ok ? this.#write(one.value) : one)));
  }

  #prepare(incoming: IncomingServer): Result<Prepared, string> {
    const named = checkServerName(incoming);
    if (!named.ok) return named;
    const read = incoming.tools === undefined ? undefined : readIncoming(incoming.tools);
    const siblings = [...(read?.tools.values() ?? [])].map(toDefinition);
    const classify = once(() => this.#rules.classifier({ server: incoming.name, siblings }));
    const verdicts = new Map<ReadyTool, Verdict>();
    const verdictOf = (tool: ReadyTool): Verdict => {
      const verdict = tool.verdict ?? verdicts.get(tool) ?? classify()(tool.definition);
      verdicts.set(tool, verdict);
      return verdict;
    };
    for (const tool of this.#unknownTools(incoming, read?.tools)) verdictOf(tool);
    return ok({ incoming, read, verdictOf });
  }

  /** Takes a server out with everything that is known of it. False where there is none. */
  removeServer(name: string, atMs: number): boolean {
    return this.#db.transaction(() => {
      const row = this.#db.get("SELECT * FROM server WHERE name = ?", name);
      if (row === undefined) return false;
      const { id, facts } = toServerRecord(row);
      this.#db.run("DELETE FROM tool_words WHERE rowid IN (SELECT id FROM tool WHERE server = ?)", id);
      this.#db.run("DELETE FROM server_words WHERE rowid = ?", id);
      this.#db.run("DELETE FROM server WHERE id = ?", id);
      const counts = CATEGORIES.map((category) => -facts.counts[category]);
      addToTotals(this.#db, counts, -1, atMs);
      return true;
    });
  }

  #unknownTools(incoming: IncomingServer, tools: ReadonlyMap<string, ReadyTool> | undefined): ReadyTool[] {
    if (tools === undefined) return [];
    const record = findRecord(this.#db, incoming);
    const known = record === undefined ? new Map() : this.#knownTools(record.id);
    return [...tools].filter(([name, { hash }]) => known.get(name)?.hash !== hash).map(([, tool]) => tool);
  }

  #write({ incoming, read, verdictOf }: Prepared): Result<UpsertReport, string> {
    const before = findRecord(this.#db, incoming);
    if (before !== undefined && isForeign(before, incoming)) {
      return err(`the name \`${incoming.name}\` belongs to another package in the catalogue`);
    }
    const isStale = read !== undefined && before !== undefined && isOlderNews(incoming, before);
    const facts = mergeFacts(isStale ? { ...incoming, tools: undefined } : incoming, before?.facts);
    const { id, isChanged } = writeServer(this.#db, facts, before);
    const owner: Owner = { id, name: facts.name };
    const notes = [...(read?.notes ?? [])];
    if (isStale) notes.push({ tool: undefined, reason: "what is known of its tools is newer or surer" });
    const tools =
      read === undefined || isStale
        ? NOTHING
        : this.#writeTools(owner, read.tools, verdictOf, incoming.atMs, before === undefined);
    const { rejudged, ...tally } = tools;
    const isTouched = isChanged || rejudged + tally.added + tally.changed + tally.removed > 0;
    if (isTouched) this.#noteChange(owner, before, incoming.atMs);
    if (isTouched) noteRules(this.#db, this.#rules.version);
    return ok({ name: facts.name, isNew: before === undefined, isChanged: isTouched, ...tally, notes });
  }

  #writeTools(
    owner: Owner,
    tools: ReadonlyMap<string, ReadyTool>,
    verdictOf: (tool: ReadyTool) => Verdict,
    atMs: number,
    isFirst: boolean,
  ): Tally {
    const known = this.#knownTools(owner.id);
    const tally = { ...NOTHING };
    // The first list is no drift: there is nothing that it differs from.
    const hadTools = !isFirst && known.size > 0;
    for (const [name, tool] of tools) {
      const old = known.get(name);
      if (old === undefined) {
        insertTool(this.#db, owner, tool, verdictOf(tool), atMs);
        if (hadTools) this.#noteDrift(owner, name, "added", atMs, undefined, tool.hash);
        tally.added += 1;
      } else if (old.hash !== tool.hash || (tool.isWhole && !old.isWhole)) {
        updateTool(this.#db, old.id, owner, tool, verdictOf(tool), atMs);
        if (old.hash !== tool.hash) this.#noteDrift(owner, name, "changed", atMs, old.hash, tool.hash);
        tally.changed += 1;
      } else {
        tally.unchanged += 1;
        if (!this.#takesOver(old, tool.verdict)) continue;
        rejudgeTool(this.#db, old.id, owner, tool.definition, tool.verdict);
        tally.rejudged += 1;
      }
    }
    for (const [name, old] of known) {
      if (tools.has(name)) continue;
      deleteTool(this.#db, old.id);
      this.#noteDrift(owner, name, "removed", atMs, old.hash, undefined);
      tally.removed += 1;
    }
    return tally;
  }

  /** What is only known in part is judged elsewhere, from the whole, and only by our rules. */
  #takesOver(old: Known, verdict: Verdict | undefined): verdict is Verdict {
    const { version } = this.#rules;
    return verdict !== undefined && !old.isWhole && old.rules !== version && verdict.rules === version;
  }

  #knownTools(server: number): Map<string, Known> {
    const rows = this.#db.all(
      "SELECT id, name, definition_hash, is_whole, rules FROM tool WHERE server = ?",
      server,
    );
    return new Map(
      rows.map((row) => [
        textOf(row, "name"),
        {
          id: numberOf(row, "id"),
          hash: textOf(row, "definition_hash"),
          isWhole: numberOf(row, "is_whole") === 1,
          rules: textOf(row, "rules"),
        },
      ]),
    );
  }

  #noteDrift(
    owner: Owner,
    tool: string,
    kind: "added" | "changed" | "removed",
    atMs: number,
    before: string | undefined,
    after: string | undefined,
  ): void {
    this.#db.run(
      "INSERT INTO drift (server, tool, kind, at, before, after) VALUES (?, ?, ?, ?, ?, ?)",
      owner.id,
      tool,
      kind,
      atMs,
      before ?? null,
      after ?? null,
    );
  }

  /** Counts the server's tools anew, and what that changes in the totals. */
  #noteChange(owner: Owner, before: ServerRecord | undefined, atMs: number): void {
    const counts = countTools(this.#db, owner.id);
    const old: Counts =
      before === undefined ? NO_TOOLS : CATEGORIES.map((category) => before.facts.counts[category]);
    this.#db.run("UPDATE server SET counts = ? WHERE id = ?", JSON.stringify(counts), owner.id);
    addToTotals(this.#db, addCounts(counts, old, -1), before === undefined ? 1 : 0, atMs);
    this.#db.run(
      `DELETE FROM drift WHERE server = ? AND seq <=
         (SELECT seq FROM drift WHERE server = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      owner.id,
      owner.id,
      MAX_DRIFT_EVENTS,
    );
  }
}

/** The tools of one server per category. */
export function countTools(db: Database, server: number): Counts {
  const counts = CATEGORIES.map(() => 0);
  const rows = db.all("SELECT category, count(*) AS n FROM tool WHERE server = ? GROUP BY category", server);
  for (const row of rows) counts[numberOf(row, "category")] = numberOf(row, "n");
  return counts;
}

/** Moves the totals; in the transaction of what moved them. */
export function addToTotals(db: Database, difference: Counts, servers: number, atMs: number): void {
  const now = toCounts(textOf(db.get("SELECT counts FROM total") ?? {}, "counts"));
  const counts = addCounts(now, difference, 1);
  db.run(
    "UPDATE total SET servers = servers + ?, tools = ?, counts = ?, changed_at = max(changed_at, ?)",
    servers,
    sumOf(counts),
    JSON.stringify(counts),
    atMs,
  );
}

/** Which rules judged, until others have judged everything anew. */
function noteRules(db: Database, version: string): void {
  db.run("INSERT OR IGNORE INTO setting (name, value) VALUES ('rules', ?)", version);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function toDefinition({ definition }: ReadyTool): ReadyTool["definition"] {
  return definition;
}

/** Found by its name alone, though both are packages: an npm and a PyPI package, say, that share a name. */
function isForeign(before: ServerRecord, incoming: IncomingServer): boolean {
  const [a, b] = [before.facts.package, incoming.package];
  const isSameEntry = incoming.registryId !== undefined && before.facts.registryId === incoming.registryId;
  if (isSameEntry || a === undefined || b === undefined) return false;
  return a.registry !== b.registry || a.name !== b.name;
}

function isOlderNews(incoming: IncomingServer, before: ServerRecord): boolean {
  const { facts } = before;
  // The data folder itself says what is live, and it is never behind.
  if (facts.tools === 0 || incoming.method === "live") return false;
  if (!isAtLeastAsTrusted(incoming.method, facts.method)) return true;
  return incoming.method === facts.method && incoming.atMs < facts.seenAtMs;
}
