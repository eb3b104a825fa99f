import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  CATALOGUE_RULES,
  type Catalogue,
  openCatalogue,
  openDataFolder,
  openState,
  refreshCatalogue,
  type State,
} from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import type { ExitCode } from "../../exit-code.ts";
import { isDatabaseError } from "../../workspace.ts";

/**
 * Opens the catalogue of the data folder, which is made where it is missing, brings it up to date and closes it after
 * `work`. A failing database is one line and exit code 2.
 */
export async function withCatalogue(
  context: Context,
  work: (catalogue: Catalogue) => Promise<ExitCode> | ExitCode,
): Promise<ExitCode> {
  const folder = openDataFolder(context.dataDir);
  if (!folder.ok) return refuse(context, folder.error);
  const opened = openCatalogue(context.dataDir);
  if (!opened.ok) return refuse(context, opened.error);
  using catalogue = opened.value;
  try {
    const refreshed = refresh(context, catalogue);
    return refreshed === undefined ? await work(catalogue) : refuse(context, refreshed);
  } catch (cause) {
    if (!isDatabaseError(cause)) throw cause;
    const file = join(context.dataDir, "catalogue.db");
    return refuse(
      context,
      `\`${file}\` cannot be used: ${cause.message}; if it is damaged, delete it: it is built anew`,
    );
  }
}

/** Why it cannot be done; undefined once it is. */
function refresh({ dataDir, io, out }: Context, catalogue: Catalogue): string | undefined {
  const stateFile = join(dataDir, "state.db");
  let state: State | undefined;
  if (existsSync(stateFile)) {
    const opened = openState(stateFile);
    if (!opened.ok) return opened.error;
    state = opened.value;
  }
  try {
    let told = 0;
    for (const { done, total } of refreshCatalogue(catalogue, {
      rules: CATALOGUE_RULES,
      state,
      nowMs: io.nowMs(),
      onSkipped: (server) =>
        out.warn(
          `the longest tools of \`${server}\` are not in the catalogue; \`server tools ${server}\` lists all`,
        ),
    })) {
      if (done - told < TELL_EVERY) continue;
      told = done;
      out.note(`judging tools by new rules: ${done} of ${total}`);
    }
    return undefined;
  } finally {
    state?.db.close();
  }
}

const TELL_EVERY = 10_000;
