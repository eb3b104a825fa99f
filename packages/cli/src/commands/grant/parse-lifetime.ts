import { err, ok, type Result } from "@portcullis/policy";
import { parseDurationMs } from "@portcullis/server";

const DAY_MS = 86_400_000;
/** A token that nobody thinks of any more ends within a quarter. */
export const DEFAULT_LIFETIME_MS = 90 * DAY_MS;
const MIN_LIFETIME_MS = 1000;
/** Every token ends one day: nobody remembers one that is older. */
const MAX_LIFETIME_MS = 3650 * DAY_MS;

/** The lifetime of a grant, in milliseconds, from its `--expires`. */
export function parseLifetime(expires: string | undefined): Result<number, string> {
  const lifetimeMs = expires === undefined ? DEFAULT_LIFETIME_MS : parseDurationMs(expires);
  return lifetimeMs === undefined || lifetimeMs < MIN_LIFETIME_MS || lifetimeMs > MAX_LIFETIME_MS
    ? err(`\`--expires ${expires}\` must be a time from \`1s\` to \`3650d\`, such as \`90d\``)
    : ok(lifetimeMs);
}
