import { MAX_DOCUMENT_BYTES, tooLarge } from "./parse-text.ts";
import { MAX_NESTING, type Member, type SourceNode } from "./parse-tree.ts";
import type { Report } from "./schema-report.ts";

/**
 * Reads a value that is JSON already; positions are running numbers. What JSON cannot hold reads as null, which
 * the language accepts nowhere. Undefined, with an error in the report, when the value is too deep, larger than
 * M5 allows, or throws when it is looked at.
 */
export function parseValueTree(value: unknown, report: Report): SourceNode | undefined {
  const reader: Reader = { report, nodes: 0, units: 0 };
  try {
    return toNode(value, reader, 0);
  } catch {
    report.add(
      undefined,
      0,
      "wrong_type",
      "the value cannot be read as JSON; pass what `JSON.parse` returns",
    );
    return undefined;
  }
}

interface Reader {
  readonly report: Report;
  /** Nodes read so far, which is the position of the next. */
  nodes: number;
  /** Least number of bytes that the JSON of what has been read takes. Bounds cyclic and huge values. */
  units: number;
}

function toNode(value: unknown, reader: Reader, depth: number): SourceNode | undefined {
  const at = reader.nodes++;
  reader.units += typeof value === "string" ? value.length : 1;
  if (reader.units > MAX_DOCUMENT_BYTES) return refuse(reader, at, tooLarge("the document"));
  if (typeof value === "number") {
    const exact = Number.isFinite(value);
    return { kind: "scalar", at, value, ...(exact ? {} : { inexactToken: String(value) }) };
  }
  if (typeof value === "string" || typeof value === "boolean") return { kind: "scalar", at, value };
  if (typeof value !== "object" || value === null) return { kind: "scalar", at, value: null };
  if (depth >= MAX_NESTING) return refuse(reader, at, `nested deeper than ${MAX_NESTING} levels; flatten it`);
  return Array.isArray(value) ? toArray(value, reader, at, depth) : toObject(value, reader, at, depth);
}

function toArray(
  value: readonly unknown[],
  reader: Reader,
  at: number,
  depth: number,
): SourceNode | undefined {
  const items: SourceNode[] = [];
  for (const item of value) {
    const node = toNode(item, reader, depth + 1);
    if (node === undefined) return undefined;
    items.push(node);
  }
  return { kind: "array", at, items };
}

function toObject(value: object, reader: Reader, at: number, depth: number): SourceNode | undefined {
  const members: Member[] = [];
  for (const [key, item] of Object.entries(value)) {
    reader.units += key.length;
    const keyAt = reader.nodes++;
    const node = toNode(item, reader, depth + 1);
    if (node === undefined) return undefined;
    members.push({ key, keyAt, node });
  }
  return { kind: "object", at, members };
}

function refuse({ report }: Reader, at: number, message: string): undefined {
  report.add(undefined, at, "limit_exceeded", message);
  return undefined;
}
