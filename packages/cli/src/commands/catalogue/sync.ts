import { CATALOGUE_RULES, type SyncReport, syncRegistry } from "@portcullis/server";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { withCatalogue } from "./with-catalogue.ts";

/** `catalogue sync`: `{"pages","servers","added","updated","skipped","reasons","sinceMs"}`. */
export async function catalogueSync(context: Context): Promise<ExitCode> {
  const { io, out, options } = context;
  const signal = io.stopSignal();
  return withCatalogue(context, async (catalogue) => {
    let toldMs = performance.now();
    let isBegun = false;
    const synced = await syncRegistry(catalogue, {
      registry: options.text("registry") ?? "",
      rules: CATALOGUE_RULES,
      nowMs: () => io.nowMs(),
      isFull: options.flag("full"),
      signal,
      onProgress: ({ servers, pages }) => {
        isBegun = true;
        if (performance.now() - toldMs < TELL_EVERY_MS) return;
        toldMs = performance.now();
        out.note(`${servers} servers on ${pages} pages so far`);
      },
    });
    if (!synced.ok) {
      out.error(synced.error);
      return isBegun ? EXIT.checkFailed : EXIT.refused;
    }
    if (context.json) out.json(synced.value);
    else printReport(context, synced.value);
    return EXIT.ok;
  });
}

const TELL_EVERY_MS = 2_000;

function printReport({ out }: Context, report: SyncReport): void {
  const since =
    report.sinceMs === undefined ? "" : ` changed since ${new Date(report.sinceMs).toISOString()}`;
  out.line(`${report.servers} servers${since}: ${report.added} new, ${report.updated} updated`);
  if (report.skipped > 0)
    out.warn(`${report.skipped} entries were skipped: ${[...new Set(report.reasons)].join("; ")}`);
}
