import { err, ok, type Result } from "./result.ts";

/** What a condition reads (C3): arguments, the clock, or who calls what. */
export type PathRoot =
  | "args"
  | "time.hour"
  | "time.minute"
  | "time.weekday"
  | "time.date"
  | "grant.label"
  | "tool.name";

/** One step below `args`: an own member, one element, or every value of a container. */
export type Step =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "element"; readonly index: number }
  | { readonly kind: "every" };

/** A parsed path. `steps` is empty for every root but `args`. */
export interface Path {
  readonly root: PathRoot;
  readonly steps: readonly Step[];
  /** As its author wrote it; explanations speak of the path in these words (R5). */
  readonly text: string;
}

/**
 * Reads a path of a condition or of `increment_from` (policy-spec C3). The error is a sentence for the
 * author, with the path in backticks.
 */
export function parsePath(text: string): Result<Path, string> {
  const fixed = FIXED_ROOTS.find((root) => root === text);
  if (fixed !== undefined) return ok({ root: fixed, steps: [], text });
  if (!/^args(?:[.[]|$)/.test(text)) return err(unknownRoot(text));
  const steps: Step[] = [];
  let at = "args".length;
  while (at < text.length) {
    const read = text[at] === "." ? readName(text, at + 1) : readBracket(text, at);
    if (!read.ok) return read;
    steps.push(read.value.step);
    at = read.value.end;
  }
  return ok({ root: "args", steps, text });
}

/** True when the path has a `[*]`, so that a condition on it is quantified (C6). */
export function hasEvery(path: Path): boolean {
  return path.steps.some((step) => step.kind === "every");
}

const FIXED_ROOTS: readonly PathRoot[] = [
  "time.hour",
  "time.minute",
  "time.weekday",
  "time.date",
  "grant.label",
  "tool.name",
];

type ReadStep = Result<{ readonly step: Step; readonly end: number }, string>;

// C3: one or more characters, none of `. [ ] "`, white space, control.
const NAME = /[^.[\]"\s\p{Cc}]+/uy;
// A JSON string: no raw control characters, escapes judged by JSON.parse afterwards.
const QUOTED = /\["((?:[^"\\\u0000-\u001f]|\\.)*)"\]/uy;
// C3: no sign, no leading zero.
const INDEX = /\[(0|[1-9][0-9]*)\]/uy;
const EVERY = /\[\*\]/uy;

function readName(text: string, at: number): ReadStep {
  const name = matchAt(NAME, text, at)?.[0];
  if (name === undefined) return err(`path \`${text}\` needs a name after each dot`);
  const end = at + name.length;
  if (end < text.length && text[end] !== "." && text[end] !== "[") {
    return err(`path \`${text}\` has a name that must be quoted; write \`["…"]\``);
  }
  return ok({ step: { kind: "member", name }, end });
}

function readBracket(text: string, at: number): ReadStep {
  const quoted = matchAt(QUOTED, text, at);
  if (quoted !== undefined) {
    const name = parseJsonString(`"${quoted[1]}"`);
    if (name === undefined) return err(`path \`${text}\` has a name that is not a JSON string`);
    return ok({ step: { kind: "member", name }, end: at + quoted[0].length });
  }
  const element = matchAt(INDEX, text, at);
  if (element !== undefined) {
    const index = Number(element[1]);
    // Beyond this no JSON array can have an element, and the number would no longer be exact.
    if (!Number.isSafeInteger(index)) return err(`path \`${text}\` has an index that is too large`);
    return ok({ step: { kind: "element", index }, end: at + element[0].length });
  }
  if (matchAt(EVERY, text, at) !== undefined) return ok({ step: { kind: "every" }, end: at + "[*]".length });
  return err(
    `path \`${text}\` is malformed at character ${at + 1}; write \`.name\`, \`["name"]\`, \`[0]\` or \`[*]\``,
  );
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function parseJsonString(source: string): string | undefined {
  try {
    return String(JSON.parse(source));
  } catch {
    return undefined;
  }
}

function unknownRoot(text: string): string {
  return `path \`${text}\` must begin with \`args\` or be one of ${FIXED_ROOTS.map((root) => `\`${root}\``).join(", ")}`;
}
