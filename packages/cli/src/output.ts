import { styleText } from "node:util";
import Table from "cli-table3";
import type { Io, TextOutput } from "./io.ts";
import { toJsonLine, toPrintable } from "./printable.ts";

type Style = Parameters<typeof styleText>[0];

/** Where a command writes. Text of strangers must come through `cell` or `toPrintable`. */
export interface Output {
  /** One JSON value on one line of standard output. */
  json(value: unknown): void;
  /** One line of standard output. */
  line(text: string): void;
  /** Rows under a head on standard output; every cell is made printable. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void;
  /** One `warning:` line on standard error. */
  warn(text: string): void;
  /** One `error:` line on standard error. */
  error(text: string): void;
  /** One line on standard error, for progress and advice. */
  note(text: string): void;
  /** Colours `text` if standard output shows colours. */
  style(style: Style, text: string): string;
}

export type Cell = string | { readonly text: string; readonly style: Style };

export function createOutput(io: Io): Output {
  const line = (to: TextOutput, text: string): void => void to.write(`${text}\n`);
  const style = (kind: Style, text: string, to = io.stdout): string =>
    showsColour(to, io.env) ? styleText(kind, text, { validateStream: false }) : text;
  const label = (kind: Style, word: string, text: string): void =>
    line(io.stderr, `${style(kind, `${word}:`, io.stderr)} ${oneLine(text)}`);
  return {
    json: (value) => line(io.stdout, toJsonLine(value)),
    line: (text) => line(io.stdout, text),
    table: (head, rows) => line(io.stdout, drawTable(head, rows, style)),
    warn: (text) => label("yellow", "warning", text),
    error: (text) => label("red", "error", text),
    note: (text) => line(io.stderr, text),
    style: (kind, text) => style(kind, text),
  };
}

/** NO_COLOR and FORCE_COLOR as on no-color.org and force-color.org; otherwise only a terminal gets colours. */
export function showsColour(to: TextOutput, env: Io["env"]): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  if ((env["FORCE_COLOR"] ?? "") !== "") return env["FORCE_COLOR"] !== "0";
  return to.isTTY === true && env["TERM"] !== "dumb";
}

/** No lines around the cells: they get in the way of copying, and of screen readers. */
const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

function drawTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: (kind: Style, text: string) => string,
): string {
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  table.push(head.map((text) => style("bold", text)));
  for (const row of rows) {
    table.push(
      row.map((cell) =>
        typeof cell === "string" ? toPrintable(cell) : style(cell.style, toPrintable(cell.text)),
      ),
    );
  }
  return table
    .toString()
    .split("\n")
    .map((text) => text.trimEnd())
    .join("\n");
}

function oneLine(text: string): string {
  return toPrintable(text.replace(/\s*[\r\n]+\s*/g, " ").trim());
}
