import type { ClientReply } from "./client-reply.ts";
import type { Fate } from "./fates.ts";
import type { Client } from "./organisation.ts";
import type { Taken } from "./quota-model.ts";
import type { Rule } from "./settings.ts";

/** Everything that is known of one request of the simulation, by anybody. */
export interface CallRecord {
  readonly id: number;
  readonly kind: "call" | "initialize" | "end";
  readonly client: Client;
  readonly tool: string;
  readonly amount: number;
  readonly rule: Rule;
  readonly session: string | undefined;
  readonly life: number;
  reply: ClientReply | undefined;
  /** What the model says it took; undefined before it is reserved, or when it was denied. */
  taken: readonly Taken[] | undefined;
  /** `seq` of its intent, once that is committed. */
  seq: number | undefined;
  /** Its end is in the log: a death of the process changes nothing any more. */
  isEndCommitted: boolean;
  /** It was told that nothing could be written, so nothing was sent. */
  wasUnsent: boolean;
  fate: Fate | undefined;
  ran: boolean;
  isAnswered: boolean;
  /** Somebody ended it before its upstream answered: the client, a revocation, the death of the process. */
  endedBy: "client" | "revocation" | "death" | undefined;
}
