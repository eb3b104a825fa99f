/** The catalogue at the size that it is planned for: load, size, searches and the data of a page. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Category, Risk, ToolDefinition, Verdict } from "../../packages/catalogue/src/index.ts";
import type { SearchQuery } from "../../packages/server/src/catalogue/reader.ts";
import type { IncomingServer, JudgedTool } from "../../packages/server/src/catalogue/store/incoming.ts";
import { type Catalogue, openCatalogue } from "../../packages/server/src/catalogue/store/open-catalogue.ts";
import type { Bench, Context } from "../bench.ts";
import { quantile, shown, spreadOf } from "../figures.ts";
import type { Result } from "../report.ts";

export const catalogue: Bench = {
  what: "50,000 servers with 1,000,000 tools: load, size, search, the data of a page",
  run: measure,
};

const SERVERS = 50_000;
const TOOLS_PER_SERVER = 20;
/** As many as a page of a registry has. */
const BATCH = 100;
const MB = 1024 * 1024;
/** Of each kind of question. */
const QUESTIONS = 300;

async function measure({ cleanup }: Context): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const opened = openCatalogue(folder);
  if (!opened.ok) throw new Error(opened.error);
  using store = opened.value;
  const startMs = performance.now();
  load(store);
  const loadSeconds = (performance.now() - startMs) / 1000;
  store.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const sizeMb = statSync(join(folder, "catalogue.db")).size / MB;
  const totals = store.reader.totals();
  if (totals.tools !== SERVERS * TOOLS_PER_SERVER) throw new Error(`${totals.tools} tools were loaded`);
  const rows = KINDS.map((kind) => ({ kind, ...timesOf(store, kind) }));
  const searches = rows.filter(({ kind }) => kind.isSearch).flatMap(({ times }) => times);
  const pages = rows.filter(({ kind }) => !kind.isSearch).flatMap(({ times }) => times);
  return {
    name: "catalogue",
    tables: [
      {
        title: "1,000,000 tools of 50,000 servers",
        head: ["what", "p50 ms", "p95 ms", "worst ms", "CPU p50 ms", "CPU p95 ms"],
        rows: rows.map(({ kind, times, cpu }) => [
          kind.what,
          ...[0.5, 0.95, 1].map((q) => shown(quantile(times, q))),
          ...[0.5, 0.95].map((q) => shown(quantile(cpu, q))),
        ]),
      },
      { title: "The file", head: ["load s", "size MB"], rows: [[shown(loadSeconds), shown(sizeMb)]] },
    ],
    measured: {
      "catalogue-search-p95-ms": spreadOf([quantile(sorted(searches), 0.95)]),
      "catalogue-page-p95-ms": spreadOf([quantile(sorted(pages), 0.95)]),
      "catalogue-load-s": spreadOf([loadSeconds]),
      "catalogue-size-mb": spreadOf([sizeMb]),
    },
    notes: [],
  };
}

interface Kind {
  readonly what: string;
  readonly isSearch: boolean;
  readonly ask: (store: Catalogue, random: () => number) => unknown;
}

function searching(what: string, query: (random: () => number) => Partial<SearchQuery>): Kind {
  const ask = (store: Catalogue, random: () => number) =>
    store.reader.search({ words: "", limit: 20, ...query(random) });
  return { what, isSearch: true, ask };
}

function reading(what: string, ask: (reader: Catalogue["reader"], random: () => number) => unknown): Kind {
  return { what, isSearch: false, ask: (store, random) => ask(store.reader, random) };
}

const RISKS: readonly Risk[] = ["low", "medium", "high", "critical"];

const KINDS: readonly Kind[] = [
  searching("search: two words", (random) => ({ words: `${pick(VERBS, random)} ${pick(OBJECTS, random)}` })),
  searching("search: one very common word", (random) => ({
    words: pick(["tool", "the", "get", "data"], random),
  })),
  searching("search: a whole name", (random) => ({ words: toolName(Math.trunc(random() * 1_000_000)) })),
  searching("search: two letters, as typed", (random) => ({ words: pick(OBJECTS, random).slice(0, 2) })),
  searching("search: four letters, as typed", (random) => ({ words: pick(OBJECTS, random).slice(0, 4) })),
  searching("search: common words and a risk", (random) => ({
    words: "get the data",
    risk: pick(RISKS, random),
  })),
  searching("search: rare and common word", (random) => ({
    words: `the ${rareWord(Math.trunc(random() * SERVERS))}`,
  })),
  searching("search: words that nobody has together", () => ({ words: "please delete zzz my invoice" })),
  searching("list: a risk", (random) => ({ risk: pick(RISKS, random) })),
  searching("list: everything", () => ({})),
  reading("page of a tool", (reader, random) => {
    const index = Math.trunc(random() * SERVERS * TOOLS_PER_SERVER);
    const [server, tool] = [serverName(Math.trunc(index / TOOLS_PER_SERVER)), toolName(index)];
    return [
      reader.server(server),
      reader.tool(server, tool),
      reader.related(server, tool, 8),
      reader.totals(),
    ];
  }),
  reading("page of a server", (reader, random) => {
    const server = serverName(Math.trunc(random() * SERVERS));
    return [
      reader.server(server),
      reader.tools(server),
      reader.changes(server, 20),
      reader.relatedServers(server, 6),
    ];
  }),
];

