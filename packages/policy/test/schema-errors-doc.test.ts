import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { POLICY_ERRORS } from "../src/errors.ts";

test("docs/errors.md lists exactly the codes of the validator, with their meanings (policy-spec M6)", () => {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith("Policy errors\n")) ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((row) => [row[1], row[2]]);
  expect(rows).toEqual(Object.entries(POLICY_ERRORS));
});
