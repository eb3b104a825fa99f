import { findLookAlike, RISK_OF, RULES_VERSION } from "@portcullis/catalogue";
import { expect, test } from "vitest";
import { loadSeed } from "../../src/catalogue/seed/load-seed.ts";
import { packSeed, readShippedSeed } from "../../src/catalogue/seed/seed-file.ts";
import { listShippedPackages } from "../../src/catalogue/seed/shipped-packages.ts";
import { newCatalogue, WordJudge } from "./fixtures.ts";

const MAX_BYTES = 1_500_000;
const PERMISSIVE = /^(?:MIT|MIT-0|ISC|0BSD|Apache|BSD)/i;

test("the shipped snapshot is small, full, under permissive licences, and free of descriptions", () => {
  const packed = readShippedSeed();
  expect(packed?.length).toBeLessThan(MAX_BYTES);
  const { db, reader } = load();
  const { servers, tools } = reader.totals();
  expect(servers).toBeGreaterThanOrEqual(150);
  expect(tools).toBeGreaterThanOrEqual(2_500);
  const names = db.all("SELECT name FROM server").map((row) => String(row["name"]));
  for (const name of names) {
    const server = reader.server(name);
    expect(server?.license, name).toMatch(PERMISSIVE);
    expect(server).toMatchObject({ method: "introspected", description: undefined, title: undefined });
    expect(server?.package?.version, name).toMatch(/^\d/);
    for (const { definition, verdict } of reader.tools(name)) {
      expect([definition.title, definition.description, definition.annotations?.title], name).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(JSON.stringify(definition)).not.toContain('"description":"');
      expect(verdict.risk).toBe(RISK_OF[verdict.category]);
      expect(verdict.rules, `${name}: new rules need \`npm run catalogue:seed\``).toBe(RULES_VERSION);
    }
  }
});

test("a well-known tool stands under the server that provides it", () => {
  const { reader } = load();
  const [hit] = reader.search({ words: "build_and_push_image_to_ecr", limit: 1 }).hits;
  expect(hit).toMatchObject({ server: "awslabs.ecs-mcp-server", tool: "build_and_push_image_to_ecr" });
  expect(reader.server("awslabs.ecs-mcp-server")).toMatchObject({
    package: { registry: "pypi", name: "awslabs.ecs-mcp-server" },
    license: "Apache-2.0",
  });
});

test("the packages of the snapshot are known by name, and none looks like another", () => {
  const packages = listShippedPackages();
  expect(packages.length).toBeGreaterThanOrEqual(150);
  expect(packages).toContainEqual({
    registry: "npm",
    name: "@playwright/mcp",
    repository: "https://github.com/microsoft/playwright-mcp",
  });
  const mistaken = packages.filter((one) =>
    findLookAlike(
      one,
      packages.filter((other) => other !== one),
    ),
  );
  expect(mistaken).toEqual([]);
  expect(listShippedPackages(packSeed([], 0))).toEqual([]);
});

function load() {
  const catalogue = newCatalogue();
  expect(loadSeed(catalogue, new WordJudge())).toBeGreaterThan(0);
  return catalogue;
}
