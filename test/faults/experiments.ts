import { F7, F9 } from "./bodies.ts";
import { F31 } from "./chain.ts";
import { F18 } from "./clock.ts";
import { F19, F20 } from "./crowd.ts";
import type { Experiment } from "./experiment.ts";
import { F1 } from "./kill.ts";
import { F21 } from "./loop.ts";
import { F16, F17, F22 } from "./machine.ts";
import { F33_CHANGES, F34_SWAP } from "./names.ts";
import { F6_LINE, F33, F34 } from "./network.ts";
import { F4 } from "./power.ts";
import { F36 } from "./soak.ts";
import { F2 } from "./steps.ts";
import { F3, F23 } from "./traffic.ts";
import { F5, F6, F8 } from "./upstreams.ts";

/** In the order of their numbers. */
export const EXPERIMENTS: readonly Experiment[] = [
  F1,
  F2,
  F3,
  F4,
  F5,
  F6,
  F6_LINE,
  F7,
  F8,
  F9,
  F16,
  F17,
  F18,
  F19,
  F20,
  F21,
  F22,
  F23,
  F31,
  F33,
  F33_CHANGES,
  F34,
  F34_SWAP,
  F36,
];
