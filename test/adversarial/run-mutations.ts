/** Mutates the corpus and holds each outcome against the second opinion of `unambiguous.ts`. */
import fc from "fast-check";
import type { Cell, World } from "./cells.ts";
import { type Composed, compose } from "./compose.ts";
import type { Family } from "./corpus.ts";
import { type Mutation, mutate, mutation } from "./mutations.ts";
import { sendRaw } from "./raw-client.ts";
import { readPlainCall } from "./unambiguous.ts";

export interface MutationRun {
  readonly inputs: number;
  /** How many of them the upstream heard of. */
  readonly heard: number;
  readonly failure: string | undefined;
}

interface Seed {
  readonly cell: Cell;
  readonly composed: Composed;
}

/** Inputs between two reports; each chunk has a seed of its own, so that a run can go on where another one ended. */
const CHUNK = 5_000;

export interface MutationOptions {
  readonly runs: number;
  readonly seed: number;
  /** Inputs of the run with this seed that were tried before; a multiple of 5,000. */
  readonly from?: number;
  readonly onProgress?: (inputs: number) => void;
}

/** Longer bodies are the corpus's own business: here the shapes count. */
const MAX_SEED_BYTES = 1_500;

/** Inputs `from` to `runs` of a seed; stops at the first that is wrong, and makes it small. */
export async function runMutations(
  families: readonly Family[],
  world: World,
  { runs, seed, from = 0, onProgress }: MutationOptions,
): Promise<MutationRun> {
  const seeds = seedsOf(families, world);
  let inputs = 0;
  let heard = 0;
  const property = fc.asyncProperty(
    fc.nat({ max: seeds.length - 1 }),
    fc.array(mutation, { minLength: 1, maxLength: 2 }),
    async (at, mutations) => {
      inputs += 1;
      const chosen = seeds[at];
      if (chosen === undefined) return;
      const attempt = () => tryMutant(chosen, mutations, world);
      const { value, problems } = await chosen.cell.process.notHeldUp(0, attempt);
      if (problems.length > 0) throw new Error(problems.join());
      heard += value;
    },
  );
  for (let at = from; at < runs; at += CHUNK) {
    const outcome = await fc.check(property, { numRuns: Math.min(CHUNK, runs - at), seed: seed + at });
    if (outcome.failed)
      return {
        inputs,
        heard,
        failure: `${String(outcome.errorInstance)}\n${fc.defaultReportMessage(outcome)}`,
      };
    onProgress?.(from + inputs);
    // What was heard was judged: nothing of it is kept.
    world.upstream.seen.length = 0;
  }
  return { inputs, heard, failure: undefined };
}

/** The calls of the corpus that are read at all, as they go to a server of each era. */
function seedsOf(families: readonly Family[], world: World): readonly Seed[] {
  const cells = world.cells.filter(({ name }) => name === "http-modern" || name === "http-stateless");
  const cases = families
    .flatMap((family) => family.cases)
    .filter(({ expect, wire, start, headers, on }) => {
      const isJudged = "allowed" in expect || "denied" in expect || "held" in expect;
      return (
        isJudged && wire === undefined && start === undefined && headers === undefined && on === undefined
      );
    });
  return cells
    .flatMap((cell) => cases.map((written) => ({ cell, composed: compose(written, cell.target) })))
    .filter(({ composed }) => composed.body.length <= MAX_SEED_BYTES);
}

/** 1 when the upstream heard of it. Throws on what must not be. */
async function tryMutant(
  { cell, composed }: Seed,
  mutations: readonly Mutation[],
  world: World,
): Promise<number> {
  const text = mutations.reduce(mutate, composed.body.toString("utf8"));
  const body = Buffer.from(text);
  const head = composed.wire
    .subarray(0, composed.wire.length - composed.body.length)
    .toString("latin1")
    .replace(/content-length: \d+/i, `Content-Length: ${body.length}`);
  const answer = await sendRaw(world.rig.gateway.url, Buffer.concat([Buffer.from(head, "latin1"), body]));
  const received = cell.received();
  if (answer.status >= 500 || answer.status === 0) throw new Error(`HTTP ${answer.status} for ${text}`);
  if (received.length === 0) return 0;
  const [call] = received;
  if (received.length > 1 || call === undefined) throw new Error(`${received.length} calls for ${text}`);
  if (!call.body.equals(body)) throw new Error(`other bytes than those judged: ${text}`);
  const plain = readPlainCall(body);
  if (plain === undefined) throw new Error(`readers differ about ${text}`);
  if (plain.method === "tools/call" && !mayRun(plain.tool, plain.arguments))
    throw new Error(`policy does not allow ${text}`);
  return 1;
}

/** What the corpus's policy allows, in other words; tools whose rule is not written here are left to the corpus. */
function mayRun(tool: unknown, args: unknown): boolean {
  const { amount, v, dry_run, token } = (args ?? {}) as { readonly [name: string]: unknown };
  switch (tool) {
    case "pay":
      return typeof amount === "number" && amount <= 100;
    case "pay_unless":
      return typeof amount === "number" && amount <= 100;
    case "pay_held":
      return typeof amount === "number" && amount <= 10;
    case "one":
      return v === 1;
    case "text_one":
      return v === "1";
    case "flag":
      return dry_run === true;
    case "token":
      return token === "ok";
    default:
      return (
        typeof tool === "string" && !/^(?:delete|read_secret|hidden_|drop_table|unnamed|never)/.test(tool)
      );
  }
}
