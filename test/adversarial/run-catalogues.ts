/** Shows hostile lists to clients on every way, and looks what they see and may call. */
import type { Catalogue, Outcome } from "./catalogues.ts";
import type { World } from "./cells.ts";
import { type ListKind, type ListPlace, openListPlace, RunHost } from "./list-places.ts";
import { jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";
import { readLines, wellFormedness } from "./reply.ts";
import { toBytes } from "./template.ts";
import { answerAsWorld } from "./world-server.ts";

export interface CatalogueRun {
  /** By the front. */
  readonly cells: { readonly http: number; readonly run: number };
  readonly failures: readonly string[];
}

/** Servers that are child processes take most of the time: a gate tries every so many-th list on them, in one era. */
const SAMPLE = 4;

/** Tries every catalogue in its eras, in front of the gateway and of `run`; failures are lines. */
export async function runCatalogues(
  catalogues: readonly Catalogue[],
  world: World,
  isSampled = false,
): Promise<CatalogueRun> {
  await using host = await RunHost.start();
  const failures: string[] = [];
  const cells = { http: 0, run: 0 };
  for (const [at, catalogue] of catalogues.entries()) {
    const isFirst = catalogues[at - 1]?.id !== catalogue.id;
    const isInSample = isFirst || at % SAMPLE === 0;
    const sampledEra = at % (2 * SAMPLE) < SAMPLE ? "modern" : "legacy";
    for (const kind of kindsOf(catalogue)) {
      if (isSampled && kind.isChild && !(isInSample && kind.era === sampledEra)) continue;
      cells[kind.front] += 1;
      const problems = await tryWatched(catalogue, kind, world, host).catch((error: unknown) => [
        String(error),
      ]);
      const place = `${kind.era} ${kind.front}${kind.isChild ? " child" : ""}`;
      failures.push(...problems.map((problem) => `${catalogue.name} on ${place}: ${problem}`));
    }
  }
  return { cells, failures };
}

/** Arguments go into no headers there. */
const OVER_HTTP_ONLY: ReadonlySet<string> = new Set(["header-annotation"]);

function kindsOf(catalogue: Catalogue): readonly ListKind[] {
  const servers = canBeAChilds(catalogue) ? [false, true] : [false];
  return (catalogue.on ?? (["modern", "legacy"] as const)).flatMap((era) =>
    (["http", "run"] as const).flatMap((front) => servers.map((isChild) => ({ era, front, isChild }))),
  );
}

/** A child has a process for each client, and a line is a line. */
function canBeAChilds({ id, first, later, cloaked, members = "" }: Catalogue): boolean {
  if (OVER_HTTP_ONLY.has(id)) return false;
  const texts = [first, later ?? [], members].flat();
  return cloaked !== true && texts.every((text) => !toBytes(text, PAGE).includes(0x0a));
}

const PAGE = { page: "0" };

async function tryWatched(
  catalogue: Catalogue,
  kind: ListKind,
  world: World,
  host: RunHost,
): Promise<readonly string[]> {
  const pages = [catalogue.first, catalogue.later ?? []].flat();
  const bytes = Math.max(...pages.map((page) => toBytes(page, PAGE).length));
  const process = kind.front === "http" ? world.process : host.process;
  const held = await process.notHeldUp(bytes, () => tryCatalogue(catalogue, kind, world, host));
  return [...held.value, ...held.problems];
}

async function tryCatalogue(
  catalogue: Catalogue,
  kind: ListKind,
  world: World,
  host: RunHost,
): Promise<readonly string[]> {
  await using place = await openListPlace(kind, world, host);
  let isLater = false;
  world.upstream.script = (seen) => {
    if (seen.path !== `/${place.path}` || seen.message?.["method"] !== "tools/list")
      return answerAsWorld(seen);
    const isOwn = seen.message["id"] === "portcullis-1";
    const showsLater = isLater && !(isOwn && catalogue.cloaked === true);
    const shown = showsLater ? (catalogue.later ?? catalogue.first) : catalogue.first;
    return listReply(catalogue, shown, seen, place.era);
  };
  try {
    const client = new Client(place);
    let listed = await list(client);
    if (catalogue.later !== undefined) {
      isLater = true;
      listed = await list(client);
    }
    const called = await checkCalls(catalogue, client, place.path, world);
    return [...checkListed(catalogue, listed), ...called, ...client.check(world)];
  } finally {
    world.upstream.script = answerAsWorld;
  }
}

/** Asks, and holds what is heard against the oracle of all cases. */
class Client {
  readonly #place: ListPlace;
  readonly #heard: string[] = [];

  constructor(place: ListPlace) {
    this.#place = place;
  }

  async ask(...[more]: Parameters<ListPlace["ask"]>): Promise<string> {
    const text = await this.#place.ask(more);
    this.#heard.push(text);
    return text;
  }

  /** One row for each request, no secret in anything, and answers that are well-formed. */
  check({ canaries }: World): readonly string[] {
    const rows = this.#place.rows();
    const leaked = canaries.find(rows.join("\n")) ?? canaries.find(this.#heard.join("\n"));
    return [
      ...(rows.length === this.#heard.length
        ? []
        : [`${rows.length} rows for ${this.#heard.length} requests`]),
      ...(leaked === undefined ? [] : [`the ${leaked} came out`]),
      ...this.#heard.flatMap((text) => {
        const { id } = JSON.parse(text) as { readonly id?: string | number };
        return wellFormedness(readLines([text]), this.#place.era, id);
      }),
    ];
  }
}

function listReply(
  { members = "", endless, pages: more }: Catalogue,
  list: string | readonly string[],
  seen: Seen,
  era: ListPlace["era"],
): RawReply {
  const written = typeof list === "string" ? [list] : list;
  const pages = more === undefined ? written : Array.from({ length: more }, () => written[0] ?? "[]");
  const params = seen.message?.["params"] as { readonly cursor?: string } | undefined;
  const page = params?.cursor === undefined ? 0 : Number(params.cursor.slice(1));
  const next = nextOf(page, pages.length, endless);
  const cursor = next === undefined ? "" : `,"nextCursor":"p${next}"`;
  const type = era === "modern" ? '"resultType":"complete",' : "";
  const id = JSON.stringify(seen.message?.["id"]);
  const shown = pages[Math.min(page, pages.length - 1)];
  const text = `{"jsonrpc":"2.0","id":${id},"result":{${type}"tools":${shown}${cursor}${members}}}`;
  const body = toBytes(text, { page: String(page) });
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { ...jsonReply({}), pieces: [Buffer.concat([Buffer.from(head), body])] };
}

function nextOf(page: number, pages: number, endless: Catalogue["endless"]): number | undefined {
  if (page < pages - 1 || endless === "on") return page + 1;
  if (endless === undefined) return undefined;
  return endless === "itself" ? page : 1;
}

interface Listed {
  readonly names: readonly string[] | null;
  readonly text: string;
}

/** Every page of the list, as a client takes it. */
async function list(client: Client): Promise<Listed> {
  const names: string[] = [];
  let text = "";
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? '"x":1' : `"cursor":${JSON.stringify(cursor)}`;
    const answer = await client.ask({ method: "tools/list", params });
    text += answer;
    const { result } = JSON.parse(answer) as {
      readonly result?: {
        readonly tools: readonly { readonly name: string }[];
        readonly nextCursor?: string;
      };
    };
    if (result === undefined) return { names: null, text };
    names.push(...result.tools.map(({ name }) => name));
    cursor = result.nextCursor;
    if (cursor === undefined) return { names, text };
  }
  return { names, text };
}

