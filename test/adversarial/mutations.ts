/** Small changes to a message, of the kinds that attackers make. */
import fc from "fast-check";

/** One change; `at` and `pick` choose the place and the form, whatever the text looks like. */
export interface Mutation {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  readonly pick: number;
}

const KINDS = [
  "duplicate",
  "rename",
  "recase",
  "escape",
  "respell",
  "invisible",
  "nest",
  "truncate",
  "swap",
  "insert",
  "delete",
  "reserved",
] as const;

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fc.nat({ max: 100_000 }),
  pick: fc.nat({ max: 1_000 }),
});

const MEMBER = /"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|\{\}|\[\])/g;
const KEY = /"(?:[^"\\]|\\.)*"(?=\s*:)/g;
const STRING = /"(?:[^"\\]|\\.)*"/g;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;
const ODD = [
  "\u200b",
  "\u00ad",
  "\ufeff",
  "\u202e",
  "\u{e0041}",
  "\ufe0f",
  "\u0000",
  "\u2028",
  "\u0301",
  "\n",
  "\ud800",
];
const NAMES = ["name", "arguments", "method", "params", "id", "jsonrpc", "_meta", "__proto__", "constructor"];
const NUMBERS = [
  "1e400",
  "9007199254740993",
  "-0",
  "1.0",
  "1E2",
  "100.0000000000000001",
  "1e-400",
  "NaN",
  "01",
  "1000",
];
const BYTES = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\",
  " ",
  "\t",
  "\r",
  "0",
  "\u00a0",
  "/",
  "'",
  "null",
  '"a":1,',
];

/** The changed text. */
export function mutate(text: string, { kind, at, pick }: Mutation): string {
  switch (kind) {
    case "duplicate":
      return change(text, MEMBER, at, (member) =>
        pick % 2 === 0 ? `${member},${member}` : `${member},${escapeKey(member)}`,
      );
    case "rename":
      return change(text, KEY, at, () => JSON.stringify(choose(NAMES, pick)));
    case "recase":
      return change(text, STRING, at, (string) => recase(string, pick));
    case "escape":
      return change(text, STRING, at, (string) => escapeOne(string, pick));
    case "respell":
      return change(text, NUMBER, at, (number) => (pick % 3 === 0 ? `${number}.0` : choose(NUMBERS, pick)));
    case "invisible":
      return change(text, STRING, at, (string) =>
        insertAt(string, 1 + (pick % string.length), choose(ODD, pick)),
      );
    case "nest":
      return change(
        text,
        MEMBER,
        at,
        (member) => `"x":${"[".repeat(1 + (pick % 70))}${"]".repeat(1 + (pick % 70))},${member}`,
      );
    case "truncate":
      return text.slice(0, at % (text.length + 1));
    case "swap":
      return swap(text, at, pick);
    case "insert":
      return insertAt(text, at % (text.length + 1), choose(BYTES, pick));
    case "delete":
      return text.slice(0, at % text.length) + text.slice((at % text.length) + 1 + (pick % 3));
    case "reserved":
      return change(
        text,
        MEMBER,
        at,
        (member) => `${JSON.stringify(recase(choose(NAMES, pick), pick))}:1,${member}`,
      );
    default:
      return unreachable(kind);
  }
}

function change(text: string, pattern: RegExp, at: number, make: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  const match = found[at % Math.max(1, found.length)];
  if (match === undefined) return text;
  return text.slice(0, match.index) + make(match[0]) + text.slice(match.index + match[0].length);
}

function choose<T>(from: readonly [T, ...T[]] | readonly T[], pick: number): T {
  const chosen = from[pick % from.length];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}

function insertAt(text: string, at: number, more: string): string {
  return text.slice(0, at) + more + text.slice(at);
}

function recase(text: string, pick: number): string {
  const forms = [
    text.toUpperCase(),
    text.replace(/[a-z]/, (letter) => letter.toUpperCase()),
    text.replace("s", "\u017f"),
    text.replace("k", "\u212a"),
    text.replace(/[a-z]/, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0)),
    text.replace("a", "\u0430"),
  ];
  return choose(forms, pick);
}

function escapeOne(string: string, pick: number): string {
  const place = 1 + (pick % Math.max(1, string.length - 2));
  const unit = string[place];
  if (unit === undefined || !/[A-Za-z0-9_/]/.test(unit) || string[place - 1] === "\\") return string;
  return `${string.slice(0, place)}\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}${string.slice(place + 1)}`;
}

function escapeKey(member: string): string {
  return member.replace(/^"([A-Za-z_])/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** Two strings change places. */
function swap(text: string, at: number, pick: number): string {
  const found = [...text.matchAll(STRING)];
  const [one, two] = [found[at % Math.max(1, found.length)], found[pick % Math.max(1, found.length)]].sort(
    (a, b) => (a?.index ?? 0) - (b?.index ?? 0),
  );
  if (one === undefined || two === undefined || one === two) return text;
  const between = text.slice(one.index + one[0].length, two.index);
  return text.slice(0, one.index) + two[0] + between + one[0] + text.slice(two.index + two[0].length);
}

function unreachable(value: never): never {
  throw new TypeError(`unhandled mutation ${String(value)}`);
}
