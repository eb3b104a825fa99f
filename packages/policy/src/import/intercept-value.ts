import type { JsonValue } from "../json.ts";
import { type SourceNode, toJsonValue } from "../parse-tree.ts";
import { err, ok, type Result } from "../result.ts";
import { quote } from "../schema-report.ts";

/**
 * What Intercept's reader, which follows YAML 1.1 in part, takes for another value than the core schema does: octal
 * numbers with a leading zero, binary ones, `1_000`, signed hexadecimals, and dates.
 */
const READ_OTHERWISE =
  /^(?:[-+]?0[0-9_]+|[-+]?0[bBXO][0-9a-fA-F_]+|[-+]0[xo][0-9a-fA-F_]+|0[xo][0-9a-fA-F]*_[0-9a-fA-F_]*|[-+]?[0-9.]+_[0-9_.]*(?:[eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?)$/;

/** The value of a condition, or why it is not the same here and there. Nothing written is null. */
export function readValue(node: SourceNode | undefined): Result<JsonValue, string> {
  if (node === undefined) return ok(null);
  if (node.kind === "scalar") {
    if (node.plain !== undefined && READ_OTHERWISE.test(node.plain))
      return err(
        `Intercept reads the unquoted ${quote(node.plain)} as another value; write a plain number, or quotes`,
      );
    return node.inexactToken === undefined
      ? ok(node.value)
      : err(`the number ${quote(node.inexactToken)} would change its value; write at most 15 digits`);
  }
  if (node.kind !== "array") return ok(toJsonValue(node));
  const items: JsonValue[] = [];
  for (const item of node.items) {
    const value = readValue(item);
    if (!value.ok) return value;
    items.push(value.value);
  }
  return ok(items);
}

/** Our path for what stands after `args.`: each dot goes one member down, and nothing else has a meaning there. */
export function toArgsPath(dotted: string): string {
  return `args${dotted
    .split(".")
    .map((name) => (/^[^[\]"\s\p{Cc}]+$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`))
    .join("")}`;
}

/** Text without what a policy refuses in texts: control characters, and halves of surrogate pairs (E3). */
export function toPlainText(text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\t\n\r]/gu, " ");
}
