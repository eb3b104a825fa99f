import type { AttackPattern } from "./attack-pattern.ts";
import { ACCESS } from "./patterns/access.ts";
import { ARGUMENTS } from "./patterns/arguments.ts";
import { AUTONOMY } from "./patterns/autonomy.ts";
import { INJECTION } from "./patterns/injection.ts";
import { SUPPLY_CHAIN } from "./patterns/supply-chain.ts";

/** Every pattern, in the order in which pages list them. Facts only, each with its public source. */
export const ATTACKS: readonly AttackPattern[] = [
  ...SUPPLY_CHAIN,
  ...INJECTION,
  ...ARGUMENTS,
  ...AUTONOMY,
  ...ACCESS,
];
