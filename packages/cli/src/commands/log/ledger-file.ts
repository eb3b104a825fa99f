import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Database, openLedgerToRead } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import type { ExitCode } from "../../exit-code.ts";
import { isDatabaseError } from "../../workspace.ts";

/** Opens the ledger for reading alone; the gateway may be writing it. */
export async function withLedger(
  context: Context,
  work: (ledger: Database) => Promise<ExitCode> | ExitCode,
): Promise<ExitCode> {
  const file = join(context.dataDir, "ledger.db");
  if (!existsSync(file)) {
    return refuse(
      context,
      `there is no audit log in \`${context.dataDir}\` yet; name another folder with \`--data DIR\`, or start the gateway with \`serve\``,
    );
  }
  let ledger: Database | undefined;
  try {
    const opened = openLedgerToRead(file);
    if (!opened.ok) return refuse(context, opened.error);
    ledger = opened.value;
    return await work(ledger);
  } catch (cause) {
    if (!isDatabaseError(cause)) throw cause;
    return refuse(context, `\`${file}\` cannot be read: ${cause.message}`);
  } finally {
    ledger?.close();
  }
}
