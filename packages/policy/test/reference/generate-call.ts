import type { PolicyDocument } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";
import type { ReferenceCall } from "./evaluator.ts";
import * as addresses from "./pool-addresses.ts";
import * as names from "./pool-names.ts";
import * as values from "./pool-values.ts";
import { optional, type Random } from "./random.ts";

/** A random call; every other one names a tool that the document governs. */
export function makeCall(random: Random, document: PolicyDocument, nowMs: number): ReferenceCall {
  const named = Object.keys(document.tools ?? {}).map((key) =>
    key.replaceAll("*", () => random.pick(["", "x", "_user", "a*", "secret", "user_b"])),
  );
  return {
    tool: random.oneIn(2) && named.length > 0 ? random.pick(named) : random.pick(names.TOOL_NAMES),
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

/** Built as text and parsed, so that `__proto__` is an own member and `-0` a number. */
function makeArguments(random: Random): JsonValue {
  if (random.oneIn(200)) return JSON.parse(makeText(random, 2)) ?? {};
  const members: [string, () => string][] = [
    ["s", () => makeString(random)],
    ["n", () => random.pick(values.NUMBER_TOKENS)],
    ["b", () => random.pick(["true", "false"])],
    ["amount", () => (random.oneIn(12) ? makeText(random, 1) : random.pick(values.NUMBER_TOKENS))],
    ["items", () => makeItems(random)],
    ["words", () => `[${random.some(0, 3, () => JSON.stringify(random.pick(values.NEEDLES)))}]`],
    ["numbers", () => `[${random.some(0, 3, () => String(random.pick(values.DOCUMENT_NUMBERS)))}]`],
    ["obj", () => makeObject(random, 1)],
    ["url", () => JSON.stringify(random.pick(addresses.URLS))],
    ["urls", () => JSON.stringify(random.subset(addresses.URLS, 0, 2))],
    ["path", () => JSON.stringify(random.pick(values.FILE_PATHS))],
    ["paths", () => JSON.stringify(random.subset(values.FILE_PATHS, 0, 2))],
    ...["constructor", "__proto__", "toString", "we.ird [k]", "größe", "*", "", "length"].map(
      (name): [string, () => string] => [name, () => makeText(random, 1)],
    ),
  ];
  const kept = members.filter(([name], index) =>
    name === "amount" ? !random.oneIn(12) : index < 12 ? !random.oneIn(4) : random.oneIn(4),
  );
  return JSON.parse(
    `{${kept.map(([name, make]) => `${JSON.stringify(name)}:${random.oneIn(20) ? makeText(random, 1) : make()}`)}}`,
  );
}

function makeString(random: Random): string {
  if (random.oneIn(400)) return JSON.stringify(random.pick(["x", "😀"]).repeat(65_536 + random.below(2)));
  return JSON.stringify(random.pick(random.oneIn(2) ? values.NEEDLES : values.STRINGS));
}

function makeItems(random: Random): string {
  if (random.oneIn(1000)) return `[${"1,".repeat(9_999 + random.below(2))}2]`;
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
