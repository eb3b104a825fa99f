/**
 * True iff a JSON number token has the decimal value of the shortest decimal that reads back to its binary64 value
 * (policy-spec C7): `0.1`, `1.0`, `5e0` pass; `9007199254740993`, `1e400`, `0.10000000000000000555` do not. What is
 * judged is then what every other reader sees, whether it reads doubles or exact decimals (threats 4, 5).
 *
 * `token` must be a JSON number by grammar. Linear in its length.
 */
export function isFaithfulNumber(token: string): boolean {
  const read = Number(token);
  if (!Number.isFinite(read)) return false;
  const shortest = String(read);
  if (shortest === token) return true;
  const asked = toDecimal(token);
  const kept = toDecimal(shortest);
  // A sign cannot differ but on zero, where `-0` and `0` are one value.
  return asked.digits === kept.digits && asked.exponent === kept.exponent;
}

/** A magnitude as `0.digits × 10^exponent`, without leading or trailing zeros; zero is no digits and exponent 0. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function toDecimal(token: string): Decimal {
  const mark = token.search(/[eE]/);
  const mantissa = mark === -1 ? token : token.slice(0, mark);
  const start = mantissa.startsWith("-") ? 1 : 0;
  const point = mantissa.indexOf(".");
  const whole = mantissa.slice(start, point === -1 ? undefined : point);
  const all = point === -1 ? whole : whole + mantissa.slice(point + 1);
  const first = skipZeros(all, 0, 1);
  if (first === all.length) return { digits: "", exponent: 0 };
  const last = skipZeros(all, all.length - 1, -1);
  // An exponent too long for a safe integer belongs to a number that read as zero or infinity; it equals nothing.
  const shift = mark === -1 ? 0 : Number(token.slice(mark + 1));
  return { digits: all.slice(first, last + 1), exponent: whole.length - first + shift };
}

/** A loop, because a pattern that anchors zeros at the end is quadratic on a long run that does not end there. */
function skipZeros(digits: string, from: number, step: 1 | -1): number {
  let at = from;
  while (digits[at] === "0") at += step;
  return at;
}
