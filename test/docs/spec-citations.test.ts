import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Ids of the form `M1`, defined in bold at the start of an item. */
const DEFINED = idsOf(readFileSync(join(ROOT, "docs/policy-spec.md"), "utf8"), /^- \*\*([MTECLRA]\d+)\b/gm);

const TESTS = ["packages", "test"].flatMap(testFiles);

const CITED = new Set(TESTS.flatMap((file) => citedIds(readFileSync(file, "utf8"))));

describe("citations of the policy specification", () => {
  test("the specification defines its families of rules without a gap", () => {
    const families = Map.groupBy(DEFINED, (id) => id.charAt(0));
    const expected = { M: 7, T: 6, E: 3, C: 7, L: 10, R: 7, A: 6 };
    expect(Object.fromEntries([...families].map(([family, ids]) => [family, ids.length]))).toEqual(expected);
    for (const [family, ids] of families) {
      expect(ids).toEqual(ids.map((_, index) => `${family}${index + 1}`));
    }
  });

  test("every rule is cited by a test", () => {
    expect(DEFINED.filter((id) => !CITED.has(id))).toEqual([]);
  });

  test("tests cite only rules that exist", () => {
    expect([...CITED].filter((id) => !DEFINED.includes(id)).sort()).toEqual([]);
  });

  test.each([
    ["one id", "denies (policy-spec M3)", ["M3"]],
    ["a list", "(policy-spec C1, T2)", ["C1", "T2"]],
    ["a range", "(policy-spec T1-T3, L5)", ["T1", "T2", "T3", "L5"]],
    ["ids joined by and", "policy-spec L3 and L4: windows", ["L3", "L4"]],
    ["an id in brackets", "a name twice (M4, C7)", ["M4", "C7"]],
    ["an id at the head of a row's name", '["T3 an exact key wins", 1]', ["T3"]],
    ["an id at the head of a test's name", 'it("R2: an error denies")', ["R2"]],
    ["ids of a golden case", "    spec: [L2, R1]", ["L2", "R1"]],
    ["no citation", "A4 paper and T5 lamps, F(M1x)", []],
  ])("reads %s", (_, text, ids) => {
    expect(citedIds(text)).toEqual(ids);
  });
});

/** Ids in the places where tests cite: after `policy-spec`, in brackets, at the head of a row's name, in golden cases. */
function citedIds(text: string): string[] {
  const list = String.raw`([MTECLRA]\d+(?:(?:, ?| and |-|–)[MTECLRA]\d+)*)`;
  const places = [
    String.raw`policy-spec ${list}\b`,
    String.raw`\((?:[^()\n]*?[ ,])??${list}\)`,
    String.raw`["\`]${list}[ :]`,
    String.raw`^ *spec: \[${list}\]$`,
  ];
  const found = places.flatMap((place) =>
    [...text.matchAll(new RegExp(place, "gm"))].flatMap(([, ids = ""]) => expand(ids)),
  );
  return [...new Set(found)];
}

/** `T1-T3, L5` as single ids. */
function expand(list: string): string[] {
  return list.split(/, ?| and /).flatMap((part) => {
    const [first = "", last = first] = part.split(/[-–]/);
    const from = Number(first.slice(1));
    const count = Number(last.slice(1)) - from + 1;
    return Array.from({ length: count }, (_, index) => `${first.charAt(0)}${from + index}`);
  });
}

function idsOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, id = ""]) => id);
}

/** Tests and golden cases, this file excepted: its examples would cite for others. */
function testFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter(
      (path) =>
        !path.includes("node_modules") &&
        path.split("/").some((part) => part === "test" || folder === "test"),
    )
    .filter((path) => path.endsWith(".test.ts") || /vectors\/[^/]+\.yaml$/.test(path))
    .map((path) => join(ROOT, folder, path))
    .filter((path) => path !== import.meta.filename);
}
