import type { AttackPattern } from "./attack-pattern.ts";

/** Every pattern, in the order in which pages list them. Facts only, each with its public source. */
export const ATTACKS: readonly AttackPattern[] = [];
