import { toPrintable } from "../printable.ts";
import { diffLines } from "./line-diff.ts";
import { maskLine } from "./mask.ts";

/** Longer lines hold whole files: they are named, not shown. */
const MAX_SHOWN_LINE = 400;

/** What differs between two texts of a client's file, with these secrets and others masked, safe for a terminal. */
export function shownDiff(before: string, after: string, secrets: readonly string[]): readonly string[] {
  return diffLines(before, after).map((line) =>
    line.length > MAX_SHOWN_LINE
      ? `${line.slice(0, 1)}(a line of ${line.length - 1} characters)`
      : toPrintable(maskLine(line, secrets).replaceAll("\t", "  ")),
  );
}
