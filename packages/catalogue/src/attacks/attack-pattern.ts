import type { PolicyDocument } from "@portcullis/policy";
import type { ArgumentKind } from "../recommend/argument-kinds.ts";
import type { Capability } from "../recommend/capabilities.ts";
import type { Category, Modifier } from "../verdict.ts";

/** A documented way in which agents with tools are attacked, or do harm by themselves. */
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
  /** What happened, in a sentence or two, in our own words. */
  readonly what: string;
  /** When it was published, as exactly as it is known: `2025`, `2025-07` or `2025-07-09`. */
  readonly when: string;
  /** What kind of proof it is. */
  readonly kind: "incident" | "vulnerability" | "research" | "specification";
  /** Public `https:` URL. */
  readonly source: string;
  readonly sourceTitle: string;
}

/** What a tool must have so that the pattern concerns it: any one of these. */
export interface AttackNeeds {
  /** `tool`: only tools with one of the properties below. `server`: every tool, because the server attacks or is attacked. */
  readonly of: "tool" | "server";
  readonly categories?: readonly Category[];
  readonly modifiers?: readonly Modifier[];
  readonly capabilities?: readonly Capability[];
  readonly arguments?: readonly ArgumentKind[];
}

/** What helps against it. */
export interface Defence {
  readonly text: string;
  /** `now`: Portcullis does it in this version. `not-yet`: planned. `outside`: no gateway can, but you can. */
  readonly status: "now" | "not-yet" | "outside";
}
