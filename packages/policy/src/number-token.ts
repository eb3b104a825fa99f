/**
 * True when a decimal number token keeps its value: the shortest decimal that reads back to its binary64 value
 * has the value of the token (policy-spec C7). Takes the spellings of JSON and of YAML's core schema (`+1`,
 * `.5`, `1.`, `007`); false for everything else. Time is linear in the token, memory a copy of it.
 */
export function isExactNumberToken(token: string): boolean {
  const written = toDecimal(token);
  if (written === undefined) return false;
  // A decimal of 15 digits always survives binary64, exponents aside.
  if (token.length <= 15 && written.exponentText === undefined) return true;
  const shortest = toDecimal(String(Number(token)));
  // Number() yields Infinity beyond binary64, which is no decimal.
  return shortest !== undefined && isSameDecimal(written, shortest);
}

/** Number of decimals of the shortest decimal that reads back to a finite value: `1.10` has one (L2). */
export function decimalPlaces(value: number): number {
  const decimal = toDecimal(String(value));
  return decimal === undefined ? 0 : Math.max(0, -decimal.exponent);
}

/** A decimal as `digits × 10^exponent`, without its sign and without zeros at either end; zero has no digits. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
  readonly exponentText: string | undefined;
}

const DECIMAL = /^[-+]?(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/;

function toDecimal(token: string): Decimal | undefined {
  const [, whole = "", fraction = "", exponentText] = DECIMAL.exec(token) ?? [];
  const all = whole + fraction;
  if (all === "") return undefined;
  // Loops, because a regular expression for zeros at the end takes quadratic time.
  let start = 0;
  while (all[start] === "0") start += 1;
  let end = all.length;
  while (all[end - 1] === "0") end -= 1;
  const shift = all.length - end - fraction.length;
  const digits = all.slice(start, end);
  return {
    digits,
    // An exponent too long for a number here differs from that of every binary64 value all the same.
    exponent: digits === "" ? 0 : Number(exponentText ?? 0) + shift,
    exponentText,
  };
}

/** `Number()` keeps the sign, so that it need not be compared. */
function isSameDecimal(a: Decimal, b: Decimal): boolean {
  return a.digits === b.digits && a.exponent === b.exponent;
}
