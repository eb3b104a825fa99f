import { exportRows, parseDurationMs } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { parseInstantMs } from "../../instant.ts";
import { writeJsonLines } from "../../json-lines.ts";
import { withLedger } from "./ledger-file.ts";

/** `log export`: every row as one JSON object per line, with and without `--json`. */
export async function logExport(context: Context): Promise<ExitCode> {
  const { options, io } = context;
  const since = options.text("since");
  const sinceMs = since === undefined ? undefined : parseSinceMs(since, io.nowMs());
  if (since !== undefined && sinceMs === undefined) {
    return refuse(
      context,
      `\`--since ${since}\` must be an ISO time such as \`2026-01-01T09:00:00Z\`, or a time ago such as \`24h\``,
    );
  }
  const server = options.text("server");
  const filter = {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(server === undefined ? {} : { server }),
  };
  return withLedger(context, async (ledger) => {
    await writeJsonLines(io.stdout, exportRows(ledger, filter));
    return EXIT.ok;
  });
}

/** `24h` is so long ago; without a unit a number is no time. */
function parseSinceMs(text: string, nowMs: number): number | undefined {
  const ago = /\D$/.test(text) ? parseDurationMs(text) : undefined;
  return ago === undefined ? parseInstantMs(text) : nowMs - ago;
}
