import type { PolicyDocument } from "@portcullis/policy";
import type { Capability } from "../recommend/capabilities.ts";
import type { Category, Modifier } from "../verdict.ts";

/** A documented way in which agents with tools are attacked. */
export interface AttackPattern {
  /** Part of the page's URL. */
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  /** How it works, in order. */
  readonly steps: readonly string[];
  /** Public cases, or the research or specification that describes it; at least one. */
  readonly cases: readonly AttackCase[];
  readonly needs: AttackNeeds;
  readonly defences: readonly Defence[];
  /** An example that stops it, where a policy can; for a server with the tools that it names. */
  readonly policy: PolicyDocument | undefined;
  /** Slugs. */
  readonly related: readonly string[];
}

export interface AttackCase {
  /** What happened, in a sentence or two. */
  readonly what: string;
  /** Year, month or day of the publication or event: `2025`, `2025-07` or `2025-07-09`. */
  readonly when: string;
  /** What kind of proof it is. */
  readonly kind: "incident" | "vulnerability" | "research" | "specification";
  /** Public `https:` URL. */
  readonly source: string;
  readonly sourceTitle: string;
}

/** What a tool must have so that the pattern concerns it: any one of these. */
export interface AttackNeeds {
  /** `tool`: only tools with one of the properties below. `server`: every tool, because it is the server that is attacked or attacks. */
  readonly of: "tool" | "server";
  readonly categories?: readonly Category[];
  readonly modifiers?: readonly Modifier[];
  readonly capabilities?: readonly Capability[];
}

/** What Portcullis does against it. */
export interface Defence {
  readonly text: string;
  /** `now`: in this version; `not-yet`: planned; `outside`: nothing that a gateway can do, but you can. */
  readonly status: "now" | "not-yet" | "outside";
}
