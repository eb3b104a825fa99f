import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/**
 * The dependency rule (ARCHITECTURE.md), each arrow with its reason. A room may import from itself, from what
 * stands here, and nothing else of ours.
 */
const ALLOWED: { readonly [room: string]: readonly string[] } = {
  // what a call may do: pure, and run in the browser too
  policy: [],
  // what tools do, and the policy for each: pure, too
  catalogue: ["policy"],
  // protocol only
  "server/mcp": ["policy"],
  // the line: policy, protocol, and its own ports
  "server/call": ["policy", "server/mcp"],
  // both ways in end at the line
  "server/front": ["policy", "server/mcp", "server/call"],
  // implementations know the ports that they implement
  "server/storage": ["policy", "server/mcp", "server/call"],
  "server/snapshot": ["policy", "server/mcp", "server/call", "server/storage"],
  "server/counters": ["policy", "server/call", "server/storage", "server/audit"],
  "server/audit": ["policy", "server/call", "server/storage"],
  "server/upstream": ["policy", "server/mcp", "server/call", "server/outbound"],
  "server/outbound": ["policy"],
  "server/observe": ["policy", "server/call"],
  // pages and index of what is known about servers and tools
  "server/catalogue": [
    "policy",
    "catalogue",
    "server/mcp",
    "server/storage",
    "server/outbound",
    "server/upstream",
  ],
  // a program of its own, started as a child
  "server/demo": [],
  // composition
  server: [
    "policy",
    "server/mcp",
    "server/call",
    "server/front",
    "server/storage",
    "server/snapshot",
    "server/counters",
    "server/audit",
    "server/upstream",
    "server/outbound",
    "server/observe",
    "server/demo",
    "server/catalogue",
    "catalogue",
  ],
  cli: ["policy", "catalogue", "server"],
};

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

const IMPORTS = sources().flatMap(importsOf);

describe("layers", () => {
  test("the rule sees real imports", () => {
    expect(IMPORTS.length).toBeGreaterThan(100);
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
