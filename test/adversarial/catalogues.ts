/** Hostile tool lists: what a server may say that it has, now and later, and what of it a client sees and may call. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { initialize, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { sendRaw } from "./raw-client.ts";
import { jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";
import { readReply } from "./reply.ts";
import { toBytes, vary } from "./template.ts";
import { answerAsWorld } from "./world-server.ts";

/** Raw JSON of one list, or of its pages. */
const LIST = z.union([z.string(), z.array(z.string())]);
const OUTCOME = z.enum(["allowed", "unknown", "changed", "no list"]);
const CATALOGUE = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  threats: z.array(z.int().min(1).max(104)).min(1),
  note: z.string().optional(),
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Eras. Default: both. */
  on: z.array(z.enum(["modern", "legacy"])).optional(),
  /** The first list, which is accepted. */
  first: LIST,
  /** What the list is later. */
  later: LIST.optional(),
  /** Only clients are shown the later list; whoever takes lists for the pins sees the first one. */
  cloaked: z.boolean().optional(),
  /** Members of the result beside the list. */
  members: z.string().optional(),
  /** The last page names another, always the same. */
  endless: z.boolean().optional(),
  expect: z.strictObject({
    /** Names that the client's last list shows; null where there is no list. */
    listed: z.array(z.string()).nullable(),
    /** What becomes of a call. */
    calls: z.record(z.string(), OUTCOME).optional(),
    /** Texts that stand nowhere in the client's last list. */
    never: z.array(z.string()).optional(),
  }),
});

export type Catalogue = Omit<z.infer<typeof CATALOGUE>, "vary"> & { readonly name: string };

/** Every catalogue, once per form. */
export function readCatalogues(): readonly Catalogue[] {
  const file = new URL("./catalogues/catalogues.yaml", import.meta.url);
  const shape = z.strictObject({ about: z.string(), catalogues: z.array(CATALOGUE).min(1) });
  const read = shape.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`catalogues.yaml: ${z.prettifyError(read.error)}`);
  return read.data.catalogues.flatMap(expand);
}

function expand({ vary: parts, ...rest }: z.infer<typeof CATALOGUE>): readonly Catalogue[] {
  const [part, choices] = Object.entries(parts ?? {})[0] ?? [];
  if (part === undefined || choices === undefined) return [{ ...rest, name: rest.id }];
  return Object.entries(choices).map(([label, form]) => {
    const text = vary(JSON.stringify(rest), { [part]: JSON.stringify(form).slice(1, -1) });
    return { ...(JSON.parse(text) as typeof rest), name: `${rest.id}[${label}]` };
  });
}

/** Tries every catalogue in its eras; failures are lines. */
export async function runCatalogues(
  catalogues: readonly Catalogue[],
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let cells = 0;
  for (const catalogue of catalogues) {
    for (const era of catalogue.on ?? (["modern", "legacy"] as const)) {
      for (const isChild of canBeAChilds(catalogue) ? [false, true] : [false]) {
        cells += 1;
        const problems = await tryWatched(catalogue, { era, isChild }, world).catch((error: unknown) => [
          String(error),
        ]);
        const place = `${era}${isChild ? " child" : ""}`;
        failures.push(...problems.map((problem) => `${catalogue.name} on ${place}: ${problem}`));
      }
    }
  }
  return { cells, failures };
}

/** What serves the list: over HTTP, or a child process. */
interface Kind {
  readonly era: Target["era"];
  readonly isChild: boolean;
}

/** Arguments go into no headers there. */
const OVER_HTTP_ONLY: ReadonlySet<string> = new Set(["header-annotation"]);

/** A child has a process for each client, and a line is a line. */
function canBeAChilds({ id, first, later, cloaked, members = "" }: Catalogue): boolean {
  if (OVER_HTTP_ONLY.has(id)) return false;
  const texts = [first, later ?? [], members].flat();
  return cloaked !== true && texts.every((text) => !toBytes(text, {}).includes(0x0a));
}

async function tryWatched(catalogue: Catalogue, kind: Kind, world: World): Promise<string[]> {
  const pages = [catalogue.first, catalogue.later ?? []].flat();
  const bytes = Math.max(...pages.map((page) => toBytes(page, {}).length));
  const held = await world.process.notHeldUp(bytes, () => tryCatalogue(catalogue, kind, world));
  return [...held.value, ...held.problems];
}

let servers = 0;

/** A server of its own for each try. */
async function open({ era, isChild }: Kind, world: World): Promise<{ target: Target; path: string }> {
  servers += 1;
  const name = `list-${servers}`;
  const path = `${era === "modern" ? "modern" : "stateless"}/${name}`;
  const policy = { version: "1", default: "allow" };
  const command = world.relay.command(path);
  const { url, token } = isChild
    ? world.rig.add(name, { kind: "stdio", command }, policy, { era })
    : world.register(name, path, era, policy);
  const { host, pathname } = new URL(url);
  const target: Target = { era, front: "http", path: pathname, host, token, session: undefined };
  const session = isChild && era === "legacy" ? await initialize(world, target) : undefined;
  return { target: { ...target, session }, path };
}

