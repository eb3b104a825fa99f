import type { PolicyDocument } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import type { ReferenceCall } from "./evaluator.ts";
import * as addresses from "./pool-addresses.ts";
import * as names from "./pool-names.ts";
import * as values from "./pool-values.ts";
import { optional, type Random } from "./random.ts";

/** A random call; every other one names a tool that the document governs, in half of the cases `focus`. */
export function makeCall(
  random: Random,
  document: PolicyDocument,
  nowMs: number,
  focus: string | undefined,
): ReferenceCall {
  return {
    tool: focus !== undefined && random.oneIn(2) ? focus : pickTool(random, document),
    ...(random.oneIn(20) ? {} : { args: makeArguments(random) }),
    nowMs,
    ...optional(random, 2, "grantLabel", () => random.pick(["team", "", "secret"])),
    ids: {
      organisation: "o1",
      server: random.oneIn(5) ? "s2" : "s1",
      grant: random.oneIn(5) ? "g2" : "g1",
      ...optional(random, 2, "session", () => random.pick(["x", "y"])),
    },
  };
}

function pickTool(random: Random, document: PolicyDocument): string {
  const keys = Object.keys(document.tools ?? {});
  if (keys.length === 0 || random.oneIn(2)) return random.pick(names.TOOL_NAMES);
  return random.pick(keys).replaceAll("*", () => random.pick(["", "x", "_user", "a*", "secret", "user_b"]));
}

/** Built as text and parsed, so that `__proto__` is an own member and `-0` a number. */
function makeArguments(random: Random): JsonValue {
  if (random.oneIn(200)) return JSON.parse(makeText(random, 2)) ?? {};
  const often = COMMON_MEMBERS.filter(() => !random.oneIn(4));
  const seldom = RARE_NAMES.filter(() => random.oneIn(4));
  const members = [
    ...often.map(([name, make]) => `"${name}":${random.oneIn(20) ? makeText(random, 1) : make(random)}`),
    ...seldom.map((name) => `"${name}":${makeText(random, 1)}`),
  ];
  return JSON.parse(`{${members}}`);
}

const COMMON_MEMBERS: readonly (readonly [string, (random: Random) => string])[] = [
  ["s", makeString],
  ["n", ({ pick }) => pick(values.NUMBER_TOKENS)],
  ["b", ({ pick }) => pick(["true", "false"])],
  ["amount", (random) => (random.oneIn(12) ? makeText(random, 1) : random.pick(values.NUMBER_TOKENS))],
  ["items", makeItems],
  ["words", ({ subset }) => JSON.stringify(subset(values.NEEDLES, 0, 3))],
  ["numbers", ({ subset }) => JSON.stringify(subset(values.DOCUMENT_NUMBERS, 0, 3))],
  ["obj", (random) => makeObject(random, 1)],
  ["url", ({ pick }) => JSON.stringify(pick(addresses.URLS))],
  ["urls", ({ subset }) => JSON.stringify(subset(addresses.URLS, 0, 2))],
  ["path", ({ pick }) => JSON.stringify(pick(values.FILE_PATHS))],
  ["paths", ({ subset }) => JSON.stringify(subset(values.FILE_PATHS, 0, 2))],
];

const RARE_NAMES = [
  "constructor",
  "__proto__",
  "toString",
  "we.ird [k]",
  "größe",
  "*",
  "",
  "length",
] as const;

function makeString(random: Random): string {
  if (random.oneIn(2000)) return JSON.stringify(random.pick(["x", "😀"]).repeat(65_536 + random.below(2)));
  return JSON.stringify(random.pick(random.oneIn(2) ? values.NEEDLES : values.STRINGS));
}

function makeItems(random: Random): string {
  const make = random.pick([
    () => random.pick(values.NUMBER_TOKENS),
    () => makeString(random),
    () => `{"n":${makeText(random, 2)}}`,
    () => makeText(random, 1),
  ]);
  return `[${random.some(0, 3, make)}]`;
}

function makeObject(random: Random, depth: number): string {
  return `{${random.subset(["a", "n", "__proto__", "0", "toString"], 0, 3).map((name) => `"${name}":${makeText(random, depth + 1)}`)}}`;
}

/** Any JSON value. */
function makeText(random: Random, depth: number): string {
  const kind = random.below(depth >= 3 ? 6 : 8);
  if (kind < 2) return makeString(random);
  if (kind < 4) return random.pick(values.NUMBER_TOKENS);
  if (kind < 6) return random.pick(["true", "false", "null", "null"]);
  return kind === 6 ? `[${random.some(0, 3, () => makeText(random, depth + 1))}]` : makeObject(random, depth);
}
