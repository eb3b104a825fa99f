import type { JsonValue } from "./json.ts";

/**
 * A document with the position of every key and value. `at` orders errors: an offset into the source in UTF-16
 * code units, or a running number where there is no source.
 */
export type SourceNode = ObjectNode | ArrayNode | ScalarNode | UnreadableNode;

export interface ObjectNode {
  readonly kind: "object";
  readonly at: number;
  /** In the order of the source, duplicates included, so that each can be reported (M4). */
  readonly members: readonly Member[];
}

export interface Member {
  readonly key: string;
  readonly keyAt: number;
  readonly node: SourceNode;
}

export interface ArrayNode {
  readonly kind: "array";
  readonly at: number;
  readonly items: readonly SourceNode[];
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly at: number;
  readonly value: string | number | boolean | null;
  /** The number as written, where its value does not survive (C7). */
  readonly inexactToken?: string;
  /** The scalar as written, where YAML has it without quotes: other versions of YAML may read it otherwise. */
  readonly plain?: string;
}

/** A value that could not be read and has been reported: no second error speaks of it. */
export interface UnreadableNode {
  readonly kind: "unreadable";
  readonly at: number;
}

/**
 * Deepest nesting that is read. A valid document needs 24 levels (8 groups in a predicate, a list in a leaf);
 * the bound keeps recursion safe from hostile sources.
 */
export const MAX_NESTING = 64;

/** The plain JSON value of a document. Keys become own members, `__proto__` too. */
export function toJsonValue(node: SourceNode): JsonValue {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "unreadable") return null;
  if (node.kind === "array") return node.items.map(toJsonValue);
  // INVARIANT: Object.fromEntries defines members, it never assigns: `__proto__` sets no prototype.
  return Object.fromEntries(node.members.map((member) => [member.key, toJsonValue(member.node)]));
}