async function tryCatalogue(catalogue: Catalogue, kind: Kind, world: World): Promise<string[]> {
  const { era } = kind;
  const { target, path } = await open(kind, world);
  let isLater = false;
  world.upstream.script = (seen) => {
    if (seen.path !== `/${path}` || seen.message?.["method"] !== "tools/list") return answerAsWorld(seen);
    const isOwn = seen.message["id"] === "portcullis-1";
    const showsLater = isLater && !(isOwn && catalogue.cloaked === true);
    return listReply(
      catalogue,
      showsLater ? (catalogue.later ?? catalogue.first) : catalogue.first,
      seen,
      era,
    );
  };
  try {
    let listed = await list(target, world);
    if (catalogue.later !== undefined) {
      isLater = true;
      listed = await list(target, world);
    }
    return [...checkListed(catalogue, listed), ...(await checkCalls(catalogue, target, world))];
  } finally {
    world.upstream.script = answerAsWorld;
    world.relay.end(path);
  }
}

function listReply(
  { members = "", endless }: Catalogue,
  list: string | readonly string[],
  seen: Seen,
  era: Target["era"],
): RawReply {
  const pages = typeof list === "string" ? [list] : list;
  const params = seen.message?.["params"] as { cursor?: string } | undefined;
  const page = params?.cursor === undefined ? 0 : Number(params.cursor.slice(1));
  const isLast = page >= pages.length - 1;
  const next = isLast ? (endless === true ? `,"nextCursor":"p${page}"` : "") : `,"nextCursor":"p${page + 1}"`;
  const type = era === "modern" ? '"resultType":"complete",' : "";
  const id = JSON.stringify(seen.message?.["id"]);
  const text = `{"jsonrpc":"2.0","id":${id},"result":{${type}"tools":${pages[page]}${next}${members}}}`;
  const body = toBytes(text, {});
  const reply = jsonReply({});
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { ...reply, pieces: [Buffer.concat([Buffer.from(head), body])] };
}

interface Listed {
  readonly names: readonly string[] | null;
  readonly text: string;
}

/** Every page of the list, as a client takes it. */
async function list(target: Target, world: World): Promise<Listed> {
  const names: string[] = [];
  let text = "";
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? '"x":1' : `"cursor":${JSON.stringify(cursor)}`;
    const answer = await ask(target, world, { method: "tools/list", params });
    text += answer;
    const result = (JSON.parse(answer) as { result?: { tools: { name: string }[]; nextCursor?: string } })
      .result;
    if (result === undefined) return { names: null, text };
    names.push(...result.tools.map(({ name }) => name));
    cursor = result.nextCursor;
    if (cursor === undefined) return { names, text };
  }
  return { names, text };
}

const MAX_PAGES = 3;

async function ask(target: Target, world: World, more: Partial<Case>): Promise<string> {
  const written: Case = {
    family: "lists",
    id: "list",
    name: "list",
    threats: [31],
    expect: { forwarded: true },
    ...more,
  };
  const answer = await sendRaw(world.rig.gateway.url, compose(written, target).wire);
  return answer.body.toString("utf8");
}

function checkListed({ expect }: Catalogue, { names, text }: Listed): string[] {
  const problems: string[] = [];
  if (JSON.stringify(names) !== JSON.stringify(expect.listed))
    problems.push(`the client sees ${JSON.stringify(names)?.slice(0, 200)}`);
  for (const never of expect.never ?? [])
    if (text.includes(never)) problems.push(`the client reads ${never}`);
  return problems;
}

async function checkCalls({ expect }: Catalogue, target: Target, world: World): Promise<string[]> {
  const problems: string[] = [];
  for (const [tool, outcome] of Object.entries(expect.calls ?? {})) {
    const before = world.upstream.seen.length;
    const written: Case = {
      family: "lists",
      id: "call",
      name: "call",
      threats: [33],
      tool,
      expect: { forwarded: true },
    };
    const reply = readReply(await sendRaw(world.rig.gateway.url, compose(written, target).wire));
    const ran = world.upstream.seen.slice(before).some(({ message }) => message?.["method"] === "tools/call");
    const found = outcomeOf(reply.text);
    if (found !== outcome || ran !== (outcome === "allowed"))
      problems.push(`a call of ${JSON.stringify(tool)} is ${found}, and ${ran ? "ran" : "did not run"}`);
  }
  return problems;
}

function outcomeOf(text: string): z.infer<typeof OUTCOME> | "?" {
  if (text.includes("Unknown tool: ")) return "unknown";
  if (text.includes("changed and waits for acceptance")) return "changed";
  if (text.includes("cannot be had")) return "no list";
  return text.includes('"result"') && !text.includes("[POLICY DENIED]") ? "allowed" : "?";
}