interface Times {
  /** Milliseconds, ascending. */
  readonly times: readonly number[];
  /** The same of this process's CPU, which does not count who else uses the machine. */
  readonly cpu: readonly number[];
}

function timesOf(store: Catalogue, { what, ask }: Kind): Times {
  const random = randomOf(what.length);
  const times: number[] = [];
  const cpu: number[] = [];
  for (let question = 0; question < QUESTIONS; question += 1) {
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    ask(store, random);
    times.push(performance.now() - startMs);
    const { user, system } = process.cpuUsage(startCpu);
    cpu.push((user + system) / 1000);
  }
  return { times: sorted(times), cpu: sorted(cpu) };
}

function sorted(times: readonly number[]): readonly number[] {
  return times.toSorted((a, b) => a - b);
}

function load(store: Catalogue): void {
  const writer = store.writer({ version: "bench", classifier: () => () => VERDICTS.Read });
  for (let first = 0; first < SERVERS; first += BATCH) {
    const servers = Array.from({ length: BATCH }, (_, at) => incomingOf(first + at));
    for (const done of writer.upsertServers(servers)) {
      if (!done.ok || done.value.added !== TOOLS_PER_SERVER) throw new Error("a server was not loaded whole");
    }
  }
}

function incomingOf(server: number): IncomingServer {
  const items = Array.from({ length: TOOLS_PER_SERVER }, (_, at) => toolOf(server * TOOLS_PER_SERVER + at));
  return {
    name: serverName(server),
    title: `${pick(OBJECTS, randomOf(server))} ${server}`,
    description: `The server for ${rareWord(server)} and other data`,
    package: { registry: "npm", name: serverName(server), version: "1.0.0" },
    transports: ["stdio"],
    status: "active",
    method: "introspected",
    atMs: 1,
    tools: { kind: "judged", items },
  };
}

function serverName(server: number): string {
  return `@maker${server % 5_000}/mcp-${rareWord(server)}`;
}

function rareWord(server: number): string {
  return `word${server.toString(36)}`;
}

/** Unique within its server. */
function toolName(index: number): string {
  const random = randomOf(index);
  return `${pick(VERBS, random)}_${pick(OBJECTS, random)}_${pick(OBJECTS, random)}_${index % TOOLS_PER_SERVER}`;
}

const CATEGORIES: readonly Category[] = [
  "Read",
  "Read",
  "Read",
  "Write",
  "Execute",
  "Destructive",
  "Financial",
];

function toolOf(index: number): JudgedTool {
  const random = randomOf(index);
  const words = Array.from({ length: 12 }, () => pick(random() < 0.5 ? FILLERS : OBJECTS, random)).join(" ");
  const definition: ToolDefinition = {
    name: toolName(index),
    description: `Use this tool to ${pick(VERBS, random)} the ${words}`,
    inputSchema: {
      type: "object",
      properties: Object.fromEntries(
        [0, 1, 2].map((at) => [`${pick(OBJECTS, random)}_${at}`, { type: "string" }]),
      ),
    },
  };
  return {
    definition,
    hash: index.toString(16).padStart(64, "0"),
    verdict: VERDICTS[pick(CATEGORIES, random)],
  };
}

function verdictOf(category: Category, risk: Risk): Verdict {
  const evidence = [{ rule: "verb", source: "name", text: "verb", start: 0, says: category }] as const;
  return { category, risk, severity: risk, modifiers: [], confidence: 0.9, evidence, rules: "bench" };
}

const VERDICTS: Readonly<Record<Category, Verdict>> = {
  Read: verdictOf("Read", "low"),
  Write: verdictOf("Write", "medium"),
  Execute: verdictOf("Execute", "high"),
  Destructive: verdictOf("Destructive", "critical"),
  Financial: verdictOf("Financial", "critical"),
};

/** mulberry32: the same numbers on every machine. */
function randomOf(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(list: readonly [T, ...T[]] | readonly T[], random: () => number): T {
  const found = list[Math.trunc(random() * list.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

const FILLERS = "the a of and in to for with by from as all new old its data given current".split(" ");
const VERBS =
  "get get get list list search read find create update set add send run delete remove pay start".split(" ");
const OBJECTS =
  `issue order invoice file page user team project branch commit image cluster database table row column query
   message channel event calendar contact lead deal ticket task board card comment label release build deployment
   function bucket object key secret policy role group account balance payment refund customer product price
   inventory shipment address route map place weather forecast stock symbol report chart metric alert log trace
   session token device sensor zone record domain certificate template form field document folder drive sheet slide
   note reminder playlist track album video caption frame model prompt dataset job worker queue topic stream`
    .trim()
    .split(/\s+/);
