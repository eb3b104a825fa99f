import { join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { Database } from "../../storage/database.ts";
import type { CatalogueReader } from "../reader.ts";
import { CatalogueWriter } from "./catalogue-writer.ts";
import type { Rules } from "./rules.ts";
import { migrateCatalogue } from "./schema.ts";
import { StoreReader } from "./store-reader.ts";

/** `catalogue.db`: what is known about servers and tools. Everything in it can be gathered again. */
export interface Catalogue extends Disposable {
  readonly db: Database;
  readonly reader: CatalogueReader;
  writer(rules: Rules): CatalogueWriter;
}

/** Of pages in memory; a million tools make a file of nearly a gigabyte. */
const CACHE_KIB = 16_384;

/** Opens the catalogue of a data folder, which must be there; makes the file. The error is one line that says what to do. */
export function openCatalogue(dataFolder: string): Result<Catalogue, string> {
  return openCatalogueFile(join(dataFolder, "catalogue.db"));
}

/** As {@link openCatalogue}; `:memory:` keeps nothing. */
export function openCatalogueFile(file: string): Result<Catalogue, string> {
  let db: Database | undefined;
  try {
    db = new Database(file);
    db.exec(`PRAGMA cache_size = ${-CACHE_KIB}`);
    const migrated = migrateCatalogue(db);
    if (migrated.ok) return ok(toCatalogue(db));
    db.close();
    return migrated;
  } catch (cause) {
    db?.close();
    const reason = cause instanceof Error ? cause.message : "unknown error";
    return err(`cannot open \`${file}\` (${reason}); if it is damaged, delete it: it is built anew`);
  }
}

function toCatalogue(db: Database): Catalogue {
  return {
    db,
    reader: new StoreReader(db),
    writer: (rules) => new CatalogueWriter(db, rules),
    [Symbol.dispose]: () => db.close(),
  };
}
