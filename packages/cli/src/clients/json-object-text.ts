import { createScanner, type JSONScanner, type Node } from "jsonc-parser";
import type { EntryChange } from "./document.ts";

/** Kinds of tokens as `jsonc-parser` counts them: its own names are a const enum, which modules cannot import. */
const COMMA = 5;
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const LINE_BREAK = 14;
const SPACE = 15;
const END = 17;

/** A piece of an object's text: a member, after which a comma may be due, or what stands between members. */
type Piece = { readonly member: string } | { readonly between: string };

/**
 * The text of an object without some members and with others, which take the place of the first that goes. Comments
 * stay, those inside members that go too; so do the other members, letter for letter.
 */
export function rewriteObject(text: string, object: Node, change: EntryChange, lineBreak: string): string {
  const members = object.children ?? [];
  const layout = layoutOf(text, object, members, lineBreak);
  const added = Object.entries(change.add).map(([name, value]) =>
    layout.member(`${JSON.stringify(name)}: ${layout.format(value)}`),
  );
  const pieces: Piece[] = [];
  let pending = [...added.flat()];
  let at = object.offset + 1;
  for (const node of members) {
    const gap = text.slice(at, node.offset);
    const end = node.offset + node.length;
    const { next, comments } = afterMember(text, end);
    if (isDropped(node, change)) {
      pieces.push(...keptComments(gap, layout), ...pending);
      const inner = [...commentsIn(text.slice(node.offset, end)), ...comments];
      pieces.push(...inner.map((comment) => ({ between: layout.gap + comment })));
      pending = [];
    } else {
      pieces.push({ between: gap }, { member: text.slice(node.offset, end) });
      pieces.push(...comments.map((comment) => ({ between: ` ${comment}` })));
    }
    at = next;
  }
  const tail = text.slice(at, object.offset + object.length - 1);
  pieces.push(...pending, { between: tail });
  return `{${join(pieces, { lineBreak, trailingComma: hasTrailingComma(text, members) })}}`;
}

interface Layout {
  /** Between a comma and the next member. */
  readonly gap: string;
  readonly member: (text: string) => readonly Piece[];
  readonly format: (value: unknown) => string;
}

/** As the members that are there are laid out. */
function layoutOf(text: string, object: Node, members: readonly Node[], lineBreak: string): Layout {
  const inner = text.slice(object.offset, object.offset + object.length);
  const isOnLines = inner.includes("\n");
  const outer = indentAt(text, object.offset);
  const [first] = members;
  const found = first === undefined ? undefined : indentAt(text, first.offset);
  const indent = found !== undefined && found.length > outer.length ? found : `${outer}  `;
  const unit = indent.slice(outer.length) || "  ";
  const gap = isOnLines ? lineBreak + indent : " ";
  const format = (value: unknown): string =>
    isOnLines
      ? JSON.stringify(value, undefined, unit).replaceAll("\n", lineBreak + indent)
      : JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, " ");
  return { gap, format, member: (member) => [{ between: gap }, { member }] };
}

/** The white space at the beginning of a line. */
function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function isDropped(member: Node, { drop, add }: EntryChange): boolean {
  const name: unknown = member.children?.[0]?.value;
  return typeof name === "string" && (drop.has(name) || Object.hasOwn(add, name));
}

/** Behind the comma of a member, if it has one, and the comments on the way there. */
function afterMember(text: string, end: number): { readonly next: number; readonly comments: string[] } {
  const scanner = createScanner(text, false);
  scanner.setPosition(end);
  const comments: string[] = [];
  for (let kind = scanner.scan(); isTrivia(kind); kind = scanner.scan()) {
    if (isComment(kind)) comments.push(tokenOf(scanner, text));
  }
  if (scanner.getToken() === COMMA) return { next: scanner.getPosition(), comments };
  // The last member: what follows belongs to the tail.
  return { next: end, comments: [] };
}

function hasTrailingComma(text: string, members: readonly Node[]): boolean {
  const last = members.at(-1);
  return last !== undefined && afterMember(text, last.offset + last.length).next > last.offset + last.length;
}

/** Of the space before a member that goes only the comments stay. */
function keptComments(gap: string, { gap: between }: Layout): readonly Piece[] {
  const comments = commentsIn(gap);
  if (comments.length === 0) return [];
  const isBeside = !gap.slice(0, gap.search(/\/[/*]/)).includes("\n");
  return comments.map((comment, index) => ({
    between: (index === 0 && isBeside ? " " : between) + comment,
  }));
}

function commentsIn(text: string): readonly string[] {
  const scanner = createScanner(text, false);
  const comments: string[] = [];
  for (let kind = scanner.scan(); kind !== END; kind = scanner.scan()) {
    if (isComment(kind)) comments.push(tokenOf(scanner, text));
  }
  return comments;
}

/** The scanner's own value of a comment begins a character early. */
function tokenOf(scanner: JSONScanner, text: string): string {
  const offset = scanner.getTokenOffset();
  return text.slice(offset, offset + scanner.getTokenLength()).trimEnd();
}

function isComment(kind: number): boolean {
  return kind === LINE_COMMENT || kind === BLOCK_COMMENT;
}

function isTrivia(kind: number): boolean {
  return isComment(kind) || kind === SPACE || kind === LINE_BREAK;
}

/** Commas go right behind members, before any comment, which would swallow them. */
function join(
  pieces: readonly Piece[],
  { lineBreak, trailingComma }: { readonly lineBreak: string; readonly trailingComma: boolean },
): string {
  const last = pieces.findLastIndex((piece) => "member" in piece);
  let joined = "";
  for (const [index, piece] of pieces.entries()) {
    const text = "member" in piece ? piece.member : piece.between;
    if (endsInLineComment(joined) && text !== "" && !/^[ \t]*\r?\n/.test(text)) joined += lineBreak;
    joined += text;
    if ("member" in piece && (index < last || trailingComma)) joined += ",";
  }
  return endsInLineComment(joined) ? joined + lineBreak : joined;
}

/** Scans the last line only: a line comment never goes on. */
function endsInLineComment(text: string): boolean {
  const scanner = createScanner(text.slice(text.lastIndexOf("\n") + 1), false);
  let last: number = END;
  for (let kind = scanner.scan(); kind !== END; kind = scanner.scan()) last = kind;
  return last === LINE_COMMENT;
}
