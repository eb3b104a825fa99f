const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date or time; undefined for anything else. Without a zone it is UTC: the
 * same file must give the same decision on every machine.
 */
export function parseInstantMs(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, date, time = "T00:00", , , zone = "Z"] = match;
  const ms = Date.parse(`${date}${time}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}
