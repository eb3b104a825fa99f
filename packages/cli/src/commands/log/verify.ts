import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Verification, type VerifyInput, verifyLedger } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { readInput } from "../../read-input.ts";

/** Above this size reading the whole chain may take longer than a second. */
const LARGE_BYTES = 64 * 1024 * 1024;

/** `log verify`: `{"ok","rows","checkpoints","firstBad"?}`, exit code 1 when not ok. Reads three files, no key. */
export async function logVerify(context: Context): Promise<ExitCode> {
  const { dataDir, options, out } = context;
  const ledgerFile = join(dataDir, "ledger.db");
  const keyFile = join(dataDir, "audit.pub");
  for (const file of [ledgerFile, keyFile]) {
    if (!existsSync(file))
      return refuse(context, `there is no \`${file}\`; name the folder of the audit log with \`--data DIR\``);
  }
  const checkpointPath = options.text("checkpoint");
  const outside = checkpointPath === undefined ? undefined : await readInput(context, checkpointPath);
  if (outside !== undefined && !outside.ok) return refuse(context, outside.error);
  const outsideCheckpoint = outside?.value.toString("utf8");
  if (outsideCheckpoint?.trim() === "") return refuse(context, `\`${checkpointPath}\` holds no checkpoint`);
  if (statSync(ledgerFile).size > LARGE_BYTES) out.note("reading the whole chain …");
  const verification = verifyFiles({
    ledgerFile,
    publicKey: readFileSync(keyFile, "utf8"),
    checkpoints: { file: join(dataDir, "checkpoints.log") },
    outsideCheckpoint,
  });
  print(context, verification);
  return verification.ok ? EXIT.ok : EXIT.checkFailed;
}

/** A file that cannot be read as what it should be was tampered with, as far as anybody can tell. */
function verifyFiles(input: VerifyInput): Verification {
  try {
    return verifyLedger(input);
  } catch (cause) {
    return {
      ok: false,
      rows: 0,
      checkpoints: 0,
      reason: cause instanceof Error ? cause.message : String(cause),
    };
  }
}

function print({ json, out }: Context, { ok, rows, checkpoints, firstBad, reason }: Verification): void {
  const place = firstBad === undefined ? "" : ` at entry ${firstBad}`;
  if (!ok) out.error(`the audit log does not verify${place}: ${reason ?? "unknown reason"}`);
  if (json) out.json({ ok, rows, checkpoints, ...(firstBad === undefined ? {} : { firstBad }) });
  else if (ok) out.line(`The audit log verifies: ${rows} entries, ${checkpoints} checkpoints.`);
}
