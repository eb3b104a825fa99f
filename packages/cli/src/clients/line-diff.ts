/** One line of a comparison. */
interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

const CONTEXT_LINES = 2;
/** More differing lines than this are shown as one block. */
const MAX_DISTANCE = 2000;

/** A unified diff without its two head lines; empty when the texts are the same. */
export function diffLines(before: string, after: string): readonly string[] {
  const lines = compare(before.split(/\r?\n/), after.split(/\r?\n/));
  const changed = lines.flatMap((line, index) => (line.sign === " " ? [] : [index]));
  const hunks: { from: number; to: number }[] = [];
  for (const index of changed) {
    const last = hunks.at(-1);
    if (last !== undefined && index - CONTEXT_LINES <= last.to) last.to = index + CONTEXT_LINES + 1;
    else hunks.push({ from: Math.max(0, index - CONTEXT_LINES), to: index + CONTEXT_LINES + 1 });
  }
  return hunks.flatMap(({ from, to }) => hunkLines(lines, from, to));
}

function hunkLines(lines: readonly Line[], from: number, to: number): readonly string[] {
  const before = lines.slice(0, from);
  const hunk = lines.slice(from, to);
  const range = (other: "+" | "-"): string =>
    `${before.filter(({ sign }) => sign !== other).length + 1},${hunk.filter(({ sign }) => sign !== other).length}`;
  return [`@@ -${range("+")} +${range("-")} @@`, ...hunk.map(({ sign, text }) => sign + text)];
}

/** What is common at both ends is put aside first: most of a file. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** The shortest script of E. W. Myers, "An O(ND) Difference Algorithm" (1986). */
function middle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const trace: Map<number, number>[] = [];
  let ends = new Map([[1, 0]]);
  for (let distance = 0; distance <= Math.min(before.length + after.length, MAX_DISTANCE); distance += 1) {
    trace.push(ends);
    const next = new Map(ends);
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      const end = advance(before, after, ends, diagonal, distance);
      next.set(diagonal, end);
      if (end >= before.length && end - diagonal >= after.length) return walkBack(before, after, trace);
    }
    ends = next;
  }
  return [
    ...before.map((text) => ({ sign: "-", text }) as const),
    ...after.map((text) => ({ sign: "+", text }) as const),
  ];
}

function isDown(ends: ReadonlyMap<number, number>, diagonal: number, distance: number): boolean {
  const left = ends.get(diagonal - 1) ?? -1;
  const right = ends.get(diagonal + 1) ?? -1;
  return diagonal === -distance || (diagonal !== distance && left < right);
}

function advance(
  before: readonly string[],
  after: readonly string[],
  ends: ReadonlyMap<number, number>,
  diagonal: number,
  distance: number,
): number {
  let end = isDown(ends, diagonal, distance)
    ? (ends.get(diagonal + 1) ?? 0)
    : (ends.get(diagonal - 1) ?? 0) + 1;
  while (end < before.length && end - diagonal < after.length && before[end] === after[end - diagonal])
    end += 1;
  return end;
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): readonly Line[] {
  const lines: Line[] = [];
  let x = before.length;
  let y = after.length;
  for (let distance = trace.length - 1; distance >= 0; distance -= 1) {
    const ends = trace[distance] ?? new Map();
    const diagonal = x - y;
    const from = isDown(ends, diagonal, distance) ? diagonal + 1 : diagonal - 1;
    const startX = distance === 0 ? 0 : (ends.get(from) ?? 0);
    const startY = distance === 0 ? 0 : startX - from;
    while (x > startX && y > startY && (x > 0 || y > 0)) {
      x -= 1;
      y -= 1;
      lines.push({ sign: " ", text: before[x] ?? "" });
    }
    if (distance === 0) break;
    if (x > startX) lines.push({ sign: "-", text: before[--x] ?? "" });
    else lines.push({ sign: "+", text: after[--y] ?? "" });
  }
  return lines.reverse();
}
