import type { Outcome } from "./official-suite.ts";

/** Where the gateway stands in a run, as the table names it. */
export type Place =
  | "before the server"
  | "before the server, stdio"
  | "behind the client"
  | "behind the client, stdio";

/** The same scenarios twice: without the gateway and with it in between. */
export interface Pair {
  readonly place: Place;
  readonly revision: string;
  readonly required: ReadonlySet<string>;
  readonly direct: Outcome;
  readonly gateway: Outcome;
}

/** A policy that stands in nobody's way. */
export const ALLOW_ALL = {
  version: "1",
  default: "allow",
  server_requests: { sampling: "allow", elicitation: "allow", roots: "allow" },
};
