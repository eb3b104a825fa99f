import { isJsonObject, type JsonValue, type PolicyDocument } from "@portcullis/policy";

/** Longest line of a value that is written on one. */
const MAX_LINE = 110;

/** The document as JSON for people: two spaces, and on one line what fits on it. The same document, the same text. */
export function policyText(document: PolicyDocument): string {
  // INVARIANT: a document is plain JSON.
  return `${print(document as unknown as JsonValue, "", 0)}\n`;
}

/** `used` is what stands on the line before the value. */
function print(value: JsonValue, indent: string, used: number): string {
  const line = onOneLine(value);
  if (indent !== "" && used + line.length <= MAX_LINE) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => `${inner}${print(item, inner, inner.length + 1)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (!isJsonObject(value) || Object.keys(value).length === 0) return line;
  const members = Object.entries(value).map(([key, member]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return `${start}${print(member, inner, start.length + 1)}`;
  });
  return `{\n${members.join(",\n")}\n${indent}}`;
}

function onOneLine(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(", ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}: ${onOneLine(member)}`,
  );
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** Bytes of UTF-8, in which the language counts a document (M5). */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else bytes += code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
