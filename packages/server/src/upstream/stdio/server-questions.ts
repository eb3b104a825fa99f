import type { RequestId } from "../../mcp/json-rpc.ts";

/** Questions that a server may have open; it is answered with an error beyond it. */
const MAX_OPEN = 1_000;
/** Questions that wait until a client opens a stream. */
const MAX_WAITING = 16;

/**
 * Requests of a server to its client (sampling, elicitation, roots; legacy only) under ids of our own, so that a
 * client's answer names exactly one of them and no server chooses what it names.
 */
export class ServerQuestions {
  readonly #serverIds = new Map<string, RequestId>();
  #waiting: string[] = [];
  #asked = 0;

  /** The id that the client will see; undefined when too many are open. */
  note(serverId: RequestId): string | undefined {
    if (this.#serverIds.size >= MAX_OPEN) return undefined;
    this.#asked += 1;
    const clientId = `server-request-${this.#asked}`;
    this.#serverIds.set(clientId, serverId);
    return clientId;
  }

  /** The server's id of a question that the client answers now; undefined when there is none, or no more. */
  take(clientId: RequestId): RequestId | undefined {
    if (typeof clientId !== "string") return undefined;
    const serverId = this.#serverIds.get(clientId);
    this.#serverIds.delete(clientId);
    return serverId;
  }

  /** The client's id of a question that the server withdraws; it stays open for an answer that crosses. */
  clientIdOf(serverId: unknown): string | undefined {
    for (const [clientId, known] of this.#serverIds) if (known === serverId) return clientId;
    return undefined;
  }

  /** Keeps a question for the next stream. False when there is no room. */
  wait(text: string): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(text);
    return true;
  }

  /** What waited; it waits no more. */
  takeWaiting(): readonly string[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
