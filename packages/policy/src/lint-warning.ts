import type { JsonValue } from "./json.ts";

/**
 * Every warning of the linter, with its meaning (policy-spec A4). The list is closed: docs/errors.md holds the same
 * one, and a code that is retired is never used again.
 */
export const LINT_WARNINGS = {
  approval_without_hold: "`approval` sets terms, but nothing holds a call of this tool.",
  dead_default: '`default` decides no tool, because the entry `"*"` governs every one.',
  empty_list_passes: "A `require` over `[*]` is true for an empty list (C6).",
  hidden_entry: "An entry never governs anything, because `hide` beats it (T4).",
  impossible_type: "A value is compared with a type that it never has, so the condition is never known (C5).",
  on_unknown_pass: "A document-wide `on_unknown` lets every rule pass that cannot be judged (C2).",
  overlapping_globs: "Two globs match some of the same names, and neither lies inside the other (T3).",
  path_within_in_deny_if: "`path_within` in `deny_if` misses symbolic links and other spellings of a path.",
  session_scope: "A limit per session is no protection by itself: a client opens as many as it likes (L1).",
  shared_counter: "Limits that share a counter have different `max` (L4).",
  star_entry: '`"*"` in `tools` has rules that the tools with an entry of their own do not get.',
  unanchored_pattern: "A pattern has no anchors but looks meant to be whole.",
  unfixed_currency: "An amount is summed although its currency may change from call to call.",
  unguarded_argument: "An optional argument is judged without `exists`; a call without it is stopped (C2).",
  unknown_argument: "A path that the tool's schema does not have.",
  unknown_tool: "A name or glob matches no tool of the server.",
  unknown_value: "A value is not in the `enum` of the tool's schema.",
  unread_text: "`on_deny` in `approve_if`, or `reason` in `deny_if` or `require`: nobody reads it.",
  unreachable_predicate: "A predicate never decides, because another one always decides before it.",
} as const;

/** Code of a {@link Warning}; stable, for programs. */
export type WarningCode = keyof typeof LINT_WARNINGS;

/** What is probably not meant in a valid document. Warnings never block saving (policy-spec M6, A4). */
export interface Warning {
  /** RFC 6901 pointer of the key or value in question. */
  readonly pointer: string;
  readonly code: WarningCode;
  /** A sentence for the author: what happens and what to do. */
  readonly message: string;
  /** One change that answers the warning; the document stays valid. */
  readonly fix?: Fix;
}

/** An operation of JSON Patch (RFC 6902): `add` before an item of a list moves that item on. */
export type Fix =
  | { readonly op: "add" | "replace"; readonly pointer: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly pointer: string };

/** A tool of the server, for the checks that need its schema. */
export interface LintTool {
  readonly name: string;
  /** JSON Schema of the arguments, as the server sent it; anything at all is read safely. */
  readonly inputSchema?: unknown;
}

/** Makes a warning whose message cannot steer a terminal: it quotes documents and servers. */
export function toWarning(pointer: string, code: WarningCode, message: string, fix?: Fix): Warning {
  const clean = message.replace(/\p{Cc}/gu, "�");
  return { pointer, code, message: clean, ...(fix === undefined ? {} : { fix }) };
}
