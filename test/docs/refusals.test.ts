import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("docs/errors.md lists every reason for which the gateway refuses, and no other", () => {
  const source = readFileSync(join(ROOT, "packages/server/src/call/refusal.ts"), "utf8");
  const union = source.slice(
    source.indexOf("export type Refusal"),
    source.indexOf("export interface RefusalContext"),
  );
  const kinds = [...union.matchAll(/readonly kind: "([a-z-]+)"/g)].map(([, kind]) => kind);
  const docs = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const section = docs.slice(docs.indexOf("## Refusals of the gateway"));
  const listed = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind);
  expect(kinds.length).toBeGreaterThan(20);
  expect([...listed].sort()).toEqual([...new Set(kinds)].sort());
});

test("every ADR is numbered once and has its four parts", async () => {
  const { readdirSync } = await import("node:fs");
  const files = readdirSync(join(ROOT, "docs/adr"));
  expect(new Set(files.map((file) => file.slice(0, 4))).size).toBe(files.length);
  for (const file of files) {
    const text = readFileSync(join(ROOT, "docs/adr", file), "utf8");
    expect(text).toMatch(/Context\.[\s\S]*Decision\.[\s\S]*Consequences\./);
  }
});
