/** What is left of calls by hand: what the server heard, what the log says, what the client reads. */
import type { LogRow } from "@portcullis/server";
import { messagesIn } from "./answers.ts";
import type { World } from "./cells.ts";
import type { Target } from "./compose.ts";
import type { Place } from "./conversation.ts";
import { headerOf, type RawAnswer } from "./raw-client.ts";
import { readReply, wellFormedness } from "./reply.ts";

/** Of the first grant of a place, from a point on. */
export class Trail {
  readonly #world: Pick<World, "ledger" | "upstream">;
  readonly #place: Place;
  #seq = 0;
  #calls = 0;

  constructor(world: Pick<World, "ledger" | "upstream">, place: Place) {
    this.#world = world;
    this.#place = place;
    this.restart();
  }

  /** Forgets what was. */
  restart(): void {
    this.#seq = this.#world.ledger.newest();
    this.#calls = this.#heard();
  }

  /** Rows of the log, with their outcomes as far as they are known. */
  rows(): readonly LogRow[] {
    return this.#world.ledger.after(this.#seq).filter(({ grant }) => grant === this.#place.labels.one);
  }

  /** How many calls reached the server. */
  calls(): number {
    return this.#heard() - this.#calls;
  }

  #heard(): number {
    const end = `/${this.#place.name}`;
    const { seen } = this.#world.upstream;
    return seen.filter(({ path, message }) => path.endsWith(end) && message?.["method"] === "tools/call")
      .length;
  }
}

/** The oracle of all cases: no secret comes out, and what is answered is well-formed. */
export function checkAlways(
  { canaries }: Pick<World, "canaries">,
  answered: RawAnswer,
  rows: readonly LogRow[],
  era: Target["era"],
): readonly string[] {
  const leaked = canaries.find(answered.wire.toString("utf8")) ?? canaries.find(JSON.stringify(rows));
  return [...(leaked === undefined ? [] : [`the ${leaked} came out`]), ...checkForm(answered, era)];
}

/** A connection that was cut, and one without a body, have no form. */
function checkForm(answered: RawAnswer, era: Target["era"]): readonly string[] {
  if (answered.status === 0 || answered.body.length === 0) return [];
  // Requests by hand are numbered as they are sent; that an answer has its own number is the corpus's to see.
  const message = messagesIn(answered).at(-1) as { readonly id?: string | number } | undefined;
  if (headerOf(answered.headers, "content-type") === "text/event-stream")
    return message === undefined ? ["a stream says nothing"] : [];
  return wellFormedness(readReply(answered), era, message?.id);
}
