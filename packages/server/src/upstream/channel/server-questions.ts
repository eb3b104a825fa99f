import type { JsonObject } from "@portcullis/policy";
import type { RequestId } from "../../mcp/json-rpc.ts";
import { INTERNAL_ERROR } from "../../mcp/revisions.ts";
import type { Delivery } from "./delivery.ts";
import { toText, type WireMessage } from "./wire-message.ts";

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
  /** By the client's id, oldest first. */
  readonly #waiting = new Map<string, string>();
  #asked = 0;

  /**
   * Asks the client, on `voice` or else on the next stream that opens. Returns what the server is answered in the
   * client's place: a ping that nobody can hear, and a question that there is no room for.
   */
  ask(message: WireMessage & { kind: "request" }, voice: Delivery | undefined): JsonObject | undefined {
    const { id, method, value } = message;
    if (voice === undefined && method === "ping") return { jsonrpc: "2.0", id, result: {} };
    const clientId = `server-request-${this.#asked + 1}`;
    const text = toText({ ...value, id: clientId });
    const hasRoom = voice !== undefined || this.#waiting.size < MAX_WAITING;
    if (text === undefined || !hasRoom || this.#serverIds.size >= MAX_OPEN) {
      const error = { code: INTERNAL_ERROR, message: "too many requests are waiting for the client" };
      return { jsonrpc: "2.0", id, error };
    }
    this.#asked += 1;
    this.#serverIds.set(clientId, id);
    if (voice === undefined) this.#waiting.set(clientId, text);
    else voice.event(text);
    return undefined;
  }

  /** The server's id of a question that the client answers now; undefined when there is none, or no more. */
  take(clientId: RequestId): RequestId | undefined {
    if (typeof clientId !== "string") return undefined;
    const serverId = this.#serverIds.get(clientId);
    this.#serverIds.delete(clientId);
    return serverId;
  }

  /** Forgets a question that the server withdraws. The client's id of it; undefined when the client never saw it. */
  withdraw(serverId: unknown): string | undefined {
    for (const [clientId, known] of this.#serverIds) {
      if (known !== serverId) continue;
      this.#serverIds.delete(clientId);
      return this.#waiting.delete(clientId) ? undefined : clientId;
    }
    return undefined;
  }

  /** What waited; it waits no more. */
  takeWaiting(): readonly string[] {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    return waiting;
  }
}
