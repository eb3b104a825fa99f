import type { JsonValue } from "./json.ts";

/** A policy document, version 1, as written by its author (policy-spec section 1). */
export interface PolicyDocument {
  readonly $schema?: string;
  readonly version: "1";
  readonly description?: string;
  readonly default: "allow" | "deny";
  /** IANA name; only `time.*` paths read it (C3). Default UTC. */
  readonly time_zone?: string;
  readonly on_unknown?: OnUnknown;
  readonly hide?: readonly string[];
  readonly all_tools?: AllTools;
  readonly tools?: { readonly [key: string]: Entry };
  readonly resources?: Section;
  readonly prompts?: Section;
  readonly server_requests?: {
    readonly sampling?: "allow" | "deny";
    readonly elicitation?: "allow" | "deny";
    readonly roots?: "allow" | "deny";
  };
}

export type OnUnknown = "deny" | "pass";

/** What governs one tool, or every tool that a glob key matches (policy-spec section 3). */
export interface Entry {
  readonly action?: "allow" | "deny" | "require_approval";
  readonly reason?: string;
  readonly require?: readonly Predicate[];
  readonly deny_if?: readonly Predicate[];
  readonly approve_if?: readonly Predicate[];
  readonly limits?: readonly Limit[];
  readonly rate_limit?: { readonly max: number; readonly window: WindowName | number };
  readonly approval?: {
    /** `<n>s|m|h`, from 1m to 24h; default 15m. */
    readonly timeout?: string;
    readonly approvers?: number;
    readonly exclude_requester?: boolean;
  };
}

/** Rules that every allowed tool passes besides its own entry. */
export type AllTools = Pick<Entry, "require" | "deny_if" | "approve_if" | "limits">;

/** Conditions joined by AND; an empty list is true (E2). */
export interface Predicate {
  readonly conditions: readonly Condition[];
  readonly on_deny?: string;
  readonly reason?: string;
  readonly on_unknown?: OnUnknown;
}

export type Condition = Leaf | Group;

export interface Leaf {
  readonly path: string;
  readonly op: Operator;
  readonly value: JsonValue;
}

export type Group =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

export type Operator = (typeof OPERATORS)[number];

/** Every operator of policy-spec section 4. */
export const OPERATORS = [
  "eq",
  "neq",
  "in",
  "not_in",
  "lt",
  "lte",
  "gt",
  "gte",
  "contains",
  "regex",
  "exists",
  "starts_with",
  "ends_with",
  "length_lte",
  "path_within",
  "host_in",
] as const;

export type WindowName = "minute" | "hour" | "day" | "week" | "month";
export type Scope = "grant" | "session" | "server" | "organisation";
export type Algorithm = "fixed" | "sliding";

/** A quota (policy-spec section 5). */
export interface Limit {
  readonly counter: string;
  readonly window: WindowName | number;
  readonly max: number;
  readonly scope?: Scope;
  readonly increment?: number;
  readonly increment_from?: string;
  readonly algorithm?: Algorithm;
  readonly refund_on_error?: boolean;
}

/** Allow and deny lists of resources (URI globs, R7) or prompts (T2 globs). */
export interface Section {
  readonly default?: "allow" | "deny";
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}
