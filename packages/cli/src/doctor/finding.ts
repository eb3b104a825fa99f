/** One line of `doctor`. `warn` is worth a look; `fail` makes the exit code 1. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found and, unless ok, what to do. */
  readonly detail: string;
}

export function fine(check: string, detail: string): Finding {
  return { check, status: "ok", detail };
}

export function warning(check: string, detail: string): Finding {
  return { check, status: "warn", detail };
}

export function failing(check: string, detail: string): Finding {
  return { check, status: "fail", detail };
}
