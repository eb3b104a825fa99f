/** The wall clock that `time.*` paths read (C3). */
export interface WallTime {
  /** 0–23. */
  readonly hour: number;
  readonly minute: number;
  /** 1 = Monday … 7 = Sunday. */
  readonly weekday: number;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** Turns an instant into local time. */
export type WallClock = (nowMs: number) => WallTime;

/** The clock of an IANA time zone. Throws on a name that the platform does not know: validation comes first. */
export function compileWallClock(timeZone: string): WallClock {
  const toLocalMs = timeZone === "UTC" ? (nowMs: number) => nowMs : localClock(timeZone);
  let lastSecond = Number.NaN;
  let last: WallTime = toWallTime(0);
  // Several conditions of a call, and calls of one second, share one conversion: formatting costs microseconds.
  return (nowMs) => {
    const second = Math.floor(nowMs / 1000);
    if (second === lastSecond) return last;
    last = toWallTime(toLocalMs(second * 1000));
    lastSecond = second;
    return last;
  };
}

/** The local date and time, as milliseconds of the UTC instant that reads the same. */
function localClock(timeZone: string): (nowMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (nowMs) => {
    const fields = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
    const field = (name: "year" | "month" | "day" | "hour" | "minute") => Number(fields.get(name));
    return Date.UTC(field("year"), field("month") - 1, field("day"), field("hour"), field("minute"));
  };
}

function toWallTime(localMs: number): WallTime {
  const local = new Date(localMs);
  return {
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    weekday: local.getUTCDay() || 7,
    // Throws on an instant that is no date, so that a broken clock denies (R2).
    date: local.toISOString().slice(0, 10),
  };
}
