/**
 * The second half of `npm run build`: puts the published command together in `packages/cli/dist`, with everything it
 * loads (docs/adr/0013). One file for each entry and for what several commands share, with source maps, and the
 * licences of what came from others beside them.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";

const PACKAGES = join(import.meta.dirname, "../packages");

/** What is started by itself: the command, its threads, and the server that it runs as a child. */
const ENTRIES = {
  main: join(PACKAGES, "cli/src/main.ts"),
  "wal-worker": join(PACKAGES, "server/src/storage/wal-worker.ts"),
  "catalogue-worker": join(PACKAGES, "server/src/catalogue/pages/catalogue-worker.ts"),
  "demo-server": join(PACKAGES, "server/src/demo/demo-server.ts"),
};

/** Read beside the code: the snapshot that the catalogue begins with. */
const DATA = [join(PACKAGES, "server/seed/catalogue-seed.jsonl.gz")];

/** Writes the command into `folder`, which is emptied first. */
export async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const build = await rolldown({
    input: ENTRIES,
    platform: "node",
    tsconfig: false,
    resolve: {
      conditionNames: ["portcullis-source", "import", "node"],
      // A UMD module hides what it requires.
      mainFields: ["module", "main"],
    },
    // Both packages export all they have from one index: who takes one function gets no parser with it.
    treeshake: { moduleSideEffects: [{ test: /\/packages\/(policy|server)\/src\//, sideEffects: false }] },
    plugins: [leanHttp],
    onLog: (level, log) => {
      throw new Error(`${level}: ${log.message}`);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  });
  await build.close();
  const modules = output.flatMap((file) => (file.type === "chunk" ? modulesOf(file) : []));
  for (const file of DATA) copyFileSync(file, join(folder, basename(file)));
  writeFileSync(join(folder, "THIRD-PARTY-LICENSES.txt"), licencesOf(modules));
}

/**
 * An `import` of one of Node's modules reads everything that it exports, and one thing that `node:http` exports is a
 * client of its own: 10 MB and 25 ms that nobody uses. What is imported must be named here, or the build fails.
 */
const leanHttp: Plugin = {
  name: "lean-http",
  resolveId: (source) => (source === "node:http" ? "\0lean:http" : undefined),
  load: (id) =>
    id === "\0lean:http"
      ? 'export const { createServer, IncomingMessage, STATUS_CODES } = process.getBuiltinModule("node:http");'
      : undefined,
};

function modulesOf({ modules }: OutputChunk): readonly string[] {
  return Object.keys(modules);
}

/** Name, version and licence text of every package that one of the modules belongs to. */
function licencesOf(modules: readonly string[]): string {
  const folders = new Set(
    modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0] ?? []),
  );
  const texts = [...folders].map((folder) => {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const { name, version, license } = manifest as { name: string; version: string; license: string };
    const file = readdirSync(folder).find((found) => /^licen[cs]e/i.test(found));
    if (file === undefined) throw new Error(`${name} has no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.toSorted().join(`\n${"-".repeat(80)}\n\n`);
}

if (import.meta.main) await bundle(join(PACKAGES, "cli/dist"));
