import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** The rooms, and what each may import, as the table of ARCHITECTURE.md says it. Throws on what it does not know. */
function readTable(): { readonly [room: string]: readonly string[] } {
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const rows = [...text.matchAll(/^\| `packages\/([^`]+)` \|[^|]*\| ([^|]+) \|$/gm)];
  const rooms = rows.map(([, path = ""]) => path.replace("/src", ""));
  const entries = rows.map(([, , cell = ""], at) => [rooms[at], readCell(cell, rooms)]);
  return Object.fromEntries(entries) as { [room: string]: readonly string[] };
}

function readCell(cell: string, rooms: readonly string[]): readonly string[] {
  if (cell === "nothing of ours") return [];
  return cell.split(", ").flatMap((word) => {
    if (word === "every room of `server`") return rooms.filter((room) => room.startsWith("server/"));
    const room = /^`(.+)`$/.exec(word)?.[1];
    if (room !== undefined && rooms.includes(room)) return [room];
    // The one room that needs other people's packages to be what it is names them.
    if (PACKAGES["policy"]?.includes(word) === true) return [];
    throw new Error(`ARCHITECTURE.md: what is ${word}?`);
  });
}

/** npm packages that each package may reach; everything else is a finding. */
const PACKAGES: { readonly [name: string]: readonly string[] } = {
  policy: ["re2js", "jsonc-parser", "yaml"],
  catalogue: ["@portcullis/policy"],
  server: [
    "@portcullis/catalogue",
    "@portcullis/policy",
    "canonicalize",
    "hono",
    "ipaddr.js",
    "jsonc-parser",
    "pino",
    "yaml",
  ],
  cli: [
    "@portcullis/catalogue",
    "@portcullis/policy",
    "@portcullis/server",
    "cli-table3",
    "commander",
    "jsonc-parser",
    "smol-toml",
  ],
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly specifier: string;
}

function sources(): string[] {
  const found: string[] = [];
  for (const name of ["policy", "catalogue", "server", "cli"]) {
    const folder = join(ROOT, "packages", name, "src");
    for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (entry.endsWith(".ts") && !entry.endsWith(".d.ts")) found.push(join(folder, entry));
    }
  }
  return found;
}

/** `packages/server/src/call/head.ts` → `server/call`; `packages/policy/src/x.ts` → `policy`. */
function roomOf(path: string): string {
  const [, name, , folder, ...rest] = relative(ROOT, path).split(sep);
  if (name === "server" && folder !== undefined && rest.length > 0) return `server/${folder}`;
  return name ?? "";
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...found].map((match) => ({ file, from: roomOf(file), specifier: match[1] ?? match[2] ?? "" }));
}

/** A room may import from itself, from what stands here, and nothing else of ours. */
const ALLOWED = readTable();
const IMPORTS = sources().flatMap(importsOf);

describe("layers", () => {
  test("the rule sees real imports", () => {
    expect(IMPORTS.length).toBeGreaterThan(100);
  });

  test("every room stands in the table, and every room of the table is there", () => {
    const rooms = new Set(sources().map(roomOf));
    expect(Object.keys(ALLOWED).toSorted()).toEqual([...rooms].toSorted());
  });

  test("no room imports from above itself", () => {
    const broken = IMPORTS.filter(({ specifier }) => specifier.startsWith("."))
      .map(({ file, from, specifier }) => ({ file, from, to: roomOf(join(file, "..", specifier)) }))
      .filter(({ from, to }) => to !== from && !(ALLOWED[from] ?? []).includes(to))
      .map(({ file, to }) => `${relative(ROOT, file)} → ${to}`);
    expect(broken).toEqual([]);
  });

  test("every npm package that production reaches is on the list", () => {
    const broken = IMPORTS.filter(
      ({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"),
    )
      .map(({ file, from, specifier }) => {
        const name = specifier.startsWith("@")
          ? specifier.split("/").slice(0, 2).join("/")
          : specifier.split("/")[0];
        return { file, package: from.split("/")[0] ?? "", name: name ?? "" };
      })
      .filter((found) => !(PACKAGES[found.package] ?? []).includes(found.name))
      .map(({ file, name }) => `${relative(ROOT, file)} → ${name}`);
    expect(broken).toEqual([]);
  });

  test("the policy package takes nothing from Node", () => {
    const broken = IMPORTS.filter(
      ({ from, specifier }) => from === "policy" && specifier.startsWith("node:"),
    );
    expect(broken.map(({ file }) => relative(ROOT, file))).toEqual([]);
  });
});
