import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createClassifier, RULES_VERSION } from "@portcullis/catalogue";
import { openCatalogue } from "@portcullis/server";
import { expect, test } from "vitest";
import { openKnownPackages } from "../../src/commands/scan/known-packages.ts";
import { newFolder, runInProcess } from "../fake-io.ts";
import { makeHome } from "./home.ts";

/** A data folder whose catalogue knows `@acme/notes` 1.2.3. */
function folderWithCatalogue(version = "1.2.3"): string {
  const folder = join(newFolder(), "data");
  mkdirSync(folder);
  const opened = openCatalogue(folder);
  if (!opened.ok) throw new Error(opened.error);
  using catalogue = opened.value;
  const items = [
    { name: "delete_note", description: "Deletes a note for good.", inputSchema: { type: "object" } },
    { name: "list_notes", description: "Lists the notes.", inputSchema: { type: "object" } },
  ];
  catalogue.writer({ version: RULES_VERSION, classifier: createClassifier }).upsertServer({
    name: "io.github.acme/notes",
    status: "active",
    method: "introspected",
    package: { registry: "npm", name: "@acme/notes", version },
    tools: { kind: "sent", items },
    atMs: Date.UTC(2026, 9, 1),
  });
  return folder;
}

test("a package is found under the name of its server or any other, and only that very package", () => {
  using known = openKnownPackages(folderWithCatalogue());
  const found = known.find({ registry: "npm", name: "@acme/notes", version: "1.2.3" });
  expect(found?.tools.map(({ tool }) => tool.name)).toEqual(["delete_note", "list_notes"]);
  expect(found?.warnings).toEqual([]);
  expect(known.find({ registry: "npm", name: "@acme/notes", version: "2.0.0" })?.warnings).toEqual([
    "the catalogue knows version 1.2.3, and the file runs 2.0.0",
  ]);
  expect(known.find({ registry: "pypi", name: "@acme/notes", version: undefined })).toBeUndefined();
  expect(known.find({ registry: "npm", name: "acme-notes", version: undefined })).toBeUndefined();
});

test("scan says that it learned from the catalogue, starts nothing, and judges by it", async () => {
  const home = makeHome();
  const servers = { notes: { command: "npx", args: ["-y", "@acme/notes@1.2.3"] } };
  home.write("project/mcp.json", JSON.stringify({ mcpServers: servers }));
  const surroundings = { cwd: home.project, env: home.env };
  const argv = ["scan", "mcp.json", "--data", folderWithCatalogue(), "--fail-on", "critical"];
  const ended = await runInProcess(argv, surroundings);
  expect([ended.code, ended.stdout]).toEqual([
    1,
    expect.stringContaining("from the catalogue (version 1.2.3, seen 2026-10-01)"),
  ]);
  expect(ended.stderr).toMatch(/^No server was started, and nothing left this machine;/);
  expect(ended.stderr.split("\n").at(-2)).toBe(
    "error: --fail-on critical: notes: delete_note is critical (Destructive)",
  );
});

test("the version that a package says of itself cannot act on a terminal", async () => {
  const home = makeHome();
  const servers = { notes: { command: "npx", args: ["-y", "@acme/notes"] } };
  home.write("project/mcp.json", JSON.stringify({ mcpServers: servers }));
  const argv = ["scan", "mcp.json", "--data", folderWithCatalogue("1\u001b[2J")];
  const { stdout } = await runInProcess(argv, { cwd: home.project, env: home.env });
  expect(stdout).toContain("from the catalogue (version 1\\u{1b}[2J, seen");
  expect(stdout).not.toContain("\u001b");
});

test("looking makes no data folder", () => {
  const folder = join(newFolder(), "none");
  using known = openKnownPackages(folder);
  expect(
    known.find({ registry: "npm", name: "no-such-package-anywhere", version: undefined }),
  ).toBeUndefined();
  expect(existsSync(folder)).toBe(false);
});
