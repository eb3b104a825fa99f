import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "@portcullis/catalogue";
import { expect, test } from "vitest";
import { TEXT_LIMITS } from "../../src/classify/readings.ts";
import { SCHEMA_LIMITS } from "../../src/classify/schema.ts";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../../docs/classifier.md"), "utf8");

test("docs/classifier.md lists every rule as the code has it, and no other", () => {
  const written = DOCUMENT.split("\n").filter((line) => line.startsWith("| `"));
  const rules = Object.entries(RULES).map(
    ([id, { says, meaning }]) => `| \`${id}\` | ${says} | ${meaning} |`,
  );
  expect(written).toEqual(rules);
});

test("docs/classifier.md states the limits of the code", () => {
  const text = DOCUMENT.replaceAll(/\s+/g, " ");
  expect(text).toContain(`${TEXT_LIMITS.name} characters of a name and a title`);
  expect(text).toContain(`${TEXT_LIMITS.description.toLocaleString("en")} of a description`);
  expect(text).toContain(`${SCHEMA_LIMITS.arguments} arguments down to ${SCHEMA_LIMITS.depth} levels`);
  expect(text).toContain(`${SCHEMA_LIMITS.values} values and ${SCHEMA_LIMITS.chars} characters of each`);
});
