/**
 * Every error that reading a policy can report, with its meaning (policy-spec M6). The list is closed: docs/errors.md
 * holds the same one, and a code that is retired is never used again.
 */
export const POLICY_ERRORS = {
  ambiguous_glob: "Two globs of equal rank can match the same tool name, so neither wins (T3).",
  conflict:
    "A key cannot stand beside another one; the pointer names the key that must go (E1, L2, section 4).",
  duplicate_item: "A list names the same thing twice (T2).",
  duplicate_key: "An object has the same key twice (M4).",
  inexact_number: "A number cannot be held without changing its value (C7).",
  invalid_directory: "An item of `path_within` is not an absolute POSIX directory (section 4).",
  invalid_host: "An item of `host_in` is not a host or `*.` and a domain (section 4).",
  invalid_path: "A path does not follow the grammar of paths, or is not one that may stand here (C3, L2).",
  invalid_pattern: "A pattern is not RE2 syntax or compiles to too large a program (section 4).",
  invalid_text: "A text has half of a surrogate pair or a control character (E3).",
  invalid_value: "A value has the right type but is not one of those that are allowed here.",
  limit_exceeded: "The document, a list or a text is larger than the language allows (M5).",
  missing_key: "A required key is missing; the pointer names the place where it belongs (M1, M2, E2).",
  syntax: "The source cannot be read as JSON, JSONC or YAML (M4).",
  unknown_key: "A key is not part of the language (M3).",
  unknown_operator: "`op` is not an operator (section 4).",
  unsupported_version: 'The document is not of version `"1"` (M1).',
  unsupported_yaml: "A part of YAML that has no counterpart in JSON or hides what is written (M4).",
  wrong_type: "A value has another JSON type than the one that belongs here.",
} as const;

/** Code of a {@link PolicyError}; stable, for programs. */
export type PolicyErrorCode = keyof typeof POLICY_ERRORS;

/** One fault of a policy document (policy-spec M6). */
export interface PolicyError {
  /** RFC 6901 pointer of the offending key or value; `""` is the whole document. */
  readonly pointer: string;
  readonly code: PolicyErrorCode;
  /** A sentence for the author: what is wrong and what to do. */
  readonly message: string;
  /** From 1; only where the document was read from source. */
  readonly line?: number;
  /** From 1, in UTF-16 code units as editors count; only where the document was read from source. */
  readonly column?: number;
}
