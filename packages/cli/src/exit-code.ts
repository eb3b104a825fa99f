/** What the process exits with; `--help` and the documentation list the same. */
export const EXIT = {
  ok: 0,
  /**
   * What was asked about is not in order (`log verify`, `policy test`, `policy import`, `doctor`, `--fail-on`), or only
   * a part of it could be done (`init`, `restore`, `catalogue sync`).
   */
  checkFailed: 1,
  /** Wrong usage, wrong input, or something outside that the user must change first. Nothing was changed. */
  refused: 2,
  /** A fault of the program itself. */
  fault: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One line per code, for the help text. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "done"],
  [
    EXIT.checkFailed,
    "a check failed (log verify, policy test, doctor, --fail-on), an import lost a rule, or only a part was done (init, restore, catalogue sync)",
  ],
  [EXIT.refused, "wrong usage or input; nothing was changed"],
  [EXIT.fault, "a fault of the program itself"],
];
