import type { JsonObject } from "@portcullis/policy";
import type { RequestId } from "../mcp/json-rpc.ts";

/** A request that was sent and has no recorded answer yet. */
export interface InFlight {
  /**
   * Takes the response when it comes on another stream of the session (resumption): what the client gets, or
   * undefined when it already has its answer.
   */
  readonly takeResponse: (value: JsonObject, data: string) => string | undefined;
  /** Ends the exchange because the client cancelled the request. */
  readonly cancel: () => void;
  /** The client resumes a stream: where it left this one, the server must be free to answer on another. */
  readonly release: () => boolean;
  /** Nobody will ask again: the outcome stays unknown. */
  readonly abandon: () => void;
  /** When it came, on the monotonic clock. */
  readonly sinceMs: number;
}

/** The requests of one client that are in flight, by the id that the client gave each. */
export class InFlightCalls {
  /** A table that was outgrown keeps its entries alive (see `Roster`), so an entry lets go of what it held. */
  readonly #places = new Map<RequestId, { inFlight: InFlight | undefined }>();

  get size(): number {
    return this.#places.size;
  }

  has(id: RequestId): boolean {
    return this.#places.has(id);
  }

  get(id: RequestId): InFlight | undefined {
    return this.#places.get(id)?.inFlight;
  }

  set(id: RequestId, inFlight: InFlight): void {
    this.delete(id);
    this.#places.set(id, { inFlight });
  }

  delete(id: RequestId): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    place.inFlight = undefined;
    this.#places.delete(id);
  }

  /** Those that are there now; the list stays as it is whoever comes and goes. */
  list(): readonly InFlight[] {
    return [...this.#places.values()].flatMap(({ inFlight }) => inFlight ?? []);
  }
}
