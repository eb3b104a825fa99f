import { hash } from "node:crypto";
import type { JsonObject } from "@portcullis/policy";
import { definitionHash } from "../mcp/canonical-json.ts";
import { readHeaderParams } from "../mcp/header-params.ts";
import { isAcceptableToolName } from "../mcp/tool-name.ts";
import { toolSchemaProblem } from "../mcp/tool-schema.ts";

/** One tool as a server defines it now. */
export interface SeenTool {
  readonly name: string;
  readonly definition: JsonObject;
  /** The definition as `JSON.stringify` spells it. */
  readonly text: string;
  /** Over the canonical JSON of the whole definition. */
  readonly hash: string;
}

/** The hash of a definition by the digest of its text, so that what did not change is not canonicalised again. */
export interface KnownDefinition {
  readonly textDigest: string;
  readonly hash: string;
}

export interface DroppedTool {
  /** Undefined where the name itself must not be shown. */
  readonly name: string | undefined;
  readonly reason: string;
}

export interface ToolReading {
  readonly tools: readonly SeenTool[];
  readonly known: ReadonlyMap<string, KnownDefinition>;
  readonly dropped: readonly DroppedTool[];
}

/**
 * Reads one list of tools: drops those whose name nobody could check by eye (threats 22, 23), both of two with one
 * name, what has no canonical form to be hashed, whose schema is of no use and, where clients mirror arguments into
 * headers, those that annotate it wrongly (2026-07-28 streamable-http "Schema Extension").
 */
export function readToolList(
  items: readonly JsonObject[],
  known: ReadonlyMap<string, KnownDefinition>,
  mirrorsHeaders: boolean,
): ToolReading {
  const dropped: DroppedTool[] = [];
  const byName = new Map<string, JsonObject>();
  const twice = new Set<string>();
  for (const item of items) {
    const name = Object.hasOwn(item, "name") ? item["name"] : undefined;
    if (!isAcceptableToolName(name))
      dropped.push({ name: undefined, reason: "the name is not printable ASCII" });
    else if (byName.has(name)) twice.add(name);
    else byName.set(name, item);
  }
  for (const name of twice) dropped.push({ name, reason: "two tools have this name" });

  const tools: SeenTool[] = [];
  const now = new Map<string, KnownDefinition>();
  for (const [name, definition] of byName) {
    if (twice.has(name)) continue;
    const before = known.get(name);
    const spelled = spell(definition);
    // What is known was found good before.
    const isKnown = spelled !== undefined && spelled.digest === before?.textDigest;
    const schemaProblem = isKnown ? undefined : toolSchemaProblem(definition);
    const problem = schemaProblem ?? checkHeaders(definition, mirrorsHeaders);
    // Last, for it takes longest: what is too large to be kept is not hashed either (faults F21).
    const hashed = problem === undefined ? hashDefinition(definition, spelled?.digest, before) : undefined;
    if (spelled === undefined || hashed === undefined) {
      dropped.push({ name, reason: problem ?? "it has no canonical form or is nested too deeply" });
      continue;
    }
    now.set(name, hashed);
    tools.push({ name, definition, text: spelled.text, hash: hashed.hash });
  }
  return { tools, known: now, dropped };
}

/** Definitions that are looked at in one turn: a few milliseconds for those of usual size. */
const DEFINITIONS_PER_TURN = 20;

/**
 * What {@link readToolList} will find of a long list, some definitions a turn: with this as `known` it stops nobody for
 * long (faults F21). It says nothing of the list as a whole.
 */
export async function lookAhead(
  items: readonly JsonObject[],
  known: ReadonlyMap<string, KnownDefinition>,
  mirrorsHeaders: boolean,
): Promise<ReadonlyMap<string, KnownDefinition>> {
  const found = new Map(known);
  for (let at = DEFINITIONS_PER_TURN; at < items.length; at += DEFINITIONS_PER_TURN) {
    const some = readToolList(items.slice(at - DEFINITIONS_PER_TURN, at), known, mirrorsHeaders);
    for (const [name, definition] of some.known) found.set(name, definition);
    await new Promise(setImmediate);
  }
  return found;
}

/** Names that equal another one but for case: some servers take the two for one (threat 24). */
export function namesAlike(tools: readonly SeenTool[]): readonly string[] {
  const byFold = Map.groupBy(tools, ({ name }) => name.toLowerCase());
  return [...byFold.values()]
    .filter(({ length }) => length > 1)
    .flatMap((same) => same.map(({ name }) => name));
}

interface Spelled {
  readonly text: string;
  readonly digest: string;
}

/** A long list is looked at twice and then stored, and nobody writes to it in between. */
const spellings = new WeakMap<JsonObject, Spelled>();

/** Undefined where JSON.stringify runs out of stack, though JSON.parse did not. */
function spell(definition: JsonObject): Spelled | undefined {
  const known = spellings.get(definition);
  if (known !== undefined) return known;
  try {
    const text = JSON.stringify(definition);
    const spelled = { text, digest: hash("sha256", text, "base64") };
    spellings.set(definition, spelled);
    return spelled;
  } catch {
    return undefined;
  }
}

function hashDefinition(
  definition: JsonObject,
  textDigest: string | undefined,
  before: KnownDefinition | undefined,
): KnownDefinition | undefined {
  if (textDigest === undefined) return undefined;
  if (before?.textDigest === textDigest) return before;
  const definitionDigest = definitionHash(definition);
  return definitionDigest === undefined ? undefined : { textDigest, hash: definitionDigest };
}

function checkHeaders(definition: JsonObject, mirrorsHeaders: boolean): string | undefined {
  if (!mirrorsHeaders) return undefined;
  const schema = Object.hasOwn(definition, "inputSchema") ? definition["inputSchema"] : undefined;
  const params = readHeaderParams(schema);
  return params.ok ? undefined : params.error;
}
