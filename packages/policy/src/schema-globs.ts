import { isGlob, literalCount } from "./glob.ts";

/** Two globs of which neither wins over the other. */
export interface Ambiguity<T> {
  readonly glob: T;
  /** The first one before `glob` that it collides with. */
  readonly other: T;
}

/**
 * Finds globs with as many literals that can match the same name (T3). Each is paired with one other only: all
 * pairs of 2,000 globs would be two million errors. Overlap is what `globsOverlap` says it is, but the starts and
 * ends are sorted once, so that a pair costs a few comparisons of numbers, however long the globs are.
 */
export function ambiguousGlobs<T>(items: readonly T[], keyOf: (item: T) => string): readonly Ambiguity<T>[] {
  const globs = items.filter((item) => isGlob(keyOf(item)));
  const ranked = globs.map((glob) => ({
    glob,
    literals: literalCount(keyOf(glob)),
    start: createRange(beforeStar(keyOf(glob))),
    end: createRange(reversed(afterStar(keyOf(glob)))),
  }));
  setPlaces(ranked.map(({ start }) => start));
  setPlaces(ranked.map(({ end }) => end));
  return [...Map.groupBy(ranked, ({ literals }) => literals).values()].flatMap((equals) =>
    equals.flatMap(({ glob, start, end }, index) => {
      // The search ends at the glob itself: what stands behind it is reported with its own place.
      const other = equals.find(
        (one, at) => at >= index || (areNested(one.start, start) && areNested(one.end, end)),
      );
      return other === undefined || other.glob === glob ? [] : [{ glob, other: other.glob }];
    }),
  );
}

/** A text with its place in sorted order, and the place of the last text that begins with it. */
interface Range {
  readonly text: string;
  first: number;
  last: number;
}

function createRange(text: string): Range {
  return { text, first: 0, last: Number.POSITIVE_INFINITY };
}

/** Sorted, the texts that begin with a text follow it without a gap. */
function setPlaces(ranges: readonly Range[]): void {
  const beginnings: Range[] = [];
  ranges
    .toSorted((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .forEach((range, place) => {
      range.first = place;
      let open = beginnings.at(-1);
      while (open !== undefined && !range.text.startsWith(open.text)) {
        open.last = place - 1;
        beginnings.pop();
        open = beginnings.at(-1);
      }
      beginnings.push(range);
    });
}

/** True when one text begins with the other. */
function areNested(a: Range, b: Range): boolean {
  return (a.first <= b.first && b.first <= a.last) || (b.first <= a.first && a.first <= b.last);
}

function beforeStar(glob: string): string {
  return glob.slice(0, glob.indexOf("*"));
}

function afterStar(glob: string): string {
  return glob.slice(glob.lastIndexOf("*") + 1);
}

/** By code units: only compared with others reversed in the same way. */
function reversed(text: string): string {
  return text.split("").reverse().join("");
}
