import type { PolicyErrorCode } from "./errors.ts";

/**
 * A place in a document, as a list from the leaf up: pointers are written only for errors, so that a deep
 * document costs no more than a flat one. Undefined is the whole document.
 */
export type Place = { readonly parent: Place; readonly key: string | number } | undefined;

/** An error before its position is turned into line and column. */
export interface Finding {
  readonly pointer: string;
  readonly code: PolicyErrorCode;
  readonly message: string;
  /** Position in the sense of `SourceNode.at`. */
  readonly at: number;
}

/** Collects everything that is wrong with one document (M6). */
export interface Report {
  readonly findings: readonly Finding[];
  readonly add: (place: Place, at: number, code: PolicyErrorCode, message: string) => void;
}

export function createReport(): Report {
  const findings: Finding[] = [];
  return {
    findings,
    add: (place, at, code, message) => {
      findings.push({ pointer: toPointer(place), code, message: toPlainMessage(message), at });
    },
  };
}

/** Messages end up on terminals: what the document quotes must not steer them. */
export function toPlainMessage(message: string): string {
  return message.replace(/\p{Cc}/gu, "�");
}

/** The place of a member or element. */
export function below(parent: Place, key: string | number): Place {
  return { parent, key };
}

/** Name of a place for messages: its last key, or `the document`. */
export function nameOf(place: Place): string {
  if (place === undefined) return "the document";
  return typeof place.key === "number" ? `item ${place.key} of ${nameOf(place.parent)}` : quote(place.key);
}

/** Text of the document in backticks, cut to a length that a message can bear. */
export function quote(text: string): string {
  const maxUnits = 80;
  return text.length <= maxUnits ? `\`${text}\`` : `\`${text.slice(0, maxUnits).toWellFormed()}…\``;
}

/** Words in backticks, joined: `` `a`, `b`, or `c` ``. */
export function quoteAll(words: readonly string[]): string {
  return ALTERNATIVES.format(words.map(quote));
}

const ALTERNATIVES = new Intl.ListFormat("en", { type: "disjunction" });

/** RFC 6901 pointer of a place. */
export function toPointer(place: Place): string {
  const tokens: string[] = [];
  for (let at = place; at !== undefined; at = at.parent) {
    tokens.push(String(at.key).replaceAll("~", "~0").replaceAll("/", "~1"));
  }
  return tokens
    .reverse()
    .map((token) => `/${token}`)
    .join("");
}