const MAX_PAGES = 3;

function checkListed({ expect }: Catalogue, { names, text }: Listed): readonly string[] {
  const problems: string[] = [];
  if (JSON.stringify(names) !== JSON.stringify(expect.listed))
    problems.push(`the client sees ${JSON.stringify(names)?.slice(0, 200)}`);
  for (const never of expect.never ?? [])
    if (text.includes(never)) problems.push(`the client reads ${never}`);
  return problems;
}

async function checkCalls(
  { expect }: Catalogue,
  client: Client,
  path: string,
  { upstream }: World,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const isCall = ({ path: at, message }: Seen) => at === `/${path}` && message?.["method"] === "tools/call";
  for (const [tool, outcome] of Object.entries(expect.calls ?? {})) {
    const before = upstream.seen.filter(isCall).length;
    const found = outcomeOf(await client.ask({ tool }));
    const ran = upstream.seen.filter(isCall).length - before;
    if (found !== outcome || ran !== (outcome === "allowed" ? 1 : 0))
      problems.push(`a call of ${JSON.stringify(tool)} is ${found}, and ran ${ran} times`);
  }
  return problems;
}

function outcomeOf(text: string): Outcome | "?" {
  if (text.includes("Unknown tool: ")) return "unknown";
  if (text.includes("changed and waits for acceptance")) return "changed";
  if (text.includes("cannot be had")) return "no list";
  return text.includes('"result"') && !text.includes("[POLICY DENIED]") ? "allowed" : "?";
}
