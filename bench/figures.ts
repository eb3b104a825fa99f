/** Statistics of few figures. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of an empty list every figure is NaN. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}

export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** `sorted` ascending; `q` from 0 to 1. Between two values the line between them is read. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Of a straight line through points, by least squares; 0 of a single one. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [atX, atY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const above = points.reduce((sum, [x, y]) => sum + (x - atX) * (y - atY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - atX) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

/** Three digits that mean something. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** `median (min–max)`. */
export function shownSpread({ median: middle, min, max }: Spread): string {
  return Number.isFinite(middle) ? `${shown(middle)} (${shown(min)}–${shown(max)})` : "–";
}
