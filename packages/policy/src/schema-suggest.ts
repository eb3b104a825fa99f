import { quote } from "./schema-report.ts";

/** `` ; did you mean `x`? `` where a candidate is near what was written, else nothing (M3). */
export function suggest(written: string, candidates: readonly string[]): string {
  const nearest = nearestOf(written, candidates);
  return nearest === undefined ? "" : `; did you mean ${quote(nearest)}?`;
}

/** Longer words are not compared: no key or operator comes near, and the comparison is quadratic in them. */
const MAX_COMPARED = 40;

function nearestOf(written: string, candidates: readonly string[]): string | undefined {
  if (written.length > MAX_COMPARED) return undefined;
  const word = written.toLowerCase();
  let nearest: string | undefined;
  let nearestEdits = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const allowed = allowedEdits(candidate);
    // The lengths alone rule most out, which counts where many keys are unknown.
    if (Math.abs(candidate.length - word.length) > allowed) continue;
    const edits = editDistance(word, candidate.toLowerCase());
    if (edits <= allowed && edits < nearestEdits) {
      nearest = candidate;
      nearestEdits = edits;
    }
  }
  return nearest;
}

/** A third of the word, at least one, so that `eqq` finds `eq`, and at most three. */
function allowedEdits(candidate: string): number {
  return Math.max(1, Math.min(3, Math.floor(candidate.length / 3)));
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = cell(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let edits = Math.min(replaced, cell(previous, column) + 1, cell(current, column - 1) + 1);
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, cell(beforePrevious, column - 2) + 1);
      }
      current.push(edits);
    }
    beforePrevious = previous;
    previous = current;
  }
  return cell(previous, b.length);
}

/** NaN outside the table, which is never read: a swap needs two characters on both sides. */
function cell(row: readonly number[], column: number): number {
  return Number(row[column]);
}
