/** What a tool does, from the mildest to the most severe; the most severe that applies wins. */
export const CATEGORIES = ["Read", "Write", "Execute", "Destructive", "Financial"] as const;
export type Category = (typeof CATEGORIES)[number];

export const RISKS = ["low", "medium", "high", "critical"] as const;
export type Risk = (typeof RISKS)[number];

/** The risk of each category. */
export const RISK_OF: { readonly [C in Category]: Risk } = {
  Read: "low",
  Write: "medium",
  Execute: "high",
  Destructive: "critical",
  Financial: "critical",
};

/** What makes a tool worse than its category says. */
export const MODIFIERS = [
  "arbitrary-code",
  "arbitrary-sql",
  "bulk",
  "irreversible",
  "external-recipient",
  "grants-access",
  "secret-input",
  "path-input",
  "url-input",
] as const;
export type Modifier = (typeof MODIFIERS)[number];

/** Where words were found. */
export type EvidenceSource =
  | "name"
  | "title"
  | "description"
  | "schema"
  | "annotation"
  | "server"
  | "siblings";

/** One reason for a verdict: the rule that spoke, and the words that it matched. */
export interface Evidence {
  /** Stable id of the rule. */
  readonly rule: string;
  readonly source: EvidenceSource;
  /** JSON Pointer into the input schema or the annotations; absent for plain text. */
  readonly pointer?: string;
  /** The matched words, as they stand there; at most 200 characters. */
  readonly text: string;
  /** UTF-16 offset of `text` in its source; absent where the source is no text. */
  readonly start?: number;
  /** What the rule says for: a category, or a modifier. */
  readonly says: Category | Modifier;
}

/** What we say of one tool. Same input, same verdict, as long as the rules' version is the same. */
export interface Verdict {
  readonly category: Category;
  /** Follows from the category alone. */
  readonly risk: Risk;
  /** The risk raised by the modifiers; never below `risk`. */
  readonly severity: Risk;
  readonly modifiers: readonly Modifier[];
  /** 0 to 1: how much of the evidence agrees. */
  readonly confidence: number;
  /** The decisive reason first. Never empty. */
  readonly evidence: readonly Evidence[];
  /** Version of the rules. */
  readonly rules: string;
}
