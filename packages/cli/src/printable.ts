/**
 * Text of strangers, safe for a terminal: control, invisible and direction-changing characters are written as
 * `\u{…}`, so that a tool's description can neither hide text nor move the cursor.
 */
export function toPrintable(text: string): string {
  return text.replace(HOSTILE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON on one line whose string values hold no character that a terminal acts on; the value is unchanged. */
export function toJsonLine(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** As {@link toJsonLine}, indented for people. */
export function toJsonText(value: unknown): string {
  return escapeJson(JSON.stringify(value, undefined, 2));
}

/**
 * A policy as its author wrote it, line by line safe for a terminal. JSON keeps its value; what of YAML is hostile is
 * told by its code, as in other text of strangers.
 */
export function toPrintableSource(source: string): string {
  const isJson = /^\s*[{/]/.test(source);
  const shown = isJson ? escapeJson : toPrintable;
  return source
    .split(/\r?\n/)
    .map((line) => line.split("\t").map(shown).join("\t"))
    .join("\n");
}

/** Control and format characters, lone surrogates, private use, line and paragraph separators. */
const HOSTILE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The same without the line feeds of indented JSON; inside strings JSON escapes them by itself. */
const HOSTILE_IN_JSON = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/** JSON text with every character that a terminal acts on as `\\uXXXX`; the value is unchanged. */
export function escapeJson(json: string): string {
  return json.replace(HOSTILE_IN_JSON, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${hex4(character.charCodeAt(index))}`).join(
      "",
    ),
  );
}

function hex4(code: number): string {
  return code.toString(16).padStart(4, "0");
}
