import type { Category } from "../verdict.ts";
import type { VerbGroup } from "./lexicon/english.ts";
import type { Place } from "./place.ts";
import type { RuleId } from "./rules.ts";

/** A verb with its objects, as the rules about objects look at it. */
export interface Deed {
  readonly verb: string;
  readonly group: VerbGroup;
  /** True when one of the objects is among the words. */
  readonly has: (words: ReadonlySet<string>) => boolean;
  /** The first object; empty where there is none. */
  readonly first: string;
  readonly isAlone: boolean;
  readonly place: Place;
}

/** What a rule about objects says; undefined where it has nothing to say. */
export type Found = readonly [Category, RuleId] | undefined;
