import type { ToolDefinition } from "../tool.ts";
import { readSchema, type SchemaReading } from "./arguments.ts";
import { finalClaim, laterDeed, listedOperations, readOnlyClaim, savedClaim } from "./claims.ts";
import { type NameReading, readName } from "./name.ts";
import { type SeenText, toSeenText } from "./normalise.ts";
import { type Place, withOwnWords } from "./place.ts";
import { type Prose, readProse, type Said, VAGUE_HEADS } from "./prose.ts";
import { readArguments } from "./schema.ts";
import type { Span } from "./sentences.ts";
import { toNameWords } from "./words.ts";

/** Most UTF-16 units that are read of a name, a title and a description. What stands behind is not read. */
export const TEXT_LIMITS = { name: 200, title: 200, description: 4_000 } as const;

/** Everything that was read of a tool, before anything is weighed. */
export interface Readings {
  readonly name: SeenText;
  readonly title: SeenText;
  readonly description: SeenText;
  readonly named: NameReading;
  readonly titled: NameReading;
  readonly prose: Prose;
  readonly later: Said | undefined;
  readonly saved: Span | undefined;
  readonly listed: readonly (Span & { readonly word: string })[];
  /** Looked for when asked: few verdicts depend on it. */
  readonly readOnlyClaim: () => Span | undefined;
  readonly finalClaim: () => Span | undefined;
  readonly schema: SchemaReading;
  readonly readOnlyHint: boolean | undefined;
  readonly destructiveHint: boolean | undefined;
  readonly place: Place;
}

/** Reads a definition that a stranger wrote: nothing of its shape is taken for granted. */
export function toReadings(tool: ToolDefinition, given: Place): Readings {
  const name = toSeenText(text(tool.name), TEXT_LIMITS.name);
  const nameWords = toNameWords(name.text).map(({ word }) => word);
  const place = withOwnWords(given, nameWords);
  const title = toSeenText(text(tool.title), TEXT_LIMITS.title);
  const description = toSeenText(text(tool.description), TEXT_LIMITS.description);
  const prose = readProse(description.text, place);
  return {
    name,
    title,
    description,
    named: readName(name.text, place),
    titled: readName(title.text, place),
    prose,
    later: laterDeed(description.text, prose.sentences, place),
    saved: savedClaim(description.text, prose.sentences),
    listed: listedOperations(description.text, VAGUE_HEADS.has(prose.said[0]?.verb ?? "")),
    readOnlyClaim: once(() => readOnlyClaim(description.text)),
    finalClaim: once(() => finalClaim(description.text)),
    schema: readSchema(readArguments(tool.inputSchema), nameWords, place),
    readOnlyHint: hint(tool.annotations, "readOnlyHint"),
    destructiveHint: hint(tool.annotations, "destructiveHint"),
    place,
  };
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function hint(annotations: unknown, key: string): boolean | undefined {
  if (typeof annotations !== "object" || annotations === null || !Object.hasOwn(annotations, key))
    return undefined;
  const value: unknown = (annotations as { readonly [key: string]: unknown })[key];
  return typeof value === "boolean" ? value : undefined;
}
