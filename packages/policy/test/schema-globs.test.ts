import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globsOverlap, literalCount } from "../src/glob.ts";
import { ambiguousGlobs } from "../src/schema-globs.ts";

/** T3 as written: each pair compared. */
function firstCollisions(keys: readonly string[]): readonly unknown[] {
  return keys.flatMap((glob, index) => {
    const other = keys.slice(0, index).find((one) => areAmbiguous(one, glob));
    return other === undefined ? [] : [{ glob, other }];
  });
}

function areAmbiguous(a: string, b: string): boolean {
  return a.includes("*") && b.includes("*") && literalCount(a) === literalCount(b) && globsOverlap(a, b);
}

describe("ambiguous globs (policy-spec T3)", () => {
  test("are those that the comparison of all pairs finds", () => {
    const key = fc.string({ unit: fc.constantFrom("*", "a", "b", "😀"), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 30 }), (keys) => {
        const found = ambiguousGlobs(keys, (one) => one);
        const byGlob = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
        expect(byGlob(found)).toEqual(byGlob(firstCollisions(keys)));
      }),
      { numRuns: 2000 },
    );
  });
});
